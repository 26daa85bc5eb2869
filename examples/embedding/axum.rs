//! `pinquery` in axum: an extractor, an asynchronous lookup, and updates sent through a channel.
//!
//! ```text
//! cargo run -p pinquery-embedding --example embed_axum -- [PORT]
//! ```
//!
//! `Batch` parses `uri().query()`, which is still percent-encoded. The extractor `Query` decodes
//! leniently. A handler that takes a `Batch` only runs if all updates are valid.
//!
//! Clients must escape the same characters as for `hyper.rs`, because axum is built on hyper.
//!
//! Not included: a deadline for a head and a limit on connections, which `axum::serve` lacks. hyper
//! accepts a target of up to 64 KiB and a head of about 400 KiB. To set your own limits, serve the
//! router in the loop of `hyper.rs` through `hyper_util::service::TowerToHyperService`.

use std::collections::HashMap;
use std::error;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router, middleware};
use demo::{PATH, PATH_WITH_SLASH, log};
use pinquery::{BatchUpdate, Error, ErrorKind, Template, Update};
use tokio::net::TcpListener;
use tokio::sync::{RwLock, mpsc};

/// Maximum batches queued for the writer. If the queue is full, clients wait.
const WAITING: usize = 1024;

/// A state whose handlers can take a [`Batch`].
trait Devices: Send + Sync {
    /// Returns the template of the device with this token. It may be a guard of a map or a lock.
    fn template(
        &self,
        token: &str,
    ) -> impl Future<Output = Option<impl Deref<Target = Template> + Send>> + Send;
}

/// The valid updates of a request.
struct Batch(Vec<Update>);

impl<S: Devices> FromRequestParts<S> for Batch {
    type Rejection = BatchRejection;

    async fn from_request_parts(parts: &mut Parts, devices: &S) -> Result<Self, BatchRejection> {
        let request = BatchUpdate::parse(parts.uri.query().unwrap_or_default())?;
        let template = devices.template(request.token()).await;
        let template = template.ok_or_else(|| request.unknown_token())?;
        Ok(Self(request.updates(&template)?.into_owned()))
    }
}

/// Blynk's response to an invalid request.
struct BatchRejection(Error);

impl From<Error> for BatchRejection {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for BatchRejection {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let content_type = [(CONTENT_TYPE, Error::CONTENT_TYPE)];
        // The error is not sent: `count` reads it from the extensions.
        (status, content_type, Extension(error), error.body()).into_response()
    }
}

#[derive(Clone)]
struct App {
    /// Stands in for a database.
    devices: Arc<RwLock<HashMap<String, Arc<Template>>>>,
    writer: mpsc::Sender<Vec<Update>>,
    /// Rejected requests by kind. Every kind is present from the start.
    rejected: Arc<HashMap<ErrorKind, AtomicU64>>,
}

impl App {
    fn new(devices: HashMap<String, Arc<Template>>, writer: mpsc::Sender<Vec<Update>>) -> Self {
        let counters = ErrorKind::ALL.iter().map(|kind| (*kind, AtomicU64::new(0)));
        Self {
            devices: Arc::new(RwLock::new(devices)),
            writer,
            rejected: Arc::new(counters.collect()),
        }
    }
}

impl Devices for App {
    async fn template(&self, token: &str) -> Option<impl Deref<Target = Template> + Send> {
        self.devices.read().await.get(token).cloned()
    }
}

/// `OK` means that the batch is queued. To respond after it is saved, send a `oneshot::Sender` along.
async fn update(State(app): State<App>, Batch(updates): Batch) -> Result<&'static str, StatusCode> {
    let sent = app.writer.send(updates).await;
    sent.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok("OK")
}

/// Counts and logs rejections from all handlers.
async fn count(State(app): State<App>, response: Response) -> Response {
    if let Some(error) = response.extensions().get::<Error>() {
        if let Some(counter) = app.rejected.get(&error.kind()) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        log(format_args!("rejected: {error}")); // kind, pin, span and reason, no byte of the query
    }
    response
}

/// Returns the counters in Prometheus's text format.
async fn metrics(State(app): State<App>) -> String {
    let mut text = "# TYPE batches_rejected_total counter\n".to_owned();
    for kind in ErrorKind::ALL {
        let count = app
            .rejected
            .get(kind)
            .map_or(0, |c| c.load(Ordering::Relaxed));
        let kind = kind.name();
        let _ = writeln!(text, "batches_rejected_total{{kind=\"{kind}\"}} {count}");
    }
    text
}

async fn not_allowed() -> impl IntoResponse {
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET")])
}

fn router(app: App) -> Router {
    // axum would route HEAD to `get`, and a request for headers only would save its batch.
    let update = get(update).head(not_allowed).fallback(not_allowed);
    Router::new()
        .route(PATH, update.clone())
        .route(PATH_WITH_SLASH, update)
        .route("/metrics", get(metrics))
        .layer(middleware::map_response_with_state(app.clone(), count))
        .with_state(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let port = demo::port();
    let template = Arc::new(demo::template()?);
    let devices = HashMap::from([(demo::TOKEN.to_owned(), template)]);
    let (writer, mut batches) = mpsc::channel::<Vec<Update>>(WAITING);
    // On a blocking thread, because saving may block.
    tokio::task::spawn_blocking(move || {
        while let Some(updates) = batches.blocking_recv() {
            demo::save(&updates);
        }
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    demo::announce(listener.local_addr()?);
    axum::serve(listener, router(App::new(devices, writer))).await?;
    Ok(())
}
