//! Counts of a batch's updates.

use pinquery::{Adjustment, Update};

/// Counts the updates of a batch before it is handed to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    pub(super) updates: u64,
    /// In the order of [`Adjustment::ALL`].
    pub(super) adjusted: [u64; Adjustment::ALL.len()],
}

impl Tally {
    /// Counts these updates.
    #[must_use]
    pub fn of(updates: &[Update]) -> Self {
        let mut adjusted = [0; Adjustment::ALL.len()];
        for (count, kind) in adjusted.iter_mut().zip(Adjustment::ALL) {
            let is_kind = |update: &&Update| update.adjusted.as_ref() == Some(kind);
            *count = updates.iter().filter(is_kind).count() as u64;
        }
        Self {
            updates: updates.len() as u64,
            adjusted,
        }
    }
}
