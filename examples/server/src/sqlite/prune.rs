//! Deletes old batches of a SQLite database, in a separate process from the server.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use rusqlite::{Connection, TransactionBehavior};

use super::database::{CHECKPOINT_PAGES, checkpoint, connect, keep_log};
use super::files::Files;
use super::schema;
use crate::prune::{self, OldBatch, Position};
use crate::store::Timestamp;

/// The length of the log, in pages, at which nothing is deleted until the log is in the database.
const MAX_LOG_PAGES: i64 = 16 * CHECKPOINT_PAGES;

/// Pause between two attempts to take a lock or to find space in the log.
const POLL: Duration = Duration::from_millis(1);

/// Maximum attempts, for at least a minute in total.
const POLLS: i32 = 60_000;

/// The index on `at_us` provides the whole order, because it also contains the row id.
const SELECT: &str = "
    SELECT at_us, id, EXISTS (
        SELECT * FROM latest WHERE latest.device = batch.device AND latest.batch = batch.id
    )
    FROM batch WHERE at_us >= ?1 AND (at_us, id) > (?1, ?2) AND at_us < ?3
    ORDER BY at_us, id LIMIT ?4";
const DELETE_VALUES: &str = "DELETE FROM value WHERE batch = ?1";
const DELETE_BATCH: &str = "DELETE FROM batch WHERE id = ?1";

/// The old batches of a database that a server may be using.
pub struct OldBatches {
    connection: Connection,
    /// Last, because closing the file releases SQLite's locks.
    files: Files,
}

impl OldBatches {
    fn open_existing(path: &Path) -> anyhow::Result<Self> {
        let files = Files::open_shared(path)?;
        schema::check_upgraded(&files.header().context("it is not a SQLite database")?)?;
        let mut connection = connect(&files, Duration::ZERO)?;
        configure(&mut connection)?;
        Ok(Self { connection, files })
    }

    /// Waits until the log is short enough for another portion. Copies it into the database if no
    /// server does.
    fn limit_log(&self) -> anyhow::Result<()> {
        for _ in 0..POLLS {
            let (log, copied) = checkpoint(&self.connection, "NOOP")?;
            if log >= CHECKPOINT_PAGES && copied < log {
                let copy = || checkpoint(&self.connection, "PASSIVE");
                self.files.if_no_server(copy)?.transpose()?;
            }
            // The next transaction writes to the start of a log that has been copied.
            if log < MAX_LOG_PAGES || copied == log {
                return Ok(());
            }
            thread::sleep(POLL);
        }
        bail!("the log is full: another program is reading from it, or the server does not respond")
    }
}

fn configure(connection: &mut Connection) -> rusqlite::Result<()> {
    // Polls at short intervals, because a busy server releases its lock only briefly.
    connection.busy_handler(Some(|polls| {
        thread::sleep(POLL);
        polls < POLLS
    }))?;
    // Only a server may copy the log while it is running.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    keep_log(connection, true)?;
    // The next commit of the server flushes what was deleted.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Batches that `latest` refers to are not deleted. To check this, SQLite would scan `latest`
    // for each batch.
    connection.pragma_update(None, "foreign_keys", false)?;
    Ok(())
}

impl prune::OldBatches for OldBatches {
    async fn open(database: &str) -> anyhow::Result<Self> {
        let opened = Self::open_existing(Path::new(database));
        opened.with_context(|| format!("database {database:?}"))
    }

    async fn select(
        &mut self,
        after: Position,
        before: Timestamp,
        limit: usize,
    ) -> anyhow::Result<Vec<OldBatch>> {
        let mut select = self.connection.prepare_cached(SELECT)?;
        let limit = i64::try_from(limit)?;
        let rows = select.query_map((after.at.0, after.id, before.0, limit), |row| {
            Ok(OldBatch {
                position: Position {
                    at: Timestamp(row.get(0)?),
                    id: row.get(1)?,
                },
                is_latest: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    async fn delete(&mut self, ids: &[i64]) -> anyhow::Result<u64> {
        self.limit_log()?;
        let begin = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(begin)?;
        let mut deleted = 0;
        {
            let mut delete_values = transaction.prepare_cached(DELETE_VALUES)?;
            let mut delete_batch = transaction.prepare_cached(DELETE_BATCH)?;
            for id in ids {
                delete_values.execute([id])?;
                deleted += delete_batch.execute([id])?;
            }
        }
        transaction.commit()?;
        Ok(deleted as u64)
    }

    async fn close(self) -> anyhow::Result<()> {
        let Self { connection, files } = self;
        let close = || {
            keep_log(&connection, false)?;
            connection.close().map_err(|(_, error)| error)
        };
        files.if_no_server(close)?.transpose()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_portion_scans_a_table() {
        let mut connection = Connection::open_in_memory().expect("database opens");
        configure(&mut connection).expect("valid settings");
        schema::create(&connection).expect("tables are created");
        for sql in [SELECT, DELETE_VALUES, DELETE_BATCH] {
            let explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"));
            let mut explain = explain.expect("valid SQL");
            let steps = explain.raw_query().mapped(|row| row.get::<_, String>(3));
            for step in steps.map(|step| step.expect("a plan")) {
                let is_search = step.starts_with("SEARCH ") || step.starts_with("CORRELATED ");
                assert!(is_search, "{step}: {sql}");
            }
        }
    }
}
