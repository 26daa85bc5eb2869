//! Tables and queries.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use deadpool_postgres::{Client, GenericClient, Transaction};
use pinquery::{Update, VirtualPin};
use tokio_postgres::Row;

use crate::devices::{Device, DeviceKey, Devices, Entry};
use crate::store::{Cursor, History, Latest, Limit, SavedBatch, Timestamp};
use crate::value;

/// Each upgrades the tables by one version.
const MIGRATIONS: [&str; 2] = [include_str!("1.sql"), include_str!("2.sql")];

const VERSION: i32 = MIGRATIONS.len() as i32;

/// "pinq" in ASCII; the key of an advisory lock that serializes the startup of servers.
const STARTUP_LOCK: i64 = 0x7069_6e71;

/// Creates missing tables and registers the devices.
pub async fn prepare(
    client: &mut Client,
    devices: Devices,
) -> anyhow::Result<Devices<Arc<Device>>> {
    let transaction = client.transaction().await?;
    // Leaves time for many devices and for other servers that are starting.
    transaction
        .batch_execute("SET LOCAL statement_timeout = '60s'")
        .await?;
    transaction
        .execute("SELECT pg_advisory_xact_lock($1)", &[&STARTUP_LOCK])
        .await?;
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
    let numbers = register(&transaction, &devices).await?;
    transaction.commit().await?;
    devices.assign_numbers(|entry| {
        numbers
            .get(&entry.key)
            .copied()
            .context("a device is missing")
    })
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
            // An index of a large table takes longer.
            let unlimited = "SET LOCAL statement_timeout = 0";
            transaction.batch_execute(unlimited).await?;
            transaction.batch_execute(migration).await?;
            let done = "INSERT INTO pinquery_migration (version) VALUES ($1)";
            transaction.execute(done, &[&version]).await?;
        }
    }
    Ok(())
}

/// Fails if the tables are missing or of another version, which only the start of a server upgrades.
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

/// Returns the numbers of all devices, registering new ones. A device that was given an id keeps
/// the number it had under its token.
async fn register(
    transaction: &Transaction<'_>,
    devices: &Devices,
) -> anyhow::Result<HashMap<DeviceKey, i64>> {
    let bytes = |key: fn(&Entry) -> &DeviceKey| -> Vec<&[u8]> {
        devices
            .iter()
            .map(|entry| &key(entry).as_bytes()[..])
            .collect()
    };
    let (keys, old) = (bytes(|entry| &entry.key), bytes(|entry| &entry.token_key));
    let rename = "UPDATE device SET token_sha256 = k.key
                  FROM unnest($1::bytea[], $2::bytea[]) AS k (key, old)
                  WHERE token_sha256 = k.old AND k.old <> k.key
                  AND NOT EXISTS (SELECT FROM device WHERE token_sha256 = k.key)";
    transaction.execute(rename, &[&keys, &old]).await?;
    let insert = "INSERT INTO device (token_sha256) SELECT unnest($1::bytea[])
                  ON CONFLICT DO NOTHING";
    transaction.execute(insert, &[&keys]).await?;
    let select = "SELECT id, token_sha256 FROM device WHERE token_sha256 = ANY($1)";
    let rows = transaction.query(select, &[&keys]).await?;
    let number = |row: Row| Some((DeviceKey::from_bytes(row.get(1))?, row.get(0)));
    Ok(rows.into_iter().filter_map(number).collect())
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
