//! The last rejected batches of each device, kept in memory for the page.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pinquery::{Error, VirtualPin};
use serde::Serialize;

use crate::store::Timestamp;

/// Maximum rejections per device.
const MAX_PER_DEVICE: usize = 16;

/// Maximum devices with rejections; a further one replaces the one whose last rejection is oldest.
const MAX_DEVICES: usize = 4096;

/// Why a batch was rejected. Contains no bytes of the query.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RejectedBatch {
    at_us: i64,
    kind: &'static str,
    reason: Option<&'static str>,
    pin: Option<VirtualPin>,
}

/// The last rejections, by device number.
#[derive(Debug, Default)]
pub struct Rejections(Mutex<HashMap<i64, VecDeque<RejectedBatch>>>);

impl Rejections {
    /// Records that a batch of the device was rejected at this time.
    pub fn record(&self, device: i64, at: Timestamp, error: &Error) {
        let mut devices = self.lock();
        if devices.len() >= MAX_DEVICES && !devices.contains_key(&device) {
            remove_oldest(&mut devices);
        }
        let rejected = devices.entry(device).or_default();
        rejected.truncate(MAX_PER_DEVICE - 1);
        rejected.push_front(RejectedBatch {
            at_us: at.0,
            kind: error.kind().name(),
            reason: error.reason().map(|reason| reason.name()),
            pin: error.pin(),
        });
    }

    /// Returns the last rejections of the device, newest first.
    #[must_use]
    pub fn of(&self, device: i64) -> Vec<RejectedBatch> {
        let rejected = self.lock().get(&device).cloned();
        rejected.unwrap_or_default().into()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, VecDeque<RejectedBatch>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove_oldest(devices: &mut HashMap<i64, VecDeque<RejectedBatch>>) {
    let last = |(_, rejected): &(&i64, &VecDeque<RejectedBatch>)| rejected.front().map(|r| r.at_us);
    if let Some(oldest) = devices.iter().min_by_key(last).map(|(device, _)| *device) {
        devices.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pinquery::BatchUpdate;

    #[test]
    fn memory_is_bounded() {
        let rejections = Rejections::default();
        let error = BatchUpdate::parse("").expect_err("there is no token");
        let devices = i64::try_from(MAX_DEVICES).expect("a small number");
        for device in 0..=devices {
            rejections.record(device, Timestamp(device), &error);
        }
        assert_eq!(rejections.lock().len(), MAX_DEVICES);
        assert!(rejections.of(0).is_empty());
        assert_eq!(rejections.of(devices).len(), 1);
        for at in 0..100 {
            rejections.record(1, Timestamp(at), &error);
        }
        let at: Vec<i64> = rejections.of(1).iter().map(|r| r.at_us).collect();
        assert_eq!(at, (84..100).rev().collect::<Vec<_>>());
        assert_eq!(rejections.lock().len(), MAX_DEVICES);
    }
}
