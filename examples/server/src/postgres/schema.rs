//! Tables and queries.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use deadpool_postgres::{Client, Transaction};
use pinquery::{Update, VirtualPin};
use tokio_postgres::Row;

use crate::devices::{Device, DeviceKey, Devices, Entry};
use crate::store::{Latest, SavedBatch, Timestamp};
use crate::value;

/// Each upgrades the tables by one version.
const MIGRATIONS: [&str; 1] = [include_str!("1.sql")];

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
