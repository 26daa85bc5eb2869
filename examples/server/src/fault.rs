//! Temporary faults.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::{Metrics, Operation};

/// Tracks an operation that may fail for a while. Every failure is counted, but only the first one
/// and the recovery are logged.
pub struct Fault {
    operation: Operation,
    metrics: Arc<Metrics>,
    /// Requests that the current fault has failed so far; zero if there is no fault.
    cost: AtomicU64,
}

impl Fault {
    /// Tracks an operation that has not failed yet.
    #[must_use]
    pub const fn new(operation: Operation, metrics: Arc<Metrics>) -> Self {
        Self {
            operation,
            metrics,
            cost: AtomicU64::new(0),
        }
    }

    /// Records a failure that affected `cost` requests.
    pub fn failed(&self, error: &dyn Display, cost: usize) {
        self.metrics.failed(self.operation);
        if self.cost.fetch_add(cost.max(1) as u64, Ordering::Relaxed) == 0 {
            let kind = self.operation.name();
            tracing::error!(%error, kind, "{}", self.operation.failed_message());
        }
    }

    /// Records a success, which ends the current fault, if any.
    pub fn succeeded(&self) {
        // The common case only reads, so that threads do not contend for the cache line.
        if self.cost.load(Ordering::Relaxed) == 0 {
            return;
        }
        let failures = self.cost.swap(0, Ordering::Relaxed);
        if failures > 0 {
            let kind = self.operation.name();
            tracing::info!(failures, kind, "{}", self.operation.recovered_message());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_counts_all_requests_that_it_fails() {
        let fault = Fault::new(Operation::Write, Arc::default());
        let cost = || fault.cost.load(Ordering::Relaxed);
        for (failed, total) in [(3, 3), (2, 5), (0, 6)] {
            fault.failed(&"locked", failed);
            assert_eq!(cost(), total);
        }
        fault.succeeded();
        assert_eq!(cost(), 0);
    }
}
