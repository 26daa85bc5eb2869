//! The storage interface. Implement [`Store`] to use another database; `tests/stores.rs` tests its
//! contract.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pinquery::Update;

use crate::config::StoreLimits;
use crate::devices::{DeviceKey, NewDevice};
use crate::metrics::Metrics;

/// Stores devices and accepted batches.
///
/// The methods are asynchronous, which suits both a remote database and a local one with its own
/// thread.
pub trait Store: Sized + Send + Sync + 'static {
    /// Opens the database, creating it if necessary.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be opened or belongs to another program.
    fn open(
        database: &str,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> impl Future<Output = anyhow::Result<Self>> + Send;

    /// Returns the path or URL of the database, without credentials.
    fn location(&self) -> String;

    /// Returns the numbers and keys of registered devices that follow the number `after`, in
    /// ascending order of numbers. May return only some of them, but returns none only if there are
    /// no more.
    ///
    /// # Errors
    ///
    /// Fails if the database cannot be read at the moment.
    fn registered(
        &self,
        after: i64,
    ) -> impl Future<Output = anyhow::Result<Vec<(i64, DeviceKey)>>> + Send;

    /// Registers devices, all or none, and returns their numbers in the same order. A device that
    /// is already registered keeps its number; in a database, so does one that was given an id.
    ///
    /// # Errors
    ///
    /// Fails if the database cannot be written at the moment.
    fn register(
        &self,
        devices: Vec<NewDevice>,
    ) -> impl Future<Output = anyhow::Result<Vec<i64>>> + Send;

    /// Saves a batch atomically. `Ok` means that it is durable and may be acknowledged.
    ///
    /// # Errors
    ///
    /// Fails fast rather than making the client wait. A batch that failed may still be saved, so
    /// that sending it again may save it twice.
    fn save(&self, batch: Batch) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Returns the latest value of each pin that has one, in ascending order of pins, whichever
    /// server wrote it.
    ///
    /// # Errors
    ///
    /// Fails if the values cannot be read at the moment.
    fn latest(&self, device: i64) -> impl Future<Output = Result<Vec<Latest>, Unavailable>> + Send;

    /// Returns the batches of a device next to a cursor, up to a limit, but at least one if any.
    ///
    /// Ids are a reliable cursor, however many servers write: once a batch is visible, so are all
    /// batches of its device with smaller ids.
    ///
    /// # Errors
    ///
    /// Fails if the batches cannot be read at the moment.
    fn history(
        &self,
        device: i64,
        cursor: Cursor,
        limit: Limit,
    ) -> impl Future<Output = Result<History, Unavailable>> + Send;

    /// Checks that the database accepts batches.
    ///
    /// # Errors
    ///
    /// Fails if it does not.
    fn check(&self) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Returns the size of the database, for metrics. The caller limits the time. By default, the
    /// size is unknown.
    fn size(&self) -> impl Future<Output = Size> + Send {
        ready(Size::default())
    }

    /// Completes once the store can no longer write because a writer has terminated.
    fn died(&self) -> impl Future<Output = ()> + Send;

    /// Writes all queued batches and closes the database. Later batches are rejected.
    ///
    /// # Errors
    ///
    /// Fails if some batches may not have been written.
    fn close(&self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// The size of a database in bytes, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// The space it takes.
    pub used: Option<u64>,
    /// The free space on its disk.
    pub free: Option<u64>,
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unavailable {
    /// The queue of batches is full. Retrying may succeed.
    QueueFull,
    /// Large responses in progress take too much memory. Retrying may succeed.
    ResponsesFull,
    /// The database cannot be read or written: locked, full or broken. Retrying may succeed.
    Fault,
    /// The batch violates a constraint of the database. Retrying will fail again.
    Constraint,
    /// This store only accepts batches. Retrying will fail again.
    NotReadable,
}

impl Unavailable {
    /// Returns the name used in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::ResponsesFull => "responses_full",
            Self::Fault => "store_fault",
            Self::Constraint => "constraint",
            Self::NotReadable => "not_readable",
        }
    }
}

/// The values of one accepted request. The store assigns its timestamp and its id.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The number of the device.
    pub device: i64,
    /// The values, in query order.
    pub updates: Vec<Update>,
}

/// A stored batch.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedBatch {
    /// Its id; ascending for each device.
    pub id: i64,
    /// When it was saved.
    pub at: Timestamp,
    /// The values, in ascending order of pins.
    pub updates: Vec<Update>,
}

/// A position in a device's history, and the direction in which to read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The batches that follow this id.
    After(i64),
    /// The batches that precede this id, starting with the newest of them.
    Before(i64),
}

impl Cursor {
    /// The newest batches.
    pub const NEWEST: Self = Self::Before(i64::MAX);
}

/// The maximum size of a part of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The number of batches.
    pub batches: usize,
    /// The approximate total size of the values in bytes, which the last batch may exceed.
    pub bytes: usize,
}

/// A part of a device's history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The batches, oldest first.
    pub batches: Vec<SavedBatch>,
    /// Whether there may be more batches in the direction of the cursor.
    pub more: bool,
}

/// The latest value of a pin.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    /// When its batch was saved.
    pub at: Timestamp,
    /// The value.
    pub update: Update,
}

/// Microseconds since 1970, by the clock of the writer (SQLite), the database (PostgreSQL) or the
/// stream (NATS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns the current time.
    #[must_use]
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Returns the time between two timestamps, in either order: clocks differ or are set back.
    #[must_use]
    pub const fn distance(self, other: Self) -> Duration {
        Duration::from_micros(self.0.abs_diff(other.0))
    }
}

/// Converts times before 1970 to zero.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH);
        let micros = since.map_or(0, |since| since.as_micros());
        Self(i64::try_from(micros).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_microseconds_since_1970() {
        let time = UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
        assert_eq!(Timestamp::from(time), Timestamp(1_700_000_000_123_456));
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Timestamp::from(before), Timestamp(0));
    }
}
