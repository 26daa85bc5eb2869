//! Metrics of publishing.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use crate::metrics::{Counted, DURATIONS, Metrics};

/// Metrics of published batches.
pub struct PublishMetrics {
    duration: Histogram,
    retries: Counter,
    duplicates: Counter,
    metrics: Arc<Metrics>,
}

impl PublishMetrics {
    /// Adds these metrics to those of the server.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        let duration = Histogram::new(DURATIONS);
        let (retries, duplicates) = (Counter::default(), Counter::default());
        metrics.add(|registry| {
            registry.register_with_unit(
                "publish_duration",
                "Time from publishing a batch to its acknowledgement, including retries",
                Unit::Seconds,
                duration.clone(),
            );
            registry.register(
                "publish_retries",
                "Messages published again because they were not acknowledged",
                retries.clone(),
            );
            registry.register(
                "publish_duplicates",
                "Batches that an earlier attempt had already stored",
                duplicates.clone(),
            );
        });
        Self {
            duration,
            retries,
            duplicates,
            metrics,
        }
    }

    /// Counts a batch as waiting until the returned guard is dropped.
    #[must_use]
    pub fn waiting(&self) -> Counted {
        self.metrics.waiting()
    }

    /// Counts a stored batch, which took this long.
    pub fn acknowledged(&self, duration: Duration, is_duplicate: bool) {
        self.duration.observe(duration.as_secs_f64());
        self.duplicates.inc_by(is_duplicate.into());
        self.metrics.committed(1);
    }

    /// Counts a message that is published again.
    pub fn retried(&self) {
        self.retries.inc();
    }
}
