//! A [`Store`] in one file: SQLite in WAL mode, with one thread that writes.
//!
//! Batches wait in a bounded queue. The thread takes all that wait, writes them in one
//! transaction and only then answers each, so that the disk's pace is that of commits and not that
//! of batches. The latest values are kept in memory as well: they are few (one for each pin), are
//! asked for often, and so cost no query and wait for no lock.

mod claim;
mod latest;
mod schema;
mod writer;

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow};
use rusqlite::Connection;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::config::StoreLimits;
use crate::devices::{DeviceKey, Devices};
use crate::metrics::Metrics;
use crate::store::{Batch, Latest, SavedBatch, Store, Unavailable};
use claim::claim;
use latest::Row;
use writer::{Job, Save, Writer};

/// How long start waits for another program's lock.
const START_WAIT: Duration = Duration::from_secs(5);

/// The database.
pub struct Sqlite {
    devices: HashMap<DeviceKey, Arc<Row>>,
    jobs: mpsc::Sender<Job>,
    metrics: Arc<Metrics>,
    reader: Arc<Mutex<Connection>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    _claim: Arc<File>,
}

impl Sqlite {
    /// Opens the database, or makes it, enters devices that are new to it, and starts the writer.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, is no database of this server, or another server uses it.
    pub fn open(
        path: &Path,
        devices: &Devices,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let mut connection =
            Connection::open(path).with_context(|| format!("database {path:?}"))?;
        let held = Arc::new(claim(path).with_context(|| format!("database {path:?}"))?);
        let rows = schema::prepare(&mut connection, devices, START_WAIT)
            .with_context(|| format!("database {path:?}"))?;
        schema::limit(&connection, limits).with_context(|| format!("database {path:?}"))?;
        let reader = Connection::open(path)?;
        reader.busy_timeout(limits.lock_wait)?;
        let (jobs, waiting) = mpsc::channel(limits.queue);
        let writer = Writer::new(connection, waiting, limits.group, Arc::clone(&metrics));
        let thread = std::thread::Builder::new().name("writer".to_owned());
        let until_written = Arc::clone(&held);
        let write = move || {
            writer.run();
            // A store that is dropped unclosed leaves the writer at work: the database is its own
            // until it is done.
            drop(until_written);
        };
        Ok(Self {
            devices: rows,
            jobs,
            metrics,
            reader: Arc::new(Mutex::new(reader)),
            writer: Mutex::new(Some(thread.spawn(write)?)),
            _claim: held,
        })
    }

    /// Writes all that waits, folds the log into the database, and closes it. Whatever is saved
    /// from then on is refused.
    ///
    /// # Errors
    ///
    /// The writer has panicked.
    pub async fn close(&self) -> anyhow::Result<()> {
        let thread = lock(&self.writer).take();
        let Some(thread) = thread else { return Ok(()) };
        // Without a receiver the writer has ended already, which joining it tells.
        let _ = self.jobs.send(Job::Close).await;
        tokio::task::spawn_blocking(move || thread.join())
            .await?
            .map_err(|_| anyhow!("the writer has panicked"))
    }

    fn row(&self, device: DeviceKey) -> Result<&Arc<Row>, Unavailable> {
        self.devices.get(&device).ok_or(Unavailable::Fault)
    }
}

impl Store for Sqlite {
    async fn save(&self, batch: Batch) -> Result<(), Unavailable> {
        let (done, outcome) = oneshot::channel();
        let row = Arc::clone(self.row(batch.device)?);
        let job = Job::Save(Save { row, batch, done });
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Unavailable::QueueFull,
            TrySendError::Closed(_) => Unavailable::Fault,
        })?;
        self.metrics
            .queue(self.jobs.max_capacity() - self.jobs.capacity());
        outcome.await.unwrap_or(Err(Unavailable::Fault))
    }

    async fn latest(&self, device: DeviceKey) -> Result<Vec<Latest>, Unavailable> {
        Ok(self.row(device)?.latest())
    }

    async fn history(
        &self,
        device: DeviceKey,
        after: i64,
        limit: usize,
    ) -> Result<Vec<SavedBatch>, Unavailable> {
        let id = self.row(device)?.id;
        let reader = Arc::clone(&self.reader);
        let read = move || schema::history(&lock(&reader), id, after, limit);
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(batches)) => Ok(batches),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database gives no history");
                Err(Unavailable::Fault)
            }
            Err(_) => Err(Unavailable::Fault),
        }
    }
}

/// A panic elsewhere leaves a connection or a handle as it was: usable.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
