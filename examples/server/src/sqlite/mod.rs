//! A [`Store`] on SQLite in WAL mode, with a dedicated writer thread.

mod database;
mod files;
mod prune;
mod schema;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use anyhow::{Context, anyhow};
use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::config::StoreLimits;
use crate::devices::{DeviceKey, NewDevice};
use crate::fault::Fault;
use crate::metrics::{Metrics, Operation};
use crate::store::{Batch, Cursor, History, Latest, Limit, Size, Store, Unavailable};
use crate::writer::{Queue, Writer};
use database::{Database, Reader, STOPPED, lock};
use files::Files;
pub use prune::OldBatches;

/// Maximum reads in progress, including those whose results have not been used yet. A few are
/// enough to keep the connection busy.
const MAX_READS: usize = 4;

/// The database.
pub struct Sqlite {
    location: String,
    path: PathBuf,
    queue: Queue,
    reader: Reader,
    /// Permits for reads that have not returned, so that values do not accumulate in memory.
    reads: Semaphore,
    reading: Fault,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Sqlite {
    fn open_blocking(
        path: &Path,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let files = Files::open(path, limits.mode)?;
        let canonical = files.database.clone();
        let database = Database::open(files, limits)?;
        let reader = database.reader();
        let (queue, writer) = Queue::new(database, limits, Arc::clone(&metrics));
        Ok(Self {
            location: path.display().to_string(),
            path: canonical,
            queue,
            reader,
            reads: Semaphore::new(MAX_READS),
            reading: Fault::new(Operation::Read, metrics),
            writer: Mutex::new(Some(start(writer)?)),
        })
    }

    /// Reads on a thread that may block.
    async fn try_read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let _permit = self.reads.acquire().await;
        let reader = Arc::clone(&self.reader);
        tokio::task::spawn_blocking(move || {
            let reader = lock(&reader);
            let reader = reader.as_ref().context(STOPPED)?;
            Ok(query(reader)?)
        })
        .await?
    }

    /// Reads and records a failure.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        match self.try_read(query).await {
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
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        Self::open_blocking(Path::new(database), limits, metrics)
            .with_context(|| format!("database {database:?}"))
    }

    fn location(&self) -> String {
        self.location.clone()
    }

    async fn registered(&self, after: i64) -> anyhow::Result<Vec<(i64, DeviceKey)>> {
        self.try_read(move |reader| schema::registered(reader, after))
            .await
    }

    async fn register(&self, devices: Vec<NewDevice>) -> anyhow::Result<Vec<i64>> {
        self.queue.register(devices).await
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
        cursor: Cursor,
        limit: Limit,
    ) -> Result<History, Unavailable> {
        self.read(move |reader| schema::history(reader, device, cursor, limit))
            .await
    }

    async fn check(&self) -> Result<(), Unavailable> {
        self.queue.check().await
    }

    async fn size(&self) -> Size {
        let path = self.path.clone();
        let size = tokio::task::spawn_blocking(move || files::size(&path));
        size.await.unwrap_or_default()
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
