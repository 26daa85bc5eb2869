//! Tables and queries.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{bail, ensure};
use pinquery::{Adjustment, Update, VirtualPin};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{
    Connection, ErrorCode, Result, Row as SqlRow, Transaction, TransactionBehavior, params,
};

use crate::config::StoreLimits;
use crate::devices::{DeviceKey, NewDevice};
use crate::store::{Batch, Cursor, History, Latest, Limit, SavedBatch, Timestamp};
use crate::value::{self, Column, columns};

/// "pinq" in ASCII; distinguishes this database from another program's.
const APPLICATION: i64 = 0x7069_6e71;
const VERSION: i64 = 2;

/// How long to wait for another program's lock at startup.
const STARTUP_LOCK_WAIT: Duration = Duration::from_secs(5);

/// How long to check the database at startup; enough for a few gigabytes.
const CHECK_TIME: Duration = Duration::from_secs(10);

/// In a STRICT table, SQLite does not convert ANY values; a REAL column would turn -0.0 into 0.0.
/// `latest` points to the newest value of each pin, so that reading it needs no scan.
const TABLES: &str = "
    CREATE TABLE device (
        id INTEGER PRIMARY KEY,
        token_sha256 BLOB NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE batch (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        device INTEGER NOT NULL REFERENCES device,
        at_us INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX batch_by_device ON batch (device, id);
    CREATE TABLE value (
        batch INTEGER NOT NULL REFERENCES batch,
        pin INTEGER NOT NULL CHECK (pin BETWEEN 0 AND 255),
        type TEXT NOT NULL,
        value ANY NOT NULL,
        latitude ANY,
        adjusted TEXT,
        PRIMARY KEY (batch, pin)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE latest (
        device INTEGER NOT NULL REFERENCES device,
        pin INTEGER NOT NULL,
        batch INTEGER NOT NULL REFERENCES batch,
        PRIMARY KEY (device, pin)
    ) STRICT, WITHOUT ROWID;
";

/// Added by version 2, to find old batches.
const TIME_INDEX: &str = "CREATE INDEX batch_by_time ON batch (at_us)";

/// Checks the header of a file before SQLite opens it.
pub fn check_header(header: &[u8]) -> anyhow::Result<()> {
    let is_database = header.starts_with(b"SQLite format 3\0");
    ensure!(is_database, "it is not a SQLite database");
    check_program(integer(header, 68), integer(header, 60))
}

/// Returns the number of the checkpoint that wrote this header.
pub fn checkpoint_number(header: &[u8]) -> i64 {
    integer(header, 60) >> 8
}

fn integer(header: &[u8], offset: usize) -> i64 {
    let bytes = header.get(offset..).and_then(<[u8]>::first_chunk);
    i32::from_be_bytes(*bytes.unwrap_or(&[0; 4])).into()
}

fn check_program(application: i64, version: i64) -> anyhow::Result<()> {
    ensure!(application == APPLICATION, "it belongs to another program");
    let version = version & 0xFF;
    ensure!(
        (1..=VERSION).contains(&version),
        "unknown schema version {version}"
    );
    Ok(())
}

/// Fails if this header has another version. Only a server upgrades a database, at startup.
pub fn check_upgraded(header: &[u8]) -> anyhow::Result<()> {
    check_header(header)?;
    let version = integer(header, 60) & 0xFF;
    ensure!(
        version == VERSION,
        "its schema version is {version}: start the server once to upgrade it"
    );
    Ok(())
}

/// Checks the database and creates missing tables. Writes nothing before all checks have passed.
pub fn prepare(connection: &mut Connection, limits: &StoreLimits) -> anyhow::Result<()> {
    connection.busy_timeout(STARTUP_LOCK_WAIT)?;
    limit_size(connection, limits)?;
    check_integrity(connection)?;
    // FULL flushes the log at each commit, and so before `OK` is sent.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Before the log exists, so that the header of the file always identifies its program.
    make_tables(connection)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    // SQLite keeps its initial mode if the file system does not support shared memory.
    ensure!(
        mode != "delete",
        "its file system does not support write-ahead logging"
    );
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.busy_timeout(limits.lock_wait)?;
    connection.set_prepared_statement_cache_capacity(16);
    Ok(())
}

fn limit_size(connection: &Connection, limits: &StoreLimits) -> anyhow::Result<()> {
    let Some(bytes) = limits.max_database else {
        return Ok(());
    };
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (page, current) = (pragma("page_size")?, pragma("page_count")?);
    let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page;
    // SQLite silently raises a smaller limit to the current size.
    ensure!(
        pages >= current,
        "its size of {} bytes already exceeds `--max-database {bytes}`",
        current * page
    );
    let limit = format!("PRAGMA max_page_count = {pages}");
    connection.query_row(&limit, (), |_| Ok(()))?;
    Ok(())
}

/// Checks the structure of the database as far as possible in the time allowed.
fn check_integrity(connection: &Connection) -> anyhow::Result<()> {
    let interrupt = connection.get_interrupt_handle();
    let (done, wait) = mpsc::channel::<()>();
    let timer = thread::spawn(move || {
        if wait.recv_timeout(CHECK_TIME) == Err(RecvTimeoutError::Timeout) {
            interrupt.interrupt();
        }
    });
    let checked = connection.query_row("PRAGMA quick_check(1)", (), |row| row.get::<_, String>(0));
    drop(done);
    // Otherwise the interrupt could end a later statement.
    let _ = timer.join();
    match checked {
        Ok(result) if result == "ok" => tracing::info!("database passed its check"),
        Ok(fault) => bail!("it is damaged: {fault}"),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            tracing::warn!(
                seconds = CHECK_TIME.as_secs(),
                "database was only partly checked"
            );
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn make_tables(connection: &mut Connection) -> anyhow::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let pragma = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables = "SELECT count(*) FROM sqlite_schema";
    let is_empty = transaction.query_row(tables, (), |row| row.get::<_, i64>(0))? == 0;
    match (pragma("application_id")?, pragma("user_version")?) {
        (0, 0) if is_empty => {
            create(&transaction)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        // The log may be newer than the header of the file.
        (application, version) => {
            check_program(application, version)?;
            if version & 0xFF == 1 {
                tracing::info!("upgrading the database: indexing batches by time");
                transaction.execute_batch(TIME_INDEX)?;
                write_checkpoint_number(&transaction, version >> 8)?;
            }
        }
    }
    Ok(transaction.commit()?)
}

/// Creates the tables of the current version.
pub fn create(connection: &Connection) -> Result<()> {
    connection.execute_batch(TABLES)?;
    connection.execute_batch(TIME_INDEX)
}

/// The number of devices to read at once; other reads wait for less than a hundredth of a second.
const DEVICES: i64 = 10_000;

/// Returns the numbers and keys of the next devices.
pub fn registered(connection: &Connection, after: i64) -> Result<Vec<(i64, DeviceKey)>> {
    connection
        .prepare_cached("SELECT id, token_sha256 FROM device WHERE id > ?1 ORDER BY id LIMIT ?2")?
        .query_map((after, DEVICES), |row| {
            Ok((row.get(0)?, DeviceKey::from_bytes(row.get(1)?)))
        })?
        .collect()
}

/// Returns the number of a device, registering it if it is new. A device that was given an id keeps
/// the number it had under its token.
pub fn device_number(transaction: &Transaction<'_>, device: &NewDevice) -> Result<i64> {
    let (key, old) = (device.key.as_bytes(), device.token_key.as_bytes());
    let select = "SELECT id FROM device WHERE token_sha256 = ?1";
    let mut select = transaction.prepare_cached(select)?;
    if !select.exists([key])? {
        let rename = "UPDATE device SET token_sha256 = ?1 WHERE token_sha256 = ?2";
        if transaction.prepare_cached(rename)?.execute([key, old])? == 0 {
            let insert = "INSERT INTO device (token_sha256) VALUES (?1)";
            transaction.prepare_cached(insert)?.execute([key])?;
        }
    }
    select.query_row([key], |row| row.get(0))
}

/// Writes the number of the next checkpoint to the first page, so that the checkpoint changes the
/// header of the file. The version is in the low byte of the same field.
pub fn write_checkpoint_number(transaction: &Transaction<'_>, number: i64) -> Result<()> {
    transaction.pragma_update(None, "user_version", number << 8 | VERSION)
}

/// Writes one batch with its values.
pub fn insert(transaction: &Transaction<'_>, batch: &Batch, at: Timestamp) -> Result<()> {
    transaction
        .prepare_cached("INSERT INTO batch (device, at_us) VALUES (?1, ?2)")?
        .execute((batch.device, at.0))?;
    let id = transaction.last_insert_rowid();
    let mut insert =
        transaction.prepare_cached("INSERT INTO value VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let mut set_latest = transaction.prepare_cached(
        "INSERT INTO latest VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET batch = excluded.batch",
    )?;
    for update in &batch.updates {
        let (name, (value, latitude)) = (update.value.type_name(), columns(&update.value));
        let adjusted = update.adjusted.map(Adjustment::name);
        insert.execute(params![id, update.pin.0, name, value, latitude, adjusted])?;
        set_latest.execute((batch.device, update.pin.0, id))?;
    }
    Ok(())
}

impl ToSql for Column<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Integer(integer) => ValueRef::Integer(integer),
            Self::Double(double) => ValueRef::Real(double),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// Returns the newest value of each pin.
pub fn latest(connection: &Connection, device: i64) -> Result<Vec<Latest>> {
    connection
        .prepare_cached(
            "SELECT pin, type, value, latitude, adjusted, at_us
             FROM latest JOIN value USING (batch, pin) JOIN batch ON batch.id = batch
             WHERE latest.device = ?1 ORDER BY pin",
        )?
        .query_map([device], |row| {
            Ok(Latest {
                update: update(row)?,
                at: Timestamp(row.get(5)?),
            })
        })?
        .collect()
}

/// Returns the batches next to a cursor.
pub fn history(
    connection: &Connection,
    device: i64,
    cursor: Cursor,
    limit: Limit,
) -> Result<History> {
    let (id, order) = match cursor {
        Cursor::After(id) => (id, "id > ?2 ORDER BY id"),
        Cursor::Before(id) => (id, "id < ?2 ORDER BY id DESC"),
    };
    let select = format!("SELECT id, at_us FROM batch WHERE device = ?1 AND {order} LIMIT ?3");
    let mut select = connection.prepare_cached(&select)?;
    let batches = i64::try_from(limit.batches).unwrap_or(i64::MAX);
    let mut rows = select.query((device, id, batches))?;
    let mut history = History::default();
    let mut bytes = 0;
    while bytes < limit.bytes.max(1)
        && let Some(row) = rows.next()?
    {
        let (id, at) = (row.get(0)?, Timestamp(row.get(1)?));
        let updates = values(connection, id)?;
        bytes += updates.iter().map(size).sum::<usize>();
        history.batches.push(SavedBatch { id, at, updates });
    }
    history.more = bytes >= limit.bytes || history.batches.len() == limit.batches;
    if matches!(cursor, Cursor::Before(_)) {
        history.batches.reverse();
    }
    Ok(history)
}

fn values(connection: &Connection, batch: i64) -> Result<Vec<Update>> {
    let select =
        "SELECT pin, type, value, latitude, adjusted FROM value WHERE batch = ?1 ORDER BY pin";
    let mut select = connection.prepare_cached(select)?;
    select.query_map([batch], update)?.collect()
}

/// Returns the size of a value in bytes.
fn size(update: &Update) -> usize {
    match columns(&update.value).0 {
        Column::Text(text) => text.len(),
        Column::Integer(_) | Column::Double(_) => 8,
    }
}

fn update(row: &SqlRow<'_>) -> Result<Update> {
    Ok(Update {
        pin: VirtualPin(row.get(0)?),
        value: value::value(row.get_ref(1)?.as_str()?, row)?.ok_or_else(|| unknown(1))?,
        adjusted: match row.get_ref(4)?.as_str_or_null()? {
            Some(name) => Some(value::adjustment(name).ok_or_else(|| unknown(4))?),
            None => None,
        },
    })
}

impl value::Row for SqlRow<'_> {
    type Error = rusqlite::Error;

    fn integer(&self) -> Result<i64> {
        self.get(2)
    }

    fn double(&self) -> Result<f64> {
        self.get(2)
    }

    fn text(&self) -> Result<String> {
        self.get(2)
    }

    fn latitude(&self) -> Result<f64> {
        self.get(3)
    }
}

fn unknown(column: usize) -> rusqlite::Error {
    let error = "unknown name".into();
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn limits() -> StoreLimits {
        Config::default().store
    }

    #[test]
    fn another_programs_database_is_rejected() {
        let mut connection = Connection::open_in_memory().expect("database opens");
        connection
            .execute_batch("CREATE TABLE t (x)")
            .expect("table is created");
        assert_rejected(&mut connection, "it belongs to another program");
    }

    #[test]
    fn a_database_of_a_newer_version_is_rejected() {
        let mut connection = Connection::open_in_memory().expect("database opens");
        prepare(&mut connection, &limits()).expect("tables are created");
        connection
            .pragma_update(None, "user_version", VERSION + 1)
            .expect("version is changed");
        assert_rejected(&mut connection, "unknown schema version 3");
    }

    #[track_caller]
    fn assert_rejected(connection: &mut Connection, expected: &str) {
        let result = prepare(connection, &limits());
        let message = result.expect_err("the database is rejected").to_string();
        assert_eq!(message, expected);
    }
}
