//! Metrics and health of the sink.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::Context;
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use axum::routing::get;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use time::OffsetDateTime;
use tokio::time::timeout;

use crate::http::METRICS;
use crate::metrics::{Metrics, PREFIX};
use crate::response;
use crate::store::Size;

/// Time allowed for determining the lag, so that a stream that does not respond does not delay the
/// other metrics.
const LAG_TIMEOUT: Duration = Duration::from_secs(2);

/// The status of a sink, for metrics and health.
pub struct Status {
    context: Context,
    stream: String,
    /// The sequence number of the last message written, or zero if it is not yet known.
    written: AtomicU64,
    is_healthy: AtomicBool,
}

/// The lag of a sink.
struct Lag {
    /// The number of messages that are not yet written.
    messages: u64,
    /// The age of the oldest of them.
    seconds: f64,
}

impl Status {
    /// Creates the status of a sink that has written nothing yet.
    pub fn new(context: Context, stream: &str) -> Self {
        Self {
            context,
            stream: stream.to_owned(),
            written: AtomicU64::new(0),
            is_healthy: AtomicBool::new(false),
        }
    }

    /// Records how far the stream has been written.
    pub fn written(&self, seq: u64) {
        self.written.store(seq, Ordering::Relaxed);
    }

    /// Records whether the sink works, or could work if another one did not.
    pub fn healthy(&self, is_healthy: bool) {
        self.is_healthy.store(is_healthy, Ordering::Relaxed);
    }

    /// Determines the lag, even if the database is unavailable.
    async fn lag(&self) -> Option<Lag> {
        let stream = self.context.get_stream(&self.stream).await.ok()?;
        let state = &stream.cached_info().state;
        // Messages before the first one have been written.
        let written = self.written.load(Ordering::Relaxed);
        let written = written.max(state.first_sequence.saturating_sub(1));
        let messages = state.last_sequence.saturating_sub(written);
        let seconds = match messages {
            0 => 0.0,
            _ => {
                let oldest = stream.get_raw_message(written + 1).await.ok()?;
                let age = OffsetDateTime::now_utc() - oldest.time;
                age.as_seconds_f64().max(0.0)
            }
        };
        Some(Lag { messages, seconds })
    }

    /// Returns all metrics, without the lag if the stream does not respond.
    async fn metrics(&self, metrics: &Metrics) -> String {
        let mut registry = Registry::with_prefix(PREFIX);
        if let Ok(Some(lag)) = timeout(LAG_TIMEOUT, self.lag()).await {
            registry.register(
                "sink_lag_messages",
                "Messages of the stream that are not yet written",
                ConstGauge::new(lag.messages),
            );
            registry.register_with_unit(
                "sink_lag",
                "Age of the oldest message that is not yet written",
                Unit::Seconds,
                ConstGauge::new(lag.seconds),
            );
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode_registry(&mut text, &registry);
        text + &metrics.text(Size::default())
    }

    fn health(&self) -> Response {
        match self.is_healthy.load(Ordering::Relaxed) {
            true => response::json(&serde_json::json!({"status": "ok"})),
            false => response::unavailable("The stream is not being written. Try again."),
        }
    }
}

/// Returns the endpoints `/metrics` and `/health`.
pub fn router(status: Arc<Status>, metrics: Arc<Metrics>) -> Router {
    let healthy = Arc::clone(&status);
    let text = async move || ([(CONTENT_TYPE, METRICS)], status.metrics(&metrics).await);
    Router::new()
        .route("/health", get(async move || healthy.health()))
        .route("/metrics", get(text))
        .fallback(async || response::error(StatusCode::NOT_FOUND, "Not found."))
}
