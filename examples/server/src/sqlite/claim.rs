//! One server has a database to itself: it keeps the latest values in memory, and so would not see
//! what a second one saves.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Takes the database at this path, which exists, for as long as the file that it gives is open.
///
/// The lock is the kernel's and goes with the process, however that ends. Its file stays: taking
/// it away could take away one that another server has locked by then.
pub fn claim(database: &Path) -> anyhow::Result<File> {
    let path = lock_path(database)?;
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("lock {path:?}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("another pinquery-server uses this database"),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {path:?}")),
    }
}

/// Beside the file itself, as a link to it is the same database.
fn lock_path(database: &Path) -> anyhow::Result<PathBuf> {
    let file = database.canonicalize().context("it must be a file")?;
    let mut path = file.into_os_string();
    path.push(".lock");
    Ok(path.into())
}
