//! Temporary faults.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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

    /// Returns whether the operation is failing.
    pub fn is_current(&self) -> bool {
        self.cost.load(Ordering::Relaxed) > 0
    }

    /// Records a success, which ends the current fault, if any.
    pub fn succeeded(&self) {
        // The common case only reads, so that threads do not contend for the cache line.
        if !self.is_current() {
            return;
        }
        let failures = self.cost.swap(0, Ordering::Relaxed);
        if failures > 0 {
            let kind = self.operation.name();
            tracing::info!(failures, kind, "{}", self.operation.recovered_message());
        }
    }
}

/// Limits memory and the log if many devices fail; further ones are not logged.
const MAX_DEVICES: usize = 1000;

/// Tracks devices whose batches fail while those of others are saved. Of each device, only the
/// first failure and the recovery are logged.
#[derive(Default)]
pub struct DeviceFaults {
    /// The number of failed batches of each device.
    failing: Mutex<HashMap<i64, u64>>,
}

impl DeviceFaults {
    /// Records that a batch of a device failed.
    pub fn failed(&self, device: i64, error: &str) {
        let mut failing = self.lock();
        if let Some(failures) = failing.get_mut(&device) {
            *failures += 1;
        } else if failing.len() < MAX_DEVICES {
            failing.insert(device, 1);
            tracing::error!(device, error, "batches of a device are failing");
        }
    }

    /// Records that batches of these devices were saved, which ends their faults, if any.
    pub fn succeeded(&self, devices: impl Iterator<Item = i64>) {
        let mut failing = self.lock();
        if failing.is_empty() {
            return;
        }
        for device in devices {
            if let Some(failures) = failing.remove(&device) {
                tracing::info!(device, failures, "batches of a device are saved again");
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, u64>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn devices_fail_and_recover_separately() {
        let faults = DeviceFaults::default();
        let failing = || {
            let mut failing: Vec<_> = faults.lock().clone().into_iter().collect();
            failing.sort_unstable();
            failing
        };
        for device in [1, 2, 1] {
            faults.failed(device, "locked");
        }
        assert_eq!(failing(), [(1, 2), (2, 1)]);
        faults.succeeded([3, 1].into_iter());
        assert_eq!(failing(), [(2, 1)]);
        for device in 10..10 + 2 * MAX_DEVICES as i64 {
            faults.failed(device, "locked");
        }
        assert_eq!(failing().len(), MAX_DEVICES);
    }
}
