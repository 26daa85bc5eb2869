//! Writes groups of batches.

use deadpool_postgres::Client;
use futures_util::future::try_join;
use pinquery::{Adjustment, Update, Value, VirtualPin};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Statement};

use crate::store::{Batch, Timestamp};
use crate::value::{Column, columns};

/// Locks in the order of ids, to avoid deadlocks between servers.
pub(super) const LOCK: &str =
    "SELECT id FROM device WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

/// Locks only devices without locked rows: neither their own row nor a row of their latest values.
const LOCK_FREE: &str = "
    WITH free AS MATERIALIZED (
        SELECT id FROM device WHERE id = ANY($1) FOR NO KEY UPDATE SKIP LOCKED
    ), free_latest AS MATERIALIZED (
        SELECT device, pin FROM latest WHERE device IN (SELECT id FROM free)
        FOR NO KEY UPDATE SKIP LOCKED
    ), locked AS (
        SELECT device, pin FROM latest WHERE device = ANY($1)
        EXCEPT SELECT device, pin FROM free_latest
    )
    SELECT id FROM free WHERE id NOT IN (SELECT device FROM locked) ORDER BY id";

/// Begins a transaction that waits only briefly for a lock, because other servers hold one only for
/// a commit.
const BEGIN_BRIEFLY: &str = "BEGIN; SET LOCAL lock_timeout = 100";

pub(super) const INSERT: &str = include_str!("insert.sql");

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
    /// Devices that another program has locked, or may have.
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
    let mut skipped = Skipped::default();
    let result = write(client, BEGIN_BRIEFLY, LOCK, &devices, batches).await;
    if !is_lock_timeout(&result) {
        skipped.missing = difference(&devices, &result?);
        return Ok(skipped);
    }
    let result = write(client, BEGIN_BRIEFLY, LOCK_FREE, &devices, batches).await;
    let written = if !is_lock_timeout(&result) {
        result?
    } else if try_insert(client, BEGIN_BRIEFLY).await.is_ok() {
        // The lock is not on a row and affects only some devices, so each device is retried alone.
        Vec::new()
    } else {
        write(client, "BEGIN", LOCK_FREE, &devices, batches).await?
    };
    // Includes missing devices, which are detected when they are retried.
    skipped.locked = difference(&devices, &written);
    Ok(skipped)
}

/// Checks that [`insert`] would succeed: does what it does, but rolls back instead of committing.
pub async fn check(client: &Client) -> Result<(), Error> {
    try_insert(client, "BEGIN").await
}

/// Inserts and rolls back a batch whose device number is negative and unique, so that it waits
/// neither for a device's batches nor for another server's check.
async fn try_insert(client: &Client, begin: &str) -> Result<(), Error> {
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
        lock(client, begin, LOCK, &[batch.device]).await?;
        execute(client, &insert, [&batch], &[], "ROLLBACK").await
    };
    roll_back_on_error(client, inserted.await).await
}

/// Locks devices and writes their batches. Returns the devices that it locked, in ascending order.
async fn write(
    client: &Client,
    begin: &str,
    select: &str,
    devices: &[i64],
    batches: &[Batch],
) -> Result<Vec<i64>, Error> {
    // Prepared outside the transaction, whose lock timeout is short.
    let insert = client.prepare_cached(INSERT).await?;
    let written = async {
        let locked = lock(client, begin, select, devices).await?;
        let is_locked = |batch: &&Batch| locked.binary_search(&batch.device).is_ok();
        let batches = batches.iter().filter(is_locked);
        execute(client, &insert, batches, &[], "COMMIT").await?;
        Ok(locked)
    };
    roll_back_on_error(client, written.await).await
}

fn is_lock_timeout<T>(result: &Result<T, Error>) -> bool {
    let error = result.as_ref().err();
    error.and_then(Error::code) == Some(&SqlState::LOCK_NOT_AVAILABLE)
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

/// Inserts batches with their times, or the current time if `times` is empty, and ends the
/// transaction, which PostgreSQL rolls back if the insert failed.
pub(super) async fn execute<'a>(
    client: &Client,
    insert: &Statement,
    batches: impl IntoIterator<Item = &'a Batch>,
    times: &[i64],
    end: &str,
) -> Result<(), Error> {
    let columns = Columns::of(batches);
    let parameters: [&(dyn ToSql + Sync); 8] = [
        &columns.devices,
        &columns.positions,
        &columns.pins,
        &columns.types,
        &columns.values,
        &columns.latitudes,
        &columns.adjusted,
        &times,
    ];
    let inserted = client.execute(insert, &parameters);
    try_join(inserted, client.batch_execute(end)).await?;
    Ok(())
}

async fn roll_back_on_error<T>(client: &Client, result: Result<T, Error>) -> Result<T, Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_sqlite_casts_them() {
        let written = [1.0, -0.0, 5e-324].map(|double| text(Column::Double(double)));
        assert_eq!(written, ["1.0", "-0.0", "5e-324"]);
    }
}
