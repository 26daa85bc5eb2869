//! The values of an enumerable.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;

use super::error::DatastreamError;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Enumerable {
    /// INVARIANT: sorted and not empty.
    values: Vec<i64>,
    /// INVARIANT: one of the values.
    fallback: Option<i64>,
}

impl Enumerable {
    pub(super) fn new(values: Vec<i64>, fallback: Option<i64>) -> Result<Self, DatastreamError> {
        // A slice's own sort panics at an order that contradicts itself, and the optimiser cannot
        // see that the order of integers does not (`tests/no_panic`).
        let mut values = BinaryHeap::from(values).into_sorted_vec();
        values.dedup();
        if values.is_empty() {
            return Err(DatastreamError::NoValues);
        }
        let stream = Self { values, fallback };
        match fallback {
            Some(fallback) if !stream.contains(fallback) => Err(DatastreamError::FallbackNotAValue),
            _ => Ok(stream),
        }
    }

    pub(crate) fn contains(&self, value: i64) -> bool {
        self.values.binary_search(&value).is_ok()
    }

    pub(crate) fn values(&self) -> &[i64] {
        &self.values
    }

    pub(crate) fn fallback(&self) -> Option<i64> {
        self.fallback
    }
}
