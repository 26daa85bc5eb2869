//! Detection of changes that another program makes to the files of an open database.
//!
//! While the server holds a read transaction, no program that uses SQLite changes the database
//! file: it writes to the log, which cannot be copied into the database before the transaction ends.
//! Any other change overwrites data.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use super::files::{Files, HEADER, identity};
use super::schema;

/// The files as the server left them.
pub struct Watch {
    database: File,
    log: File,
    shared_memory: File,
    content: Content,
}

struct File {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

/// Differs after any write to the database file.
#[derive(Clone, PartialEq)]
struct Content {
    length: u64,
    modified: SystemTime,
    header: [u8; HEADER],
}

/// A change that another program made to the files.
pub enum Change {
    /// The database was moved, removed or replaced. It may be moved back.
    Moved,
    /// The database was overwritten, with different content unless `is_same`.
    Overwritten {
        /// Whether the log still belongs to it, as far as its header and length show.
        is_same: bool,
    },
    /// The log or its shared memory was removed or replaced.
    LogRemoved {
        /// Whether only this server can still read the log.
        is_lost: bool,
    },
}

impl Watch {
    /// Records the files after SQLite has created the log.
    pub fn new(files: &Files) -> io::Result<Self> {
        let file = |suffix| File::new(files.with_suffix(suffix));
        Ok(Self {
            database: file(""),
            log: file("-wal"),
            shared_memory: file("-shm"),
            content: Content::read(files)?,
        })
    }

    /// Records the content of the database after this server has changed it, and returns the number
    /// of its last checkpoint.
    pub fn record(&mut self, files: &Files) -> io::Result<i64> {
        self.content = Content::read(files)?;
        Ok(schema::checkpoint_number(&self.content.header))
    }

    /// Fails if another program has changed a file.
    pub fn check(&self, files: &Files) -> Result<(), Change> {
        if !self.database.is_unchanged() {
            return Err(Change::Moved);
        }
        let content = Content::read(files).ok();
        let is_unchanged = content.as_ref() == Some(&self.content);
        let has_log = self.log.is_unchanged();
        if !has_log || !self.shared_memory.is_unchanged() {
            // A program that opens the database creates an empty log.
            let is_empty = fs::metadata(&self.log.path).map_or(true, |log| log.len() == 0);
            let is_lost = !has_log && is_empty && is_unchanged;
            return Err(Change::LogRemoved { is_lost });
        }
        match is_unchanged {
            true => Ok(()),
            false => Err(Change::Overwritten {
                is_same: content.is_some_and(|content| {
                    (content.length, content.header) == (self.content.length, self.content.header)
                }),
            }),
        }
    }

    /// Renames the log, so that SQLite does not apply it to a database that it does not belong to.
    pub fn set_log_aside(&self, files: &Files) -> io::Result<()> {
        fs::rename(&self.log.path, files.with_suffix("-wal-replaced"))
    }
}

impl File {
    fn new(path: PathBuf) -> Self {
        let identity = Self::identity(&path);
        Self { path, identity }
    }

    fn identity(path: &PathBuf) -> Option<(u64, u64)> {
        fs::symlink_metadata(path).ok().as_ref().map(identity)
    }

    fn is_unchanged(&self) -> bool {
        self.identity == Self::identity(&self.path)
    }
}

impl Content {
    fn read(files: &Files) -> io::Result<Self> {
        let metadata = files.file.metadata()?;
        Ok(Self {
            length: metadata.len(),
            modified: metadata.modified()?,
            header: files.header()?,
        })
    }
}

/// The message for the log.
impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Moved => "the database file was moved, removed or replaced",
            Self::Overwritten { .. } => "another program has overwritten the database file",
            Self::LogRemoved { .. } => "the database's -wal or -shm file was removed",
        })
    }
}
