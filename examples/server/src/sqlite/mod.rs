//! A [`Store`] on SQLite in WAL mode, with a dedicated writer thread.

mod files;
mod schema;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::runtime::Handle;

use crate::config::StoreLimits;
use crate::devices::{Device, Devices};
use crate::fault::Fault;
use crate::metrics::{Metrics, Operation};
use crate::store::{Batch, Latest, SavedBatch, Store, Timestamp, Unavailable};
use crate::writer::{Commit, CommitError, Queue, Writer};
use files::Files;

/// How long to wait for another program's lock at startup.
const STARTUP_LOCK_WAIT: Duration = Duration::from_secs(5);

/// The database.
pub struct Sqlite {
    location: String,
    devices: Devices<Arc<Device>>,
    queue: Queue,
    reader: Arc<Mutex<Connection>>,
    reading: Fault,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Sqlite {
    fn open_blocking(
        path: &Path,
        devices: Devices,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let mut files = Files::lock(path, limits.mode)?;
        let mut connection = Connection::open(&files.database)?;
        let devices = schema::prepare(&mut connection, devices, STARTUP_LOCK_WAIT)?;
        schema::apply_limits(&connection, limits)?;
        files.record_identities()?;
        let reader = Connection::open(&files.database)?;
        reader.busy_timeout(limits.lock_wait)?;
        let database = Database { connection, files };
        let (queue, writer) = Queue::new(database, limits, Arc::clone(&metrics));
        Ok(Self {
            location: path.display().to_string(),
            devices,
            queue,
            reader: Arc::new(Mutex::new(reader)),
            reading: Fault::new(Operation::Read, metrics),
            writer: Mutex::new(Some(start(writer)?)),
        })
    }

    /// Reads on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let reader = Arc::clone(&self.reader);
        let read = tokio::task::spawn_blocking(move || read(&lock(&reader)));
        let read = read.await.map_err(anyhow::Error::from);
        match read.and_then(|read| Ok(read?)) {
            Ok(read) => {
                self.reading.succeeded();
                Ok(read)
            }
            Err(error) => {
                self.reading.failed(&format!("{error:#}"), 1);
                Err(Unavailable::Fault)
            }
        }
    }
}

impl Store for Sqlite {
    async fn open(
        database: &str,
        devices: Devices,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        Self::open_blocking(Path::new(database), devices, limits, metrics)
            .with_context(|| format!("database {database:?}"))
    }

    fn location(&self) -> String {
        self.location.clone()
    }

    async fn device(&self, token: &str) -> Result<Option<Arc<Device>>, Unavailable> {
        Ok(self.devices.get(token).cloned())
    }

    async fn save(&self, batch: Batch) -> Result<(), Unavailable> {
        self.queue.save(batch).await
    }

    async fn latest(&self, device: i64) -> Result<Vec<Latest>, Unavailable> {
        self.read(move |reader| schema::latest(reader, device))
            .await
    }

    async fn history(
        &self,
        device: i64,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<SavedBatch>, Unavailable> {
        self.read(move |reader| schema::history(reader, device, after, limit))
            .await
    }

    async fn check(&self) -> Result<(), Unavailable> {
        self.queue.check().await
    }

    async fn died(&self) {
        self.queue.died().await;
    }

    async fn close(&self) -> anyhow::Result<()> {
        let thread = lock(&self.writer).take();
        let Some(thread) = thread else { return Ok(()) };
        self.queue.close();
        tokio::task::spawn_blocking(move || thread.join())
            .await?
            .map_err(|_| anyhow!("the writer thread panicked"))
    }
}

/// SQLite blocks on the disk, so the writer has its own thread.
fn start(writer: Writer<Database>) -> anyhow::Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name("writer".to_owned());
    let runtime = Handle::current();
    Ok(thread.spawn(move || runtime.block_on(writer.run()).close())?)
}

/// The connection of the writer, with its files.
struct Database {
    connection: Connection,
    files: Files,
}

impl Commit for Database {
    async fn commit(&mut self, batches: &[Batch]) -> Result<(), CommitError> {
        let written = self.write(batches).map_err(|error| {
            match error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
                true => CommitError::Constraint(error.into()),
                false => CommitError::Unavailable(error.into()),
            }
        });
        // After the commit, so that it covers the files that were written.
        written.and_then(|()| self.files.check().map_err(CommitError::Unavailable))
    }

    async fn check(&mut self) -> anyhow::Result<()> {
        let begin = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(begin)?;
        schema::write_nothing(&transaction)?;
        transaction.commit()?;
        self.files.check()
    }
}

impl Database {
    /// On error, dropping the transaction rolls it back.
    fn write(&mut self, batches: &[Batch]) -> rusqlite::Result<()> {
        let begin = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(begin)?;
        for batch in batches {
            schema::insert(&transaction, batch, Timestamp::now())?;
        }
        transaction.commit()
    }

    fn close(self) {
        let checkpoint = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
        let closed = checkpoint.and_then(|()| self.connection.close().map_err(|(_, error)| error));
        match closed {
            Ok(()) => tracing::info!("database closed"),
            // Nothing is lost: SQLite recovers from the write-ahead log at the next start.
            Err(error) => tracing::warn!(%error, "database was not closed cleanly"),
        }
        drop(self.files);
    }
}

/// Ignores poisoning: a panic leaves the connection or handle usable.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
