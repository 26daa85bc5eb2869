//! The files of a database before SQLite opens them: checked, created and locked.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::schema;
use crate::store::Size;

/// The length of the header of a SQLite database.
pub const HEADER: usize = 100;

/// How long to wait for the `prune` command, which locks the database while it copies the log.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// A database file that has been checked and, unless a server may be using it, locked.
pub struct Files {
    /// The canonical path, so that SQLite does not interpret names such as `:memory:`.
    pub database: PathBuf,
    /// Open until SQLite has closed the database: closing it releases SQLite's own locks, and ends
    /// this server's lock. The kernel does the same when the process ends, however it ends.
    pub file: File,
    _lock: Option<File>,
    /// Whether to remove the file on drop, because this start created it and has not completed.
    is_new: bool,
}

impl Files {
    /// Checks the database at this path, or creates it, and locks it. A rejected file is not
    /// changed.
    pub fn open(path: &Path, mode: u32) -> anyhow::Result<Self> {
        let (file, is_new) = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => (create(path, mode)?, true),
            _ => (open(path, Some(mode))?, false),
        };
        let database = path.canonicalize()?;
        let lock = lock_within(LOCK_WAIT, &file, &database)?;
        // Another server may have removed the file before it released the lock.
        check_identity(&file, &database)?;
        Ok(Self {
            database,
            file,
            _lock: lock,
            is_new,
        })
    }

    /// Checks an existing database without locking it, because a server may be using it.
    pub fn open_shared(path: &Path) -> anyhow::Result<Self> {
        let file = open(path, None)?;
        let database = path.canonicalize()?;
        check_identity(&file, &database)?;
        Ok(Self {
            database,
            file,
            _lock: None,
            is_new: false,
        })
    }

    /// Runs an operation unless a server is running or starting, and keeps servers from starting
    /// until it ends.
    pub fn if_no_server<T>(&self, operation: impl FnOnce() -> T) -> anyhow::Result<Option<T>> {
        let Ok(_lock) = lock(&self.file, &self.database) else {
            return Ok(None);
        };
        let result = operation();
        self.file.unlock()?;
        Ok(Some(result))
    }

    /// Reads the header of the database.
    pub fn header(&self) -> io::Result<[u8; HEADER]> {
        let (mut file, mut header) = (&self.file, [0; HEADER]);
        file.rewind()?;
        file.read_exact(&mut header)?;
        Ok(header)
    }

    /// Keeps a new file even if this is dropped, because the start has completed.
    pub const fn start_completed(&mut self) {
        self.is_new = false;
    }

    /// Returns the path of a file that SQLite keeps next to the database.
    pub fn with_suffix(&self, suffix: &str) -> PathBuf {
        with_suffix(&self.database, suffix)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if self.is_new {
            let _ = fs::remove_file(&self.database);
        }
    }
}

/// Returns the size of a database and its log.
pub fn size(database: &Path) -> Size {
    let length = |path: &Path| Some(fs::metadata(path).ok()?.len());
    let log = length(&with_suffix(database, "-wal")).unwrap_or(0);
    Size {
        used: length(database).map(|length| length + log),
        free: free_space(database),
    }
}

/// Returns the space that a user without privileges can fill.
#[cfg(unix)]
fn free_space(database: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(database.parent()?).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(not(unix))]
fn free_space(_: &Path) -> Option<u64> {
    None
}

fn check_identity(file: &File, database: &Path) -> anyhow::Result<()> {
    let found = identity(&fs::metadata(database)?);
    ensure!(found == identity(&file.metadata()?), "it was replaced");
    Ok(())
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Fails if the file exists, even as a symbolic link.
fn create(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    Ok(file)
}

/// Opens an existing database of this program. An empty file is accepted: a start may have been
/// killed before it created the tables.
fn open(path: &Path, mode: Option<u32>) -> anyhow::Result<File> {
    let path = path.canonicalize().context("cannot resolve its path")?;
    let metadata = fs::symlink_metadata(&path)?;
    check_owner(&metadata)?;
    let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
    let mut header = Vec::with_capacity(HEADER);
    file.by_ref().take(HEADER as u64).read_to_end(&mut header)?;
    if !header.is_empty() {
        schema::check_header(&header)?;
    }
    check_mode(&metadata, mode)?;
    for suffix in ["-journal", "-wal", "-shm"] {
        let path = with_suffix(&path, suffix);
        if let Ok(metadata) = fs::symlink_metadata(&path) {
            check_owner(&metadata)
                .and_then(|()| check_mode(&metadata, mode))
                .with_context(|| format!("{path:?}"))?;
        }
    }
    Ok(file)
}

/// Checks a file without opening it, which would block on a pipe and may affect a device.
fn check_owner(metadata: &Metadata) -> anyhow::Result<()> {
    ensure!(metadata.is_file(), "it is not a regular file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
        ensure!(
            owner == user,
            "it belongs to user {owner}: run this program as that user, not as user {user}"
        );
        let names = metadata.nlink();
        ensure!(
            names == 1,
            "it has {names} names, and SQLite would use a separate log for each"
        );
    }
    Ok(())
}

#[cfg(unix)]
fn check_mode(metadata: &Metadata, mode: Option<u32>) -> anyhow::Result<()> {
    let Some(mode) = mode else { return Ok(()) };
    let current = std::os::unix::fs::MetadataExt::mode(metadata) & 0o7777;
    ensure!(
        current == mode,
        "its mode is {current:o}: use `chmod {mode:o}` or `--mode {current:o}`"
    );
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Metadata, _: Option<u32>) -> anyhow::Result<()> {
    Ok(())
}

fn lock_within(limit: Duration, file: &File, database: &Path) -> anyhow::Result<Option<File>> {
    let start = Instant::now();
    loop {
        match lock(file, database) {
            Err(_) if start.elapsed() < limit => thread::sleep(Duration::from_millis(20)),
            result => return result,
        }
    }
}

/// Locks the file itself, so that all paths to it share the lock. Linux keeps such a lock apart
/// from those of SQLite. Elsewhere they conflict, so a file next to the database is locked.
fn lock(file: &File, database: &Path) -> anyhow::Result<Option<File>> {
    let separate = match cfg!(target_os = "linux") {
        true => None,
        false => Some(File::create(with_suffix(database, ".lock"))?),
    };
    match separate.as_ref().unwrap_or(file).try_lock() {
        Ok(()) => Ok(separate),
        Err(TryLockError::WouldBlock) => bail!("another pinquery-server is using this database"),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock it"),
    }
}

/// Device and inode on Unix. Elsewhere, an open file cannot be removed.
#[cfg(unix)]
pub fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
pub fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_start_waits_for_a_lock_that_is_released() {
        let name = format!("pinquery-lock-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).expect("directory is created");
        let path = directory.join("test.db");
        let mut files = Files::open(&path, 0o600).expect("file is created");
        files.start_completed();
        drop(files);
        let shared = Files::open_shared(&path).expect("file exists");
        let (locked, is_locked) = std::sync::mpsc::channel();
        let hold = move || {
            locked.send(()).expect("the test is waiting");
            thread::sleep(Duration::from_millis(200));
        };
        let holder = thread::spawn(move || shared.if_no_server(hold).expect("unlocked"));
        is_locked.recv().expect("the lock is held");
        let files = Files::open(&path, 0o600).expect("the lock is released");
        assert_eq!(holder.join().expect("no panic"), Some(()));
        let shared = Files::open_shared(&path).expect("file exists");
        let operation = shared.if_no_server(|| ()).expect("locked");
        assert_eq!(operation, None, "the server has the lock");
        drop(files);
        fs::remove_dir_all(directory).expect("directory is removed");
    }
}
