//! Writes the batches of a stream, each exactly once.
//!
//! The position in the stream is updated in the transaction that inserts the batches, and only if
//! it is still the one that they follow. So no batch is written twice, even if the response to a
//! commit is lost or a second sink is writing. An advisory lock only makes further sinks wait.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use deadpool_postgres::Client;
use futures_util::future::try_join3;
use pinquery::Update;
use tokio::time::{sleep, timeout};
use tokio_postgres::types::ToSql;

use super::insert::{INSERT, LOCK, execute};
use super::{CONNECT_PAUSE, Connections, config, is_starting, location, schema, tls};
use crate::config::{Config, StoreLimits};
use crate::devices::{DeviceKey, NewDevice};
use crate::store::Batch;

/// Long enough for the largest group on a busy database. No client waits for it.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// Ends the session of a sink whose machine has vanished or whose process is frozen, so that another
/// one gets its lock. A sink uses its session every second, unless NATS does not respond.
const KEEPALIVE: &str = "\
    -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=5 \
    -c idle_session_timeout=20000";

/// "pinq" in ASCII; with the hash of the stream's name, the key of the sinks' advisory lock.
const SINK_LOCK: i32 = 0x7069_6e71;

const UPDATE: &str = "
    UPDATE sink SET seq = $1, at_ns = $2
    WHERE stream = $3 AND created_ns = $4 AND seq = $5";

/// The position up to which a stream has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// When the stream was created, in nanoseconds since 1970.
    pub created_ns: i64,
    /// The sequence number of the last message written, or zero.
    pub seq: u64,
    /// The time of that message in the stream. If absent, it is not checked.
    pub at_ns: Option<i64>,
}

/// A batch of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamBatch {
    /// The key of its device.
    pub key: DeviceKey,
    /// When it was added to the stream, in nanoseconds since 1970.
    pub at_ns: i64,
    /// Its values.
    pub updates: Vec<Update>,
}

/// A database that a sink writes to.
pub struct SinkDatabase {
    connections: Connections,
    location: String,
}

impl SinkDatabase {
    /// Parses the URL of a database.
    ///
    /// # Errors
    ///
    /// Fails if the URL is invalid, such as `postgres://localhost:x/values`.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        let limits = StoreLimits {
            statement_timeout: STATEMENT_TIMEOUT,
            ..Config::default().store
        };
        let (url, tls) = tls::configure(url)?;
        let mut config = config(&url, &limits)?;
        let options = config.get_options().unwrap_or_default();
        config.options(format!("{options} {KEEPALIVE}"));
        Ok(Self {
            location: location(&config),
            connections: Connections::new(config, tls, 1, &limits)?,
        })
    }

    /// Returns the URL without user and password.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Waits for a database that is not up yet, however long, and creates missing tables. Starts again
    /// if the connection is lost.
    ///
    /// # Errors
    ///
    /// Fails if the database is rejected, for example because the password is wrong or because its
    /// tables have an unknown version.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        loop {
            let prepare = async {
                let mut client = self.connections.wait(Duration::MAX).await?;
                schema::prepare(&mut client).await
            };
            match prepare.await {
                Err(error) if is_connection_lost(&error) => {
                    tracing::warn!("the tables are not created yet: {error:#}");
                    sleep(CONNECT_PAUSE).await;
                }
                prepared => {
                    return prepared.with_context(|| format!("database {}", self.location));
                }
            }
        }
    }

    /// Opens a session for a stream.
    ///
    /// # Errors
    ///
    /// Fails if the database cannot be reached at the moment.
    pub async fn session(&self, stream: &str) -> anyhow::Result<Session> {
        Ok(Session {
            client: Some(self.connections.get().await?),
            limit: self.connections.limit,
            stream: stream.to_owned(),
            numbers: HashMap::new(),
        })
    }
}

/// A connection for one stream. After an error, its state is unknown: drop it.
pub struct Session {
    /// Present until dropped.
    client: Option<Client>,
    limit: Duration,
    stream: String,
    /// The numbers of known devices.
    numbers: HashMap<DeviceKey, i64>,
}

/// Closes the connection, which releases the lock and rolls back.
impl Drop for Session {
    fn drop(&mut self) {
        drop(self.client.take().map(Client::take));
    }
}

impl Session {
    /// Returns whether commits are flushed to disk.
    ///
    /// # Errors
    ///
    /// Fails if the database cannot be read at the moment.
    pub async fn flushes_commits(&mut self) -> anyhow::Result<bool> {
        let select = "SELECT bool_and(setting = 'on') FROM pg_settings
                      WHERE name IN ('fsync', 'synchronous_commit')";
        self.run(async |client, _| Ok(client.query_one(select, &[]).await?.get(0)))
            .await
    }

    /// Tries to lock the stream for this session. Returns whether it is locked now.
    ///
    /// # Errors
    ///
    /// Fails if the database cannot be read at the moment.
    pub async fn try_lock(&mut self) -> anyhow::Result<bool> {
        let lock = "SELECT pg_try_advisory_lock($1, hashtext($2))";
        self.run(async |client, stream| {
            let row = client.query_one(lock, &[&SINK_LOCK, &stream]).await?;
            Ok(row.get(0))
        })
        .await
    }

    /// Returns the position of the stream, if it has one.
    ///
    /// # Errors
    ///
    /// Fails if the database cannot be read at the moment.
    pub async fn position(&mut self) -> anyhow::Result<Option<Position>> {
        let select = "SELECT created_ns, seq, at_ns FROM sink WHERE stream = $1";
        let row = self.run(async |client, stream| Ok(client.query_opt(select, &[&stream]).await?));
        let Some(row) = row.await? else {
            return Ok(None);
        };
        Ok(Some(Position {
            created_ns: row.get(0),
            seq: row.get::<_, i64>(1).try_into()?,
            at_ns: row.get(2),
        }))
    }

    /// Sets the first position of a stream.
    ///
    /// # Errors
    ///
    /// Fails if the stream already has a position, or if the database cannot be written at the
    /// moment.
    pub async fn begin(&mut self, first: Position) -> anyhow::Result<()> {
        let insert = "INSERT INTO sink (stream, created_ns, seq, at_ns) VALUES ($1, $2, $3, $4)";
        let seq = i64::try_from(first.seq)?;
        self.run(async |client, stream| {
            let parameters: [&(dyn ToSql + Sync); 4] =
                [&stream, &first.created_ns, &seq, &first.at_ns];
            client.execute(insert, &parameters).await?;
            Ok(())
        })
        .await
    }

    /// Writes the batches that follow the position `from` and moves it to `to`, all or nothing.
    /// Registers unknown devices first.
    ///
    /// # Errors
    ///
    /// Fails if `from` is not the position, or if the database cannot be written at the moment. The
    /// batches may have been written: read the position in another session.
    pub async fn commit(
        &mut self,
        from: Position,
        to: Position,
        batches: Vec<StreamBatch>,
    ) -> anyhow::Result<()> {
        self.register(&batches).await?;
        let times: Vec<i64> = batches.iter().map(|b| b.at_ns.div_euclid(1000)).collect();
        let numbered = batches.into_iter().map(|batch| Batch {
            device: self.numbers[&batch.key],
            updates: batch.updates,
        });
        let batches: Vec<Batch> = numbered.collect();
        self.run(async |client, stream| write(client, stream, from, to, &batches, &times).await)
            .await
    }

    async fn register(&mut self, batches: &[StreamBatch]) -> anyhow::Result<()> {
        let keys = batches.iter().map(|batch| batch.key);
        let mut unknown: Vec<DeviceKey> = keys.filter(|k| !self.numbers.contains_key(k)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        if unknown.is_empty() {
            return Ok(());
        }
        let devices = unknown.iter().map(|&key| NewDevice {
            key,
            token_key: key,
        });
        let devices: Vec<NewDevice> = devices.collect();
        let registered = self.run(async |client, _| schema::register(client, &devices).await);
        let numbers = registered.await?;
        self.numbers.extend(unknown.into_iter().zip(numbers));
        Ok(())
    }

    /// Runs an operation with the connection and the stream's name, within the timeout.
    async fn run<T>(
        &mut self,
        operation: impl AsyncFnOnce(&mut Client, &str) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let client = self.client.as_mut().context("the session is closed")?;
        let result = timeout(self.limit, operation(client, &self.stream)).await;
        result.context("the database does not respond")?
    }
}

/// Returns whether the database stopped or the network failed. Other errors need an operator.
fn is_connection_lost(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<tokio_postgres::Error>();
    error.is_some_and(|error| match error.code() {
        // Operator intervention: a shutdown, a crash, or a database that is starting.
        Some(state) => state.code().starts_with("57P"),
        None => error.is_closed() || is_starting(error),
    })
}

async fn write(
    client: &Client,
    stream: &str,
    from: Position,
    to: Position,
    batches: &[Batch],
    times: &[i64],
) -> anyhow::Result<()> {
    let mut devices: Vec<i64> = batches.iter().map(|batch| batch.device).collect();
    devices.sort_unstable();
    devices.dedup();
    let update = client.prepare_cached(UPDATE).await?;
    let lock = client.prepare_cached(LOCK).await?;
    let insert = client.prepare_cached(INSERT).await?;
    let [old, new] = [from.seq, to.seq].map(i64::try_from);
    let (old, new) = (old?, new?);
    let position: [&(dyn ToSql + Sync); 5] = [&new, &to.at_ns, &stream, &from.created_ns, &old];
    // Pipelined: all are sent at once and executed in order.
    let ((), updated, locked) = try_join3(
        client.batch_execute("BEGIN"),
        client.execute(&update, &position),
        client.query(&lock, &[&devices]),
    )
    .await?;
    ensure!(updated == 1, "another sink has written this stream");
    ensure!(locked.len() == devices.len(), "a device has been deleted");
    Ok(execute(client, &insert, batches, times, "COMMIT").await?)
}
