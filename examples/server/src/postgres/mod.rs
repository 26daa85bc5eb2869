//! A [`Store`] on PostgreSQL, which several servers can share.
//!
//! On `tokio-postgres`, which is what this takes and no more: statements that are prepared once
//! and sent two at a time, arrays as parameters, errors by SQLSTATE. `sqlx` would bring checks at
//! build time, for which the build needs a database, and twice the crates.

mod schema;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};

use crate::config::StoreLimits;
use crate::devices::{Device, Devices};
use crate::fault::Fault;
use crate::metrics::{Failure, Metrics};
use crate::store::{Batch, Latest, SavedBatch, Store, Unavailable};
use crate::writer::{Commit, Failed, Queue, Writer};
use schema::NotWritten;

/// What the network may take beside the statement itself.
const NETWORK: Duration = Duration::from_secs(1);

/// The database.
pub struct Postgres {
    place: String,
    devices: Devices<Arc<Device>>,
    queue: Queue,
    connections: Connections,
    reading: Fault,
    writers: Mutex<Option<JoinHandle<anyhow::Result<()>>>>,
}

impl Store for Postgres {
    async fn open(
        database: &str,
        devices: Devices,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let config = config(database, limits)?;
        let place = place(&config);
        let connections = Connections::new(config, limits)?;
        let client = connections.get().await;
        let mut client = client.with_context(|| format!("database {place}"))?;
        let devices = schema::prepare(&mut client, devices).await;
        let devices = devices.with_context(|| format!("database {place}"))?;
        drop(client);
        let (queue, writer) = Queue::new(connections.clone(), limits, Arc::clone(&metrics));
        Ok(Self {
            place,
            devices,
            queue,
            reading: Fault::new(Failure::Read, metrics),
            // The others are for reading.
            writers: Mutex::new(Some(start(writer, &connections, limits.pool.div_ceil(2)))),
            connections,
        })
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
        self.read(self.connections.latest(device).await)
    }

    async fn history(
        &self,
        device: i64,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<SavedBatch>, Unavailable> {
        self.read(self.connections.history(device, after, limit).await)
    }

    async fn check(&self) -> Result<(), Unavailable> {
        self.queue.check().await
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
        self.connections.pool.close();
        tracing::info!("the database is closed");
        Ok(())
    }
}

impl Postgres {
    fn read<T>(&self, read: anyhow::Result<T>) -> Result<T, Unavailable> {
        match read {
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

/// Several writers of one queue: while one waits for a commit, the next group is written. If one
/// dies, so do all, as nobody would know what it was doing.
fn start(
    writer: Writer<Connections>,
    connections: &Connections,
    count: usize,
) -> JoinHandle<anyhow::Result<()>> {
    let mut writers = JoinSet::new();
    for _ in 1..count {
        writers.spawn(writer.beside(connections.clone()).run());
    }
    writers.spawn(writer.run());
    tokio::spawn(async move {
        while let Some(ended) = writers.join_next().await {
            ended.map_err(|_| anyhow!("a writer has panicked"))?;
        }
        Ok(())
    })
}

/// No error repeats the URL, which may hold a password.
fn config(database: &str, limits: &StoreLimits) -> anyhow::Result<Config> {
    let mut config: Config = database
        .parse()
        .map_err(|_| anyhow!("`--database` is no URL of a PostgreSQL database"))?;
    if config.get_password().is_none()
        && let Ok(password) = std::env::var("PGPASSWORD")
    {
        config.password(password);
    }
    let timeout = limits.statement_timeout.as_millis();
    // `OK` is said once a commit is flushed, whatever is usual in this database.
    let ours = format!(
        "-c statement_timeout={timeout} -c idle_in_transaction_session_timeout={timeout} \
         -c synchronous_commit=on"
    );
    let theirs = config.get_options().unwrap_or_default();
    let options = format!("{theirs} {ours}");
    config
        .options(options)
        .application_name("pinquery-server")
        .connect_timeout(limits.statement_timeout);
    Ok(config)
}

/// Which database it is, without the user and the password.
fn place(config: &Config) -> String {
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

/// A pool, and how long what is done with a connection may take.
///
/// One that has broken is replaced when the next one is asked for, so that the server goes on once
/// a database that was away is there again.
#[derive(Clone)]
struct Connections {
    pool: Pool,
    limit: Duration,
}

impl Connections {
    fn new(config: Config, limits: &StoreLimits) -> anyhow::Result<Self> {
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let limit = limits.statement_timeout + NETWORK;
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .runtime(Runtime::Tokio1)
            .max_size(limits.pool)
            .wait_timeout(Some(limit))
            .create_timeout(Some(limit))
            .build()?;
        Ok(Self { pool, limit })
    }

    async fn get(&self) -> anyhow::Result<Client> {
        Ok(self.pool.get().await?)
    }

    async fn latest(&self, device: i64) -> anyhow::Result<Vec<Latest>> {
        let client = self.get().await?;
        let latest = timeout(self.limit, schema::latest(&client, device)).await;
        in_time(client, latest)?
    }

    async fn history(
        &self,
        device: i64,
        after: Option<i64>,
        limit: usize,
    ) -> anyhow::Result<Vec<SavedBatch>> {
        let client = self.get().await?;
        let history = schema::history(&client, device, after, limit);
        let history = timeout(self.limit, history).await;
        in_time(client, history)?
    }
}

/// A connection that does not answer is not used again: nobody knows what it is doing.
fn in_time<T>(client: Client, done: Result<T, Elapsed>) -> anyhow::Result<T> {
    if done.is_err() {
        drop(Client::take(client));
    }
    done.context("the database does not answer")
}

impl Commit for Connections {
    async fn commit(&mut self, batches: &[Batch]) -> Result<(), Failed> {
        let mut client = self.get().await.map_err(Failed::Now)?;
        let written = timeout(self.limit, schema::insert(&mut client, batches)).await;
        match in_time(client, written).map_err(Failed::Now)? {
            Ok(()) => Ok(()),
            Err(NotWritten::NoDevice) => Err(Failed::Rule(anyhow!("a device has no row"))),
            Err(NotWritten::Error(error)) => Err(failed(error)),
        }
    }

    async fn check(&mut self) -> anyhow::Result<()> {
        let client = self.get().await?;
        let standby = client.query_one("SELECT pg_is_in_recovery()", &[]);
        let standby = timeout(self.limit, standby).await;
        let standby: bool = in_time(client, standby)??.get(0);
        ensure!(!standby, "the database only reads");
        Ok(())
    }
}

/// Classes 22 and 23 of SQLSTATE are about the data and would be the same again.
fn failed(error: tokio_postgres::Error) -> Failed {
    let class = error.code().and_then(|state| state.code().get(..2));
    match class {
        Some("22" | "23") => Failed::Rule(error.into()),
        _ => Failed::Now(error.into()),
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
    fn no_password_is_shown() {
        let url = "postgres://me:SECRET@db.example:5433/values?connect_timeout=9";
        let config = config(url, &limits()).expect("a URL");
        assert_eq!(place(&config), "postgres://db.example:5433/values");
        for wrong in [
            "postgres://me:SECRET@h:port/x",
            "postgres://me:SECRET@h/x?a=SECRET",
        ] {
            let error = super::config(wrong, &limits()).expect_err("no URL");
            assert!(!format!("{error:#}").contains("SECRET"), "{error:#}");
        }
    }
}
