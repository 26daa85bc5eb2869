//! The recent health of the database.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::store::Unavailable;

/// A result this recent makes a health check unnecessary.
const RECENT: Duration = Duration::from_secs(1);

/// The newest result of a commit or a check.
#[derive(Default)]
pub struct Health(Mutex<Option<(Instant, Result<(), Unavailable>)>>);

impl Health {
    /// Returns the newest result, unless it is too old.
    pub fn recent(&self) -> Option<Result<(), Unavailable>> {
        let (at, result) = (*self.lock())?;
        (at.elapsed() < RECENT).then_some(result)
    }

    /// Records the result of a commit.
    pub fn record(&self, result: Result<(), Unavailable>) {
        *self.lock() = Some((Instant::now(), result));
    }

    /// Records the result of a check, unless a commit has failed since the check began: a batch may
    /// be larger than that of the check, and fail where it succeeds. Returns the recorded result.
    pub fn record_check(
        &self,
        begin: Instant,
        result: Result<(), Unavailable>,
    ) -> Result<(), Unavailable> {
        let mut newest = self.lock();
        match *newest {
            Some((at, Err(error))) if at >= begin => Err(error),
            _ => {
                *newest = Some((Instant::now(), result));
                result
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Result<(), Unavailable>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULT: Result<(), Unavailable> = Err(Unavailable::Fault);

    #[test]
    fn a_result_from_a_second_ago_is_too_old() {
        let health = Health::default();
        assert_eq!(health.recent(), None);
        health.record(FAULT);
        assert_eq!(health.recent(), Some(FAULT));
        let ago = Instant::now().checked_sub(RECENT).expect("uptime");
        *health.lock() = Some((ago, Ok(())));
        assert_eq!(health.recent(), None);
    }

    #[test]
    fn a_check_does_not_hide_a_later_failure() {
        let health = Health::default();
        let begin = Instant::now();
        health.record(FAULT);
        assert_eq!(health.record_check(begin, Ok(())), FAULT);
        assert_eq!(health.recent(), Some(FAULT));
        health.record(Ok(()));
        assert_eq!(health.record_check(begin, FAULT), FAULT);
        assert_eq!(health.recent(), Some(FAULT));
    }
}
