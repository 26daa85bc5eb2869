//! What the server asks of a database: a team that outgrows one machine implements [`Store`] for
//! its own. `tests/stores.rs` is what every store has to pass.

use std::future::Future;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use pinquery::Update;

use crate::config::StoreLimits;
use crate::devices::{Device, Devices};
use crate::metrics::Metrics;

/// Where accepted batches go, and who may send them.
///
/// The methods are asynchronous, so that a store over a network fits as well as one that hands
/// its work to a thread.
pub trait Store: Sized + Send + Sync + 'static {
    /// Opens the database, or makes it, and enters devices that are new to it.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or is not this server's.
    fn open(
        database: &str,
        devices: Devices,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> impl Future<Output = anyhow::Result<Self>> + Send;

    /// Which database it is, without a secret.
    fn place(&self) -> String;

    /// The device with this token, if there is one.
    ///
    /// # Errors
    ///
    /// [`Unavailable`], where it cannot be looked up now.
    fn device(
        &self,
        token: &str,
    ) -> impl Future<Output = Result<Option<Arc<Device>>, Unavailable>> + Send;

    /// Keeps a batch whole or not at all. `Ok` means that it is durable: the client is told `OK`
    /// for it.
    ///
    /// # Errors
    ///
    /// [`Unavailable`], at once rather than after a wait that the client would not sit through.
    fn save(&self, batch: Batch) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// The latest value of each pin of a device that has one, by ascending pin, whoever wrote it.
    ///
    /// # Errors
    ///
    /// [`Unavailable`], where the values cannot be read now.
    fn latest(&self, device: i64) -> impl Future<Output = Result<Vec<Latest>, Unavailable>> + Send;

    /// A device's batches, at most `limit`, oldest first: those next behind `after`, or the newest.
    ///
    /// Whoever goes on from the last one that it was given misses none, however many servers
    /// write: once a batch can be seen, so can all of its device with smaller ids.
    ///
    /// # Errors
    ///
    /// [`Unavailable`], where the batches cannot be read now.
    fn history(
        &self,
        device: i64,
        after: Option<i64>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<SavedBatch>, Unavailable>> + Send;

    /// Whether the database takes batches now.
    ///
    /// # Errors
    ///
    /// [`Unavailable`], where it does not.
    fn check(&self) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Completes once the store can never do anything again: a thread of it has died.
    fn died(&self) -> impl Future<Output = ()> + Send;

    /// Writes all that waits and closes the database. Whatever is saved from then on is refused.
    ///
    /// # Errors
    ///
    /// Not all may be written.
    fn close(&self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Why a store does not do what it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unavailable {
    /// As many batches wait as may wait. The request may be sent again later.
    QueueFull,
    /// The database does not take or give anything now: locked, full, or broken. The request may
    /// be sent again later.
    Fault,
    /// A rule of the database forbids this batch, and would again.
    Rule,
}

impl Unavailable {
    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Fault => "store_fault",
            Self::Rule => "rule",
        }
    }
}

/// One accepted request: values of one device, which get one timestamp where they get their place
/// in the order of batches.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Whose values they are.
    pub device: i64,
    /// Its values, in the order of the query.
    pub updates: Vec<Update>,
}

/// A batch as a store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedBatch {
    /// Its place in the order in which its device's batches were saved.
    pub id: i64,
    /// When it was saved.
    pub at: Timestamp,
    /// Its values, by ascending pin.
    pub updates: Vec<Update>,
}

/// The latest value of a pin.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    /// When its batch was saved.
    pub at: Timestamp,
    /// The value.
    pub update: Update,
}

/// Microseconds since 1970, by the clock of whoever gives batches their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The present.
    #[must_use]
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = since.map_or(0, |since| since.as_micros());
        Self(i64::try_from(micros).unwrap_or(i64::MAX))
    }
}
