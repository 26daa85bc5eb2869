//! Tables and queries.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use deadpool_postgres::{Client, Transaction};
use futures_util::future::{try_join, try_join3};
use pinquery::{Adjustment, Update, Value, VirtualPin};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, Row, Statement};

use crate::devices::{Device, DeviceKey, Devices, Entry};
use crate::store::{Batch, Latest, SavedBatch, Timestamp};
use crate::value::{self, Column, columns};

/// Each upgrades the tables by one version.
const MIGRATIONS: [&str; 1] = [include_str!("1.sql")];

/// "pinq" in ASCII; the key of an advisory lock that serializes the startup of servers.
const STARTUP_LOCK: i64 = 0x7069_6e71;

/// Locks in the order of ids, to avoid deadlocks between servers.
const LOCK: &str = "SELECT id FROM device WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

/// Locks only rows that are not locked yet.
const LOCK_FREE: &str =
    "SELECT id FROM device WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED";

/// Begins a transaction that waits only briefly for a row's lock, because other servers hold it only
/// for a commit.
const BEGIN_BRIEFLY: &str = "BEGIN; SET LOCAL lock_timeout = 100";

const INSERT: &str = include_str!("insert.sql");

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
    let newest = "SELECT coalesce(max(version), 0) FROM pinquery_migration";
    let newest: i32 = transaction.query_one(newest, &[]).await?.get(0);
    ensure!(
        newest <= MIGRATIONS.len() as i32,
        "unknown schema version {newest}"
    );
    for (version, migration) in (1..).zip(MIGRATIONS) {
        if version > newest {
            transaction.batch_execute(migration).await?;
            let done = "INSERT INTO pinquery_migration (version) VALUES ($1)";
            transaction.execute(done, &[&version]).await?;
        }
    }
    Ok(())
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

/// The values of a group of batches, column by column, as the parameters of `insert.sql`.
#[derive(Default)]
struct Columns<'a> {
    devices: Vec<i64>,
    /// The position of each value's batch in the group, from 1.
    positions: Vec<i32>,
    pins: Vec<i16>,
    types: Vec<&'static str>,
    values: Vec<String>,
    latitudes: Vec<Option<f64>>,
    adjusted: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    fn of(batches: impl IntoIterator<Item = &'a Batch>) -> Self {
        let mut all = Self::default();
        for (position, batch) in (1..).zip(batches) {
            all.devices.push(batch.device);
            for update in &batch.updates {
                let (value, latitude) = columns(&update.value);
                all.positions.push(position);
                all.pins.push(update.pin.0.into());
                all.types.push(update.value.type_name());
                all.values.push(text(value));
                all.latitudes.push(latitude);
                all.adjusted.push(update.adjusted.map(Adjustment::name));
            }
        }
        all
    }
}

/// Devices whose batches were not written.
#[derive(Default)]
pub struct Skipped {
    /// Devices that another program has locked.
    pub locked: Vec<i64>,
    /// Devices without a row.
    pub missing: Vec<i64>,
}

/// Writes batches with their values, all or nothing, except those of the devices that it returns.
///
/// The ids of a device's batches are assigned while the device's row is locked. PostgreSQL releases
/// a lock only after the commit has become visible, so a reader that sees a batch also sees all
/// batches of its device with smaller ids, whichever server wrote them: ids are a reliable cursor.
/// Batches of different devices do not wait for each other, or only briefly.
pub async fn insert(client: &Client, batches: &[Batch]) -> Result<Skipped, Error> {
    let mut devices: Vec<i64> = batches.iter().map(|batch| batch.device).collect();
    devices.sort_unstable();
    devices.dedup();
    // Prepared outside the transaction, whose lock timeout is short.
    let insert = client.prepare_cached(INSERT).await?;
    let mut skipped = Skipped::default();
    let inserted = async {
        let locked = match lock(client, BEGIN_BRIEFLY, LOCK, &devices).await {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                client.batch_execute("ROLLBACK").await?;
                if devices.len() == 1 {
                    skipped.locked = devices;
                    return Ok(());
                }
                let locked = lock(client, "BEGIN", LOCK_FREE, &devices).await?;
                // Includes missing devices, which are detected when they are retried.
                skipped.locked = difference(&devices, &locked);
                locked
            }
            result => {
                let locked = result?;
                skipped.missing = difference(&devices, &locked);
                locked
            }
        };
        let is_locked = |batch: &&Batch| locked.binary_search(&batch.device).is_ok();
        execute(client, &insert, batches.iter().filter(is_locked), "COMMIT").await
    };
    roll_back_on_error(client, inserted.await).await?;
    Ok(skipped)
}

/// Does what [`insert`] does, but rolls back instead of committing.
///
/// Its device number is negative and unique, so that it waits neither for a device's batches nor for
/// another server's check.
pub async fn try_insert(client: &Client) -> Result<(), Error> {
    let update = Update {
        pin: VirtualPin(0),
        value: Value::Integer(0),
        adjusted: None,
    };
    let batch = Batch {
        device: -Timestamp::now().0,
        updates: vec![update],
    };
    let insert = client.prepare_cached(INSERT).await?;
    let inserted = async {
        lock(client, "BEGIN", LOCK, &[batch.device]).await?;
        execute(client, &insert, [&batch], "ROLLBACK").await
    };
    roll_back_on_error(client, inserted.await).await
}

/// Begins a transaction and locks the rows of devices. Returns those that are locked, in ascending
/// order.
async fn lock(
    client: &Client,
    begin: &str,
    select: &str,
    devices: &[i64],
) -> Result<Vec<i64>, Error> {
    let select = client.prepare_cached(select).await?;
    // Pipelined: both are sent at once and executed in order.
    let begun = client.batch_execute(begin);
    let ((), locked) = try_join(begun, client.query(&select, &[&devices])).await?;
    Ok(locked.iter().map(|row| row.get(0)).collect())
}

/// Inserts batches and ends the transaction, which PostgreSQL rolls back if the insert failed.
async fn execute<'a>(
    client: &Client,
    insert: &Statement,
    batches: impl IntoIterator<Item = &'a Batch>,
    end: &str,
) -> Result<(), Error> {
    let columns = Columns::of(batches);
    try_join3(
        client.batch_execute("SET LOCAL lock_timeout TO DEFAULT"),
        client.execute(
            insert,
            &[
                &columns.devices,
                &columns.positions,
                &columns.pins,
                &columns.types,
                &columns.values,
                &columns.latitudes,
                &columns.adjusted,
            ],
        ),
        client.batch_execute(end),
    )
    .await?;
    Ok(())
}

async fn roll_back_on_error(client: &Client, result: Result<(), Error>) -> Result<(), Error> {
    if result.is_err() {
        client.batch_execute("ROLLBACK").await?;
    }
    result
}

/// Returns the devices that are not among those locked; both are in ascending order.
fn difference(devices: &[i64], locked: &[i64]) -> Vec<i64> {
    let is_missing = |device: &&i64| locked.binary_search(device).is_err();
    devices.iter().filter(is_missing).copied().collect()
}

/// Formats a column as SQLite would cast it to text. Doubles survive a round trip exactly.
fn text(column: Column<'_>) -> String {
    match column {
        Column::Integer(integer) => integer.to_string(),
        Column::Double(double) => format!("{double:?}"),
        Column::Text(text) => text.to_owned(),
    }
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

/// Returns the batches that follow `after`, or the newest ones, oldest first.
pub async fn history(
    client: &Client,
    device: i64,
    after: Option<i64>,
    limit: usize,
) -> anyhow::Result<Vec<SavedBatch>> {
    let order = if after.is_some() { "ASC" } else { "DESC" };
    let select = format!(
        "WITH found AS (
             SELECT id, at_us FROM batch WHERE device = $1 AND id > $2 ORDER BY id {order} LIMIT $3
         )
         SELECT pin, type, value, latitude, adjusted, at_us, id
         FROM found JOIN value ON value.batch = found.id ORDER BY id, pin"
    );
    let select = client.prepare_cached(&select).await?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = client
        .query(&select, &[&device, &after.unwrap_or(0), &limit])
        .await?;
    let mut batches: Vec<SavedBatch> = Vec::new();
    for row in &rows {
        let (id, update) = (row.try_get(6)?, update(row)?);
        match batches.last_mut() {
            Some(batch) if batch.id == id => batch.updates.push(update),
            _ => batches.push(SavedBatch {
                id,
                at: Timestamp(row.try_get(5)?),
                updates: vec![update],
            }),
        }
    }
    Ok(batches)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_sqlite_casts_them() {
        let written = [1.0, -0.0, 5e-324].map(|double| text(Column::Double(double)));
        assert_eq!(written, ["1.0", "-0.0", "5e-324"]);
    }
}
