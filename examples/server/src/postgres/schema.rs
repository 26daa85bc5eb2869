//! Tables and queries.

use anyhow::{Context, bail, ensure};
use deadpool_postgres::{Client, GenericClient, Transaction};
use pinquery::{Update, VirtualPin};
use tokio_postgres::{Error, Row};

use crate::devices::{DeviceKey, NewDevice};
use crate::store::{Cursor, History, Latest, Limit, SavedBatch, Timestamp};
use crate::value;

/// SQL scripts, each of which upgrades the tables by one version.
const MIGRATIONS: [&str; 3] = [
    include_str!("1.sql"),
    include_str!("2.sql"),
    include_str!("3.sql"),
];

const VERSION: i32 = MIGRATIONS.len() as i32;

/// "pinq" in ASCII; the key of an advisory lock that serializes the startup of servers and the
/// registration of devices.
const STARTUP_LOCK: i64 = 0x7069_6e71;

/// Checks the database and creates missing tables.
pub async fn prepare(client: &mut Client) -> anyhow::Result<()> {
    let transaction = client.transaction().await?;
    // Leaves time for other servers that are starting.
    transaction
        .batch_execute("SET LOCAL statement_timeout = '60s'")
        .await?;
    lock_devices(&transaction).await?;
    let show = "SELECT current_setting('server_encoding'), current_setting('fsync')";
    let row = transaction.query_one(show, &[]).await?;
    let (encoding, fsync): (String, String) = (row.get(0), row.get(1));
    ensure!(
        encoding == "UTF8",
        "its encoding is {encoding}: create it with ENCODING 'UTF8' TEMPLATE template0"
    );
    if fsync != "on" {
        tracing::warn!(
            fsync,
            "the database does not flush commits: acknowledged batches are not durable"
        );
    }
    migrate(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// Waits until no other server creates tables or registers devices.
async fn lock_devices(transaction: &Transaction<'_>) -> Result<(), Error> {
    let lock = "SELECT pg_advisory_xact_lock($1)";
    transaction.execute(lock, &[&STARTUP_LOCK]).await.map(drop)
}

async fn migrate(transaction: &Transaction<'_>) -> anyhow::Result<()> {
    let versions = "CREATE TABLE IF NOT EXISTS pinquery_migration
                    (version int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())";
    transaction.batch_execute(versions).await?;
    let newest = newest_version(transaction).await?;
    ensure!(newest <= VERSION, "unknown schema version {newest}");
    for (version, migration) in (1..).zip(MIGRATIONS) {
        if version > newest {
            tracing::info!(version, "upgrading the database");
            // Creating an index on a large table may take longer.
            let unlimited = "SET LOCAL statement_timeout = 0";
            transaction.batch_execute(unlimited).await?;
            transaction.batch_execute(migration).await?;
            let done = "INSERT INTO pinquery_migration (version) VALUES ($1)";
            transaction.execute(done, &[&version]).await?;
        }
    }
    Ok(())
}

/// Fails if the tables are missing or have another version. Only servers upgrade them, at startup.
pub async fn check_upgraded(client: &Client) -> anyhow::Result<()> {
    let exists = "SELECT to_regclass('pinquery_migration') IS NOT NULL";
    let exists: bool = client.query_one(exists, &[]).await?.get(0);
    ensure!(exists, "it was not created by this program");
    match newest_version(client).await? {
        newest if newest > VERSION => bail!("unknown schema version {newest}"),
        newest => ensure!(
            newest == VERSION,
            "its schema version is {newest}: start the server once to upgrade it"
        ),
    }
    Ok(())
}

async fn newest_version(client: &impl GenericClient) -> anyhow::Result<i32> {
    let newest = "SELECT coalesce(max(version), 0) FROM pinquery_migration";
    Ok(client.query_one(newest, &[]).await?.get(0))
}

/// The number of devices to read at once.
const DEVICES: i64 = 10_000;

/// Returns the numbers and keys of the next devices.
pub async fn registered(client: &Client, after: i64) -> anyhow::Result<Vec<(i64, DeviceKey)>> {
    let select = "SELECT id, token_sha256 FROM device WHERE id > $1 ORDER BY id LIMIT $2";
    let select = client.prepare_cached(select).await?;
    let rows = client.query(&select, &[&after, &DEVICES]).await?;
    let device = |row: &Row| {
        let key: &[u8] = row.try_get(1)?;
        Ok((row.try_get(0)?, DeviceKey::from_bytes(key.try_into()?)))
    };
    rows.iter().map(device).collect()
}

/// Registers new devices and returns their numbers. A device that was given an id keeps the number
/// it had under its token.
pub async fn register(client: &mut Client, devices: &[NewDevice]) -> anyhow::Result<Vec<i64>> {
    let bytes = |key: fn(&NewDevice) -> &DeviceKey| -> Vec<&[u8]> {
        let devices = devices.iter();
        devices.map(|device| &key(device).as_bytes()[..]).collect()
    };
    let (keys, old) = (
        bytes(|device| &device.key),
        bytes(|device| &device.token_key),
    );
    let transaction = client.transaction().await?;
    // Another server may be registering the same devices.
    lock_devices(&transaction).await?;
    let rename = "UPDATE device SET token_sha256 = k.key
                  FROM unnest($1::bytea[], $2::bytea[]) AS k (key, old)
                  WHERE token_sha256 = k.old AND k.old <> k.key
                  AND NOT EXISTS (SELECT FROM device WHERE token_sha256 = k.key)";
    let rename = transaction.prepare_cached(rename).await?;
    transaction.execute(&rename, &[&keys, &old]).await?;
    let insert = "INSERT INTO device (token_sha256)
                  SELECT key FROM unnest($1::bytea[]) AS k (key)
                  WHERE NOT EXISTS (SELECT FROM device WHERE token_sha256 = k.key)";
    let insert = transaction.prepare_cached(insert).await?;
    transaction.execute(&insert, &[&keys]).await?;
    let select = "SELECT id FROM unnest($1::bytea[]) WITH ORDINALITY AS k (key, position)
                  JOIN device ON token_sha256 = k.key ORDER BY position";
    let select = transaction.prepare_cached(select).await?;
    let rows = transaction.query(&select, &[&keys]).await?;
    transaction.commit().await?;
    ensure!(rows.len() == devices.len(), "a device is missing");
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Returns the number of a device, if it is registered.
pub async fn id(client: &Client, device: &DeviceKey) -> anyhow::Result<Option<i64>> {
    let select = "SELECT id FROM device WHERE token_sha256 = $1";
    let select = client.prepare_cached(select).await?;
    let row = client
        .query_opt(&select, &[&&device.as_bytes()[..]])
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Returns the size of the database in bytes.
pub async fn size(client: &Client) -> anyhow::Result<u64> {
    let size = "SELECT pg_database_size(current_database())";
    let size: i64 = client.query_one(size, &[]).await?.try_get(0)?;
    Ok(size.try_into()?)
}

/// Returns the newest value of each pin.
pub async fn latest(client: &Client, device: i64) -> anyhow::Result<Vec<Latest>> {
    let select = "SELECT pin, type, value, latitude, adjusted, at_us
                  FROM latest JOIN value USING (batch, pin) JOIN batch ON batch.id = latest.batch
                  WHERE latest.device = $1 ORDER BY pin";
    let select = client.prepare_cached(select).await?;
    let rows = client.query(&select, &[&device]).await?;
    let latest = |row: &Row| {
        Ok(Latest {
            update: update(row)?,
            at: Timestamp(row.try_get(5)?),
        })
    };
    rows.iter().map(latest).collect()
}

/// Returns the batches next to a cursor. The database does not send what exceeds the limit.
pub async fn history(
    client: &Client,
    device: i64,
    cursor: Cursor,
    limit: Limit,
) -> anyhow::Result<History> {
    let (id, comparison, order) = match cursor {
        Cursor::After(id) => (id, '>', "ASC"),
        Cursor::Before(id) => (id, '<', "DESC"),
    };
    let select = format!(
        "WITH found AS (
             SELECT id, at_us FROM batch
             WHERE device = $1 AND id {comparison} $2 ORDER BY id {order} LIMIT $3
         ), measured AS (
             SELECT *, sum(octet_length(value)) OVER (
                 ORDER BY id {order} GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
             ) AS size_before
             FROM found JOIN value ON value.batch = found.id
         )
         SELECT pin, type, value, latitude, adjusted, at_us, id, (SELECT count(*) FROM found)
         FROM measured WHERE size_before IS NULL OR size_before < $4 ORDER BY id, pin"
    );
    let select = client.prepare_cached(&select).await?;
    let [batches, bytes] = [limit.batches, limit.bytes];
    let [batches, bytes] = [batches, bytes].map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let rows = client
        .query(&select, &[&device, &id, &batches, &bytes])
        .await?;
    let found = rows.first().map_or(Ok(0), |row| row.try_get::<_, i64>(7))?;
    let mut history = History::default();
    for row in &rows {
        push(&mut history.batches, row)?;
    }
    history.more = found == batches || found > i64::try_from(history.batches.len())?;
    Ok(history)
}

fn push(batches: &mut Vec<SavedBatch>, row: &Row) -> anyhow::Result<()> {
    let (id, update) = (row.try_get(6)?, update(row)?);
    match batches.last_mut() {
        Some(batch) if batch.id == id => batch.updates.push(update),
        _ => batches.push(SavedBatch {
            id,
            at: Timestamp(row.try_get(5)?),
            updates: vec![update],
        }),
    }
    Ok(())
}

fn update(row: &Row) -> anyhow::Result<Update> {
    Ok(Update {
        pin: VirtualPin(u8::try_from(row.try_get::<_, i16>(0)?)?),
        value: value::value(row.try_get(1)?, row)?.context("unknown type")?,
        adjusted: match row.try_get::<_, Option<&str>>(4)? {
            Some(name) => Some(value::adjustment(name).context("unknown adjustment")?),
            None => None,
        },
    })
}

impl value::Row for Row {
    type Error = anyhow::Error;

    fn integer(&self) -> anyhow::Result<i64> {
        Ok(self.try_get::<_, &str>(2)?.parse()?)
    }

    fn double(&self) -> anyhow::Result<f64> {
        Ok(self.try_get::<_, &str>(2)?.parse()?)
    }

    fn text(&self) -> anyhow::Result<String> {
        Ok(self.try_get(2)?)
    }

    fn latitude(&self) -> anyhow::Result<f64> {
        Ok(self.try_get(3)?)
    }
}
