//! A device as the store has it: its number in the database, and its latest values.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use crate::store::{Batch, Latest};

pub struct Row {
    pub id: i64,
    latest: RwLock<BTreeMap<u8, Latest>>,
}

impl Row {
    pub fn new(id: i64, latest: impl IntoIterator<Item = Latest>) -> Self {
        let by_pin = |latest: Latest| (latest.update.pin.0, latest);
        Self {
            id,
            latest: RwLock::new(latest.into_iter().map(by_pin).collect()),
        }
    }

    pub fn latest(&self) -> Vec<Latest> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        latest.values().cloned().collect()
    }

    /// Under one lock, so that no reader sees half a batch.
    pub fn update(&self, batch: Batch) {
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        for update in batch.updates {
            let at = batch.at;
            latest.insert(update.pin.0, Latest { at, update });
        }
    }
}
