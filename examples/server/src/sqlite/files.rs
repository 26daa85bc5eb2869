//! The files of a database: ownership, permissions, and detection of removed or replaced files.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

/// The files of an open database.
pub struct Files {
    /// The canonical path, so that SQLite does not interpret names such as `:memory:`.
    pub database: PathBuf,
    /// The database and its write-ahead log, with their identities when they were opened.
    opened: Vec<(PathBuf, Identity)>,
    /// Locked while open.
    ///
    /// The kernel releases the lock when the process ends, however it ends. The file is kept:
    /// another server may have locked it by the time it would be deleted.
    _lock: File,
}

impl Files {
    /// Locks the database at this path, creating it if necessary.
    pub fn lock(database: &Path, mode: u32) -> anyhow::Result<Self> {
        open(database, mode)?;
        // A symbolic link names the same database, so it has to share the lock.
        let database = database.canonicalize()?;
        let path = with_suffix(&database, ".lock");
        let lock = open(&path, mode).with_context(|| format!("lock {path:?}"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another pinquery-server is using this database")
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("lock {path:?}"));
            }
        }
        // SQLite creates these with the mode of the database, but they may already exist.
        for suffix in ["-wal", "-shm"] {
            let path = with_suffix(&database, suffix);
            if path.exists() {
                set_mode(&path, mode)?;
            }
        }
        Ok(Self {
            database,
            opened: Vec::new(),
            _lock: lock,
        })
    }

    /// Records the files' identities, after SQLite has created the write-ahead log.
    pub fn record_identities(&mut self) -> anyhow::Result<()> {
        for path in [self.database.clone(), with_suffix(&self.database, "-wal")] {
            let identity = identity(&path)?;
            self.opened.push((path, identity));
        }
        Ok(())
    }

    /// Fails if the open files are not the ones that the next start would read.
    pub fn check(&self) -> anyhow::Result<()> {
        for (path, opened) in &self.opened {
            let current = identity(path).with_context(|| format!("{path:?} was removed"))?;
            ensure!(
                current == *opened,
                "{path:?} was replaced: restart the server"
            );
        }
        Ok(())
    }
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Device and inode on Unix. Elsewhere, an open file cannot be removed.
type Identity = Option<(u64, u64)>;

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path)?;
    Ok(Some((metadata.dev(), metadata.ino())))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|_| None)
}

/// Opens or creates a file. A new file is private from the start.
fn open(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    set_mode(path, mode)?;
    Ok(file)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let current = fs::metadata(path)?.permissions().mode() & 0o7777;
    match current == mode {
        true => Ok(()),
        false => fs::set_permissions(path, fs::Permissions::from_mode(mode)),
    }
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
