//! The writer's database: commits, checkpoints, and what happens if another program changes its
//! files.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{anyhow, ensure};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::files::Files;
use super::schema;
use super::watch::{Change, Watch};
use crate::config::StoreLimits;
use crate::devices::NewDevice;
use crate::store::{Batch, Timestamp};
use crate::writer::{Commit, CommitError};

/// The minimum length of the log for a checkpoint, in pages.
pub const CHECKPOINT_PAGES: i64 = 1000;

/// How often to check whether another program has finished copying the log.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// How long to wait until it has, which is less than a request may take.
const COPY_TIME: Duration = Duration::from_secs(2);

/// The message once another program has changed the files.
pub const STOPPED: &str = "the database will not be used until a restart";

/// The connection for reading, or `None` once the server has stopped using the database.
pub type Reader = Arc<Mutex<Option<Connection>>>;

/// An open database.
pub struct Database {
    connection: Connection,
    /// Holds a read transaction, so that no other program copies the log into the database.
    guard: Connection,
    reader: Reader,
    watch: Watch,
    /// The number of the last checkpoint.
    checkpoint: i64,
    /// The first page of the log that another program may copy, because this server has not copied
    /// it: another program was doing so, or a transaction was in the way.
    uncopied_from: Option<i64>,
    /// Whether another program has changed the files.
    is_stopped: bool,
    /// Last, because it must be closed after the connections.
    files: Files,
}

impl Database {
    /// Opens the database, creating it if necessary.
    pub fn open(files: Files, limits: &StoreLimits) -> anyhow::Result<Self> {
        let has_log = files.with_suffix("-wal").exists();
        let mut connection = connect(&files, limits.lock_wait)?;
        // A rejected start must not remove the log of a server that was killed.
        keep_log(&connection, has_log)?;
        schema::prepare(&mut connection, limits)?;
        keep_log(&connection, false)?;
        let (guard, reader) = (
            connect(&files, limits.lock_wait)?,
            connect(&files, limits.lock_wait)?,
        );
        // Creates the log of a new database.
        begin(&guard)?;
        let mut database = Self {
            connection,
            guard,
            reader: Arc::new(Mutex::new(Some(reader))),
            watch: Watch::new(&files)?,
            checkpoint: 0,
            uncopied_from: None,
            is_stopped: false,
            files,
        };
        database.copy_log()?;
        Ok(database)
    }

    /// Returns the connection for reading.
    pub fn reader(&self) -> Reader {
        Arc::clone(&self.reader)
    }

    /// Fails if another program has changed the files.
    fn check_files(&mut self) -> anyhow::Result<()> {
        ensure!(!self.is_stopped, STOPPED);
        match self.watch.check(&self.files) {
            Err(Change::Overwritten { .. }) if self.was_log_copied() => self.record(),
            Err(change) => Err(self.changed(&change)),
            Ok(()) => Ok(()),
        }
    }

    /// Stops using files that were changed, unless they were only moved.
    fn changed(&mut self, change: &Change) -> anyhow::Error {
        if matches!(change, Change::Moved) {
            return anyhow!("{change}");
        }
        tracing::error!(reason = %change, "{STOPPED}");
        self.is_stopped = true;
        if let Err(error) = self.stop(change) {
            tracing::error!(%error, "cannot save the database's log");
        }
        anyhow!(STOPPED)
    }

    /// Leaves the files as they are, except for a log that only this server can read or that would
    /// be applied to another database.
    fn stop(&mut self, change: &Change) -> anyhow::Result<()> {
        if let Some(reader) = lock(&self.reader).take() {
            keep_log(&reader, true)?;
        }
        keep_log(&self.connection, true)?;
        keep_log(&self.guard, true)?;
        match change {
            Change::LogRemoved { is_lost: true } => {
                end(&self.guard)?;
                checkpoint(&self.connection, "TRUNCATE")?;
            }
            Change::Overwritten { is_same: false } => self.watch.set_log_aside(&self.files)?,
            _ => {}
        }
        Ok(())
    }

    /// Commits a transaction. Checks the files before, so that it does not damage another database,
    /// and after, so that it succeeds only if the next start will find what it wrote.
    fn write<T>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> anyhow::Result<T> {
        self.check_files()?;
        if self.guard.is_autocommit() {
            self.copy_log()?;
        }
        let begin = TransactionBehavior::Immediate;
        // On error, dropping the transaction rolls it back.
        let transaction = self.connection.transaction_with_behavior(begin)?;
        let written = write(&transaction)?;
        transaction.commit()?;
        self.check_files()?;
        self.files.start_completed();
        Ok(written)
    }

    /// Commits a transaction. If `next` is the number of the next checkpoint, commits it, too, and
    /// then performs the checkpoint.
    fn write_and_copy<T>(
        &mut self,
        next: Option<i64>,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> anyhow::Result<T> {
        let written = self.write(|transaction| {
            let written = write(transaction)?;
            if let Some(number) = next {
                schema::write_checkpoint_number(transaction, number)?;
            }
            Ok(written)
        })?;
        if let Some(number) = next {
            self.complete_checkpoint(number)?;
        }
        Ok(written)
    }

    fn save(&mut self, batches: &[Batch]) -> anyhow::Result<()> {
        let next = self.next_checkpoint(CHECKPOINT_PAGES);
        self.write_and_copy(next, |transaction| {
            let mut batches = batches.iter();
            batches.try_for_each(|batch| schema::insert(transaction, batch, Timestamp::now()))
        })
    }

    /// Copies the log, which contains this number, and checks that the number is in the file.
    /// Another program that overwrites the database in the meantime also overwrites the number.
    fn complete_checkpoint(&mut self, number: i64) -> anyhow::Result<()> {
        self.copy_log()?;
        match self.uncopied_from.is_none() && self.checkpoint != number {
            true => Err(self.changed(&Change::Overwritten { is_same: false })),
            false => Ok(()),
        }
    }

    /// Returns the number of the next checkpoint if the log is long enough for one, and at least
    /// this many pages of it are not in the database.
    fn next_checkpoint(&self, uncopied: i64) -> Option<i64> {
        let (log, copied) = checkpoint(&self.connection, "NOOP").ok()?;
        (log >= CHECKPOINT_PAGES && log - copied >= uncopied)
            .then_some((self.checkpoint + 1) & 0x7F_FFFF)
    }

    /// Copies the log into the database, as far as the transactions of other programs allow. The
    /// next commit continues with the rest.
    fn copy_log(&mut self) -> anyhow::Result<()> {
        end(&self.guard)?;
        let copied = checkpoint(&self.connection, "PASSIVE");
        begin(&self.guard)?;
        // Before the guard began, another program may have started to copy, or have written more.
        let copied = copied.and_then(|_| checkpoint(&self.connection, "NOOP"));
        self.uncopied_from = match copied {
            Ok((log, copied)) => (copied < log).then_some(copied),
            Err(_) => Some(i64::MAX),
        };
        self.record()
    }

    /// Returns whether another program has copied a part of the log that it could copy. Waits until
    /// it has finished, because SQLite changes the file before it counts the copied pages.
    fn was_log_copied(&mut self) -> bool {
        let Some(from) = self.uncopied_from else {
            return false;
        };
        let deadline = Instant::now() + COPY_TIME;
        loop {
            let copied = checkpoint(&self.connection, "NOOP").map_or(0, |(_, copied)| copied);
            if copied > from || Instant::now() >= deadline {
                self.uncopied_from = Some(copied);
                return copied > from;
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn record(&mut self) -> anyhow::Result<()> {
        self.checkpoint = self.watch.record(&self.files)?;
        Ok(())
    }

    /// Writes the rest of the log to the database and closes it.
    pub fn close(mut self) {
        let _ = self.check_files();
        if self.is_stopped {
            return;
        }
        // SQLite removes the log when it closes the last connection.
        drop(lock(&self.reader).take());
        let closed = end(&self.guard)
            .and_then(|()| checkpoint(&self.connection, "TRUNCATE"))
            .and_then(|_| self.connection.close().map_err(|(_, error)| error));
        match closed {
            Ok(()) => tracing::info!("database closed"),
            // Nothing is lost: SQLite recovers from the write-ahead log at the next start.
            Err(error) => tracing::warn!(%error, "database was not closed cleanly"),
        }
    }
}

impl Commit for Database {
    async fn commit(&mut self, batches: &[Batch]) -> Result<(), CommitError> {
        self.save(batches).map_err(|error| {
            let sqlite = error.downcast_ref::<rusqlite::Error>();
            match sqlite.and_then(rusqlite::Error::sqlite_error_code) {
                Some(ErrorCode::ConstraintViolation) => CommitError::Constraint(error),
                _ => CommitError::Unavailable(error),
            }
        })
    }

    async fn register(&mut self, devices: &[NewDevice]) -> anyhow::Result<Vec<i64>> {
        let next = self.next_checkpoint(CHECKPOINT_PAGES);
        self.write_and_copy(next, |transaction| {
            let devices = devices.iter();
            devices
                .map(|device| schema::device_number(transaction, device))
                .collect()
        })
    }

    async fn check(&mut self) -> anyhow::Result<()> {
        let number = self.checkpoint;
        self.write(|transaction| schema::write_checkpoint_number(transaction, number))
    }

    /// Copies a log that other programs have written: all of it, because only then is its space
    /// reused.
    async fn idle(&mut self) {
        if let Some(next) = self.next_checkpoint(1) {
            // The next batch reports a fault.
            let _ = self.write_and_copy(Some(next), |_| Ok(()));
        }
    }
}

pub fn connect(files: &Files, lock_wait: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(&files.database, flags)?;
    connection.busy_timeout(lock_wait)?;
    Ok(connection)
}

/// Sets whether closing the last connection leaves the log as it is.
pub fn keep_log(connection: &Connection, keep: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)?;
    Ok(())
}

/// Begins a read transaction.
fn begin(guard: &Connection) -> rusqlite::Result<()> {
    guard.execute_batch("BEGIN; SELECT 1 FROM sqlite_schema")
}

fn end(guard: &Connection) -> rusqlite::Result<()> {
    match guard.is_autocommit() {
        true => Ok(()),
        false => guard.execute_batch("ROLLBACK"),
    }
}

/// Returns the length of the log and how much of it is in the database, in pages.
pub fn checkpoint(connection: &Connection, kind: &str) -> rusqlite::Result<(i64, i64)> {
    connection
        .prepare_cached(&format!("PRAGMA wal_checkpoint({kind})"))?
        .query_row((), |row| Ok((row.get(1)?, row.get(2)?)))
}

/// Ignores poisoning: a panic leaves the connection or handle usable.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// Runs the test on a database in its own directory.
    fn with_database(name: &str, test: impl FnOnce(Database)) {
        let name = format!("pinquery-{name}-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).expect("directory is created");
        let limits = Config::default().store;
        let files = Files::open(&directory.join("test.db"), limits.mode).expect("created");
        test(Database::open(files, &limits).expect("database opens"));
        std::fs::remove_dir_all(directory).expect("directory is removed");
    }

    #[track_caller]
    fn assert_stopped(database: &mut Database, result: anyhow::Result<()>) {
        assert_eq!(result.expect_err("stopped").to_string(), STOPPED);
        assert_eq!(
            database.save(&[]).expect_err("stopped").to_string(),
            STOPPED
        );
    }

    #[tokio::test]
    async fn a_checkpoint_whose_number_is_overwritten_stops_the_database() {
        with_database("checkpoint", |mut database| {
            for number in [1, 2] {
                let write = |transaction: &Transaction<'_>| {
                    schema::write_checkpoint_number(transaction, number)
                };
                database.write(write).expect("files are unchanged");
                let completed = database.complete_checkpoint(number);
                completed.expect("the number is in the file");
            }
            let completed = database.complete_checkpoint(3);
            assert_stopped(&mut database, completed);
        });
    }

    #[tokio::test]
    async fn a_file_that_changes_during_a_commit_stops_the_database() {
        with_database("commit", |mut database| {
            let path = database.files.database.clone();
            let written = database.write(|transaction| {
                let file = std::fs::File::options().append(true).open(path);
                let written = std::io::Write::write_all(&mut file.expect("opens"), b"x");
                written.expect("another program writes to the file");
                schema::write_checkpoint_number(transaction, 0)
            });
            assert_stopped(&mut database, written);
        });
    }
}
