//! A [`Store`] in one file: SQLite in WAL mode, with one thread that writes.

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
use crate::metrics::{Failure, Metrics};
use crate::store::{Batch, Latest, SavedBatch, Store, Timestamp, Unavailable};
use crate::writer::{Commit, Failed, Queue, Writer};
use files::Files;

/// How long start waits for another program's lock.
const START_WAIT: Duration = Duration::from_secs(5);

/// The database.
pub struct Sqlite {
    place: String,
    devices: Devices<Arc<Device>>,
    queue: Queue,
    reader: Arc<Mutex<Connection>>,
    reading: Fault,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Sqlite {
    fn open_now(
        path: &Path,
        devices: Devices,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let mut files = Files::claim(path, limits.mode)?;
        let mut connection = Connection::open(&files.database)?;
        let devices = schema::prepare(&mut connection, devices, START_WAIT)?;
        schema::limit(&connection, limits)?;
        files.note()?;
        let reader = Connection::open(&files.database)?;
        reader.busy_timeout(limits.lock_wait)?;
        let file = File { connection, files };
        let (queue, writer) = Queue::new(file, limits, Arc::clone(&metrics));
        Ok(Self {
            place: path.display().to_string(),
            devices,
            queue,
            reader: Arc::new(Mutex::new(reader)),
            reading: Fault::new(Failure::Read, metrics),
            writer: Mutex::new(Some(start(writer)?)),
        })
    }

    /// Reads on a thread that may wait.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let reader = Arc::clone(&self.reader);
        let read = tokio::task::spawn_blocking(move || read(&lock(&reader)));
        let read = read.await.map_err(anyhow::Error::from);
        match read.and_then(|read| Ok(read?)) {
            Ok(read) => {
                self.reading.worked();
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
        Self::open_now(Path::new(database), devices, limits, metrics)
            .with_context(|| format!("database {database:?}"))
    }

    fn place(&self) -> String {
        self.place.clone()
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
            .map_err(|_| anyhow!("the thread that writes has panicked"))
    }
}

/// SQLite waits for the disk, so it gets a thread of its own.
fn start(writer: Writer<File>) -> anyhow::Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name("writer".to_owned());
    let runtime = Handle::current();
    Ok(thread.spawn(move || runtime.block_on(writer.run()).close())?)
}

/// The connection that writes, and the files for as long as it does.
struct File {
    connection: Connection,
    files: Files,
}

impl Commit for File {
    async fn commit(&mut self, batches: &[Batch]) -> Result<(), Failed> {
        let written = self.write(batches).map_err(|error| {
            match error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
                true => Failed::Rule(error.into()),
                false => Failed::Now(error.into()),
            }
        });
        // Behind the commit: what it went into is what is there.
        written.and_then(|()| self.files.check().map_err(Failed::Now))
    }

    async fn check(&mut self) -> anyhow::Result<()> {
        let begin = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(begin)?;
        schema::touch(&transaction)?;
        transaction.commit()?;
        self.files.check()
    }
}

impl File {
    /// A transaction that is dropped is rolled back.
    fn write(&mut self, batches: &[Batch]) -> rusqlite::Result<()> {
        let begin = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(begin)?;
        for batch in batches {
            schema::insert(&transaction, batch, Timestamp::now())?;
        }
        transaction.commit()
    }

    fn close(self) {
        let fold = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
        let closed = fold.and_then(|()| self.connection.close().map_err(|(_, error)| error));
        match closed {
            Ok(()) => tracing::info!("the database is closed"),
            // Nothing is lost: the log is read at the next start.
            Err(error) => tracing::warn!(%error, "the database is not closed cleanly"),
        }
        drop(self.files);
    }
}

/// A panic elsewhere leaves a connection or a handle as it was: usable.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
