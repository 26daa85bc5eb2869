//! Things that fail for a while.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::{Failure, Metrics};

/// Something that fails and works again. Each failure is counted; the log gets one line when they
/// begin and one when they end, however many there are.
pub struct Fault {
    what: Failure,
    metrics: Arc<Metrics>,
    /// What the fault that is going on has cost so far.
    cost: AtomicU64,
}

impl Fault {
    /// One that is not going on.
    #[must_use]
    pub const fn new(what: Failure, metrics: Arc<Metrics>) -> Self {
        Self {
            what,
            metrics,
            cost: AtomicU64::new(0),
        }
    }

    /// It failed, which cost so many requests.
    pub fn failed(&self, error: &dyn Display, cost: usize) {
        self.metrics.failed(self.what);
        if self.cost.fetch_add(cost.max(1) as u64, Ordering::Relaxed) == 0 {
            let kind = self.what.name();
            tracing::error!(%error, kind, "{}", self.what.begins());
        }
    }

    /// It worked.
    pub fn worked(&self) {
        // Mostly there is no fault, and then nothing is written that all threads share.
        if self.cost.load(Ordering::Relaxed) == 0 {
            return;
        }
        let failures = self.cost.swap(0, Ordering::Relaxed);
        if failures > 0 {
            let kind = self.what.name();
            tracing::info!(failures, kind, "{}", self.what.ends());
        }
    }
}
