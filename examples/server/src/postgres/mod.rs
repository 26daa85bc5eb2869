//! A [`Store`] on PostgreSQL that several servers can share.
//!
//! `tokio-postgres` provides everything it needs: cached prepared statements, pipelining, array
//! parameters and SQLSTATE codes. `sqlx` would add queries checked at build time, which need a
//! database, and twice as many crates.

mod insert;
mod prune;
mod reader;
mod schema;
#[cfg(feature = "nats")]
mod sink;
mod tls;

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use deadpool_postgres::{
    Client, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::StoreLimits;
use crate::devices::{DeviceKey, NewDevice};
use crate::metrics::Metrics;
use crate::store::{Batch, Cursor, History, Latest, Limit, Size, Store, Unavailable};
use crate::writer::{Commit, CommitError, Queue, Writer};
use insert::Skipped;
pub use prune::OldBatches;
pub use reader::Reader;
#[cfg(feature = "nats")]
pub use sink::{Position, Session, SinkDatabase, StreamBatch};

/// Pause between two attempts to connect to a database that is not up yet.
const CONNECT_PAUSE: Duration = Duration::from_secs(1);

/// Time allowed for the network, in addition to the statement timeout.
pub const NETWORK_ALLOWANCE: Duration = Duration::from_secs(1);

/// The database.
pub struct Postgres {
    location: String,
    queue: Queue,
    reader: Reader,
    writers: Mutex<Option<JoinHandle<anyhow::Result<()>>>>,
}

impl Store for Postgres {
    async fn open(
        database: &str,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let (database, tls) = tls::configure(database)?;
        let config = config(&database, limits)?;
        let location = location(&config);
        // Separate, so that batches do not wait for reads, however many there are.
        let readers = Connections::new(config.clone(), tls.clone(), limits.read_pool, limits)?;
        let connections = Connections::new(config, tls, limits.pool, limits)?;
        let prepare = async {
            let mut client = connections.wait(limits.wait_for_database).await?;
            schema::prepare(&mut client).await
        };
        let prepared = prepare.await;
        prepared.with_context(|| format!("database {location}"))?;
        let (queue, writer) = Queue::new(connections.clone(), limits, Arc::clone(&metrics));
        Ok(Self {
            location,
            queue,
            reader: Reader::new(readers, metrics),
            writers: Mutex::new(Some(start(writer, &connections, limits))),
        })
    }

    fn location(&self) -> String {
        self.location.clone()
    }

    async fn registered(&self, after: i64) -> anyhow::Result<Vec<(i64, DeviceKey)>> {
        self.reader.connections.registered(after).await
    }

    async fn register(&self, devices: Vec<NewDevice>) -> anyhow::Result<Vec<i64>> {
        self.queue.register(devices).await
    }

    async fn save(&self, batch: Batch) -> Result<(), Unavailable> {
        self.queue.save(batch).await
    }

    async fn latest(&self, device: i64) -> Result<Vec<Latest>, Unavailable> {
        self.reader.latest(device).await
    }

    async fn history(
        &self,
        device: i64,
        cursor: Cursor,
        limit: Limit,
    ) -> Result<History, Unavailable> {
        self.reader.history(device, cursor, limit).await
    }

    async fn check(&self) -> Result<(), Unavailable> {
        self.queue.check().await
    }

    async fn size(&self) -> Size {
        Size {
            used: self.reader.connections.size().await.ok(),
            free: None,
        }
    }

    async fn died(&self) {
        self.queue.died().await;
    }

    async fn close(&self) -> anyhow::Result<()> {
        let writers = self
            .writers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(writers) = writers else {
            return Ok(());
        };
        self.queue.close();
        writers.await??;
        self.reader.connections.pool.close();
        tracing::info!("database closed");
        Ok(())
    }
}

/// Starts several writers for one queue: while one waits for a commit, another writes the next
/// group. If one panics, all stop, because the state of its transaction is unknown.
fn start(
    mut writer: Writer<Connections>,
    connections: &Connections,
    limits: &StoreLimits,
) -> JoinHandle<anyhow::Result<()>> {
    let mut writers = JoinSet::new();
    writers.spawn(writer.retrier(connections.clone(), limits).run());
    // At least one writer; further ones must leave a connection to the retrier.
    for _ in 2..limits.pool {
        let writer = writer.with_connection(connections.clone());
        writers.spawn(async { drop(writer.run().await) });
    }
    writers.spawn(async { drop(writer.run().await) });
    tokio::spawn(async move {
        while let Some(result) = writers.join_next().await {
            result.map_err(|_| anyhow!("a writer panicked"))?;
        }
        Ok(())
    })
}

/// Parses the URL. Errors do not repeat it, because it may contain a password.
fn config(database: &str, limits: &StoreLimits) -> anyhow::Result<Config> {
    let mut config: Config = database
        .parse()
        .map_err(|_| anyhow!("the URL is not a valid PostgreSQL URL"))?;
    if config.get_password().is_none()
        && let Ok(password) = std::env::var("PGPASSWORD")
    {
        config.password(password);
    }
    let timeout = limits.statement_timeout.as_millis();
    // Acknowledged batches must be flushed, and writers must see each other's commits, regardless
    // of the database's defaults.
    let ours = format!(
        "-c statement_timeout={timeout} -c idle_in_transaction_session_timeout={timeout} \
         -c synchronous_commit=on -c default_transaction_isolation=read\\ committed"
    );
    let theirs = config.get_options().unwrap_or_default();
    let options = format!("{theirs} {ours}");
    config
        .options(options)
        .application_name("pinquery-server")
        .connect_timeout(limits.statement_timeout);
    Ok(config)
}

/// Returns the URL without user and password.
fn location(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().unwrap_or(&5432);
    let name = config.get_dbname().unwrap_or_default();
    format!("postgres://{host}:{port}/{name}")
}

/// A connection pool with a timeout for each operation.
///
/// Broken connections are replaced on demand, so the server recovers when the database does.
#[derive(Clone)]
struct Connections {
    pool: Pool,
    limit: Duration,
}

impl Connections {
    fn new(
        config: Config,
        tls: MakeRustlsConnect,
        size: usize,
        limits: &StoreLimits,
    ) -> anyhow::Result<Self> {
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let limit = limits.statement_timeout + NETWORK_ALLOWANCE;
        let pool = Pool::builder(Manager::from_config(config, tls, recycling))
            .runtime(Runtime::Tokio1)
            .max_size(size)
            .wait_timeout(Some(limit))
            .create_timeout(Some(limit))
            .build()?;
        Ok(Self { pool, limit })
    }

    async fn get(&self) -> anyhow::Result<Client> {
        self.pool.get().await.map_err(connect_error)
    }

    /// Connects, and waits for a database that is not up yet.
    async fn wait(&self, patience: Duration) -> anyhow::Result<Client> {
        let begin = Instant::now();
        let mut is_logged = false;
        loop {
            let error = match self.pool.get().await {
                Err(PoolError::Backend(error)) if is_starting(&error) => error,
                result => return result.map_err(connect_error),
            };
            let error = anyhow!(error);
            if begin.elapsed() + CONNECT_PAUSE > patience {
                return Err(error);
            }
            if !is_logged {
                tracing::warn!("waiting for the database: {error:#}");
                is_logged = true;
            }
            sleep(CONNECT_PAUSE).await;
        }
    }

    async fn registered(&self, after: i64) -> anyhow::Result<Vec<(i64, DeviceKey)>> {
        let client = self.get().await?;
        let registered = timeout(self.limit, schema::registered(&client, after)).await;
        discard_on_timeout(client, registered)?
    }

    async fn size(&self) -> anyhow::Result<u64> {
        let client = self.get().await?;
        let size = timeout(self.limit, schema::size(&client)).await;
        discard_on_timeout(client, size)?
    }
}

/// Removes the pool's prefix, which repeats the error that follows.
fn connect_error(error: PoolError) -> anyhow::Error {
    let PoolError::Backend(error) = error else {
        return error.into();
    };
    let reason = error.source().map(ToString::to_string);
    match reason.as_deref() {
        Some("password missing") => anyhow!("password missing: set `PGPASSWORD`"),
        _ => error.into(),
    }
}

/// Returns whether connecting failed because the database, or the network, is not up yet.
fn is_starting(error: &tokio_postgres::Error) -> bool {
    let io = error.source().and_then(<dyn Error>::downcast_ref);
    match io.map(io::Error::kind) {
        // Reported for an invalid certificate.
        Some(kind) => kind != io::ErrorKind::InvalidData,
        None => error.code() == Some(&SqlState::CANNOT_CONNECT_NOW),
    }
}

/// Discards a connection that timed out, because its state is unknown.
fn discard_on_timeout<T>(client: Client, result: Result<T, Elapsed>) -> anyhow::Result<T> {
    if result.is_err() {
        drop(Client::take(client));
    }
    result.context("the database does not respond")
}

impl Commit for Connections {
    async fn commit(&mut self, batches: &[Batch]) -> Result<(), CommitError> {
        let client = self.get().await.map_err(CommitError::Unavailable)?;
        let written = timeout(self.limit, insert::insert(&client, batches)).await;
        let written = discard_on_timeout(client, written).map_err(CommitError::Unavailable)?;
        let Skipped { locked, missing } = written.map_err(commit_error)?;
        match locked.is_empty() && missing.is_empty() {
            true => Ok(()),
            false => Err(CommitError::Partial { locked, missing }),
        }
    }

    async fn register(&mut self, devices: &[NewDevice]) -> anyhow::Result<Vec<i64>> {
        let mut client = self.get().await?;
        let registered = timeout(self.limit, schema::register(&mut client, devices)).await;
        discard_on_timeout(client, registered)?
    }

    async fn check(&mut self) -> anyhow::Result<()> {
        let client = self.get().await?;
        let tried = timeout(self.limit, insert::check(&client)).await;
        match discard_on_timeout(client, tried)? {
            // A constraint may reject this batch in particular: not a fault of the database.
            Err(error) if !is_about_data(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Returns whether a retry would fail again: SQLSTATE classes 22 and 23 concern the data, and
/// triggers raise P0.
fn is_about_data(error: &tokio_postgres::Error) -> bool {
    let class = error.code().and_then(|state| state.code().get(..2));
    matches!(class, Some("22" | "23" | "P0"))
}

fn commit_error(error: tokio_postgres::Error) -> CommitError {
    match is_about_data(&error) {
        true => CommitError::Constraint(error.into()),
        false => CommitError::Unavailable(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn limits() -> StoreLimits {
        crate::config::Config::parse_from(["server"]).store
    }

    #[test]
    fn passwords_are_not_shown() {
        let url = "postgres://me:SECRET@db.example:5433/values?connect_timeout=9";
        let config = config(url, &limits()).expect("valid URL");
        assert_eq!(location(&config), "postgres://db.example:5433/values");
        for invalid in [
            "postgres://me:SECRET@h:port/x",
            "postgres://me:SECRET@h/x?a=SECRET",
        ] {
            let error = super::config(invalid, &limits()).expect_err("invalid URL");
            assert!(!format!("{error:#}").contains("SECRET"), "{error:#}");
        }
    }
}
