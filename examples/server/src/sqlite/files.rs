//! The files of a database: whose they are, who may read them, and whether they are still there.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

/// The files of a database that is open.
pub struct Files {
    /// Without links, and so without a meaning of its own for SQLite, as `:memory:` has one.
    pub database: PathBuf,
    /// The database and its log, each with what tells it from another file of the same name.
    held: Vec<(PathBuf, Identity)>,
    /// Locked for as long as it is open.
    ///
    /// The lock is the kernel's and goes with the process, however that ends. Its file stays:
    /// taking it away could take away one that another server has locked by then.
    _lock: File,
}

impl Files {
    /// Takes the database at this path, which is made if there is none.
    pub fn claim(database: &Path, mode: u32) -> anyhow::Result<Self> {
        open(database, mode)?;
        // Beside the file itself, as a link to it is the same database.
        let database = database.canonicalize()?;
        let path = beside(&database, ".lock");
        let lock = open(&path, mode).with_context(|| format!("lock {path:?}"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another pinquery-server uses this database"),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("lock {path:?}"));
            }
        }
        // SQLite gives files that it makes the mode of the database; these may be there already.
        for name in ["-wal", "-shm"] {
            let path = beside(&database, name);
            if path.exists() {
                set_mode(&path, mode)?;
            }
        }
        Ok(Self {
            database,
            held: Vec::new(),
            _lock: lock,
        })
    }

    /// Notes which files they are, once SQLite has made its log.
    pub fn note(&mut self) -> anyhow::Result<()> {
        for path in [self.database.clone(), beside(&self.database, "-wal")] {
            let identity = identity(&path)?;
            self.held.push((path, identity));
        }
        Ok(())
    }

    /// Fails where the files that are written to are not those that the next start would read.
    pub fn check(&self) -> anyhow::Result<()> {
        for (path, noted) in &self.held {
            let now = identity(path).with_context(|| format!("{path:?} is gone"))?;
            ensure!(now == *noted, "{path:?} is another file: start anew");
        }
        Ok(())
    }
}

fn beside(file: &Path, name: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(name);
    path.into()
}

/// Device and inode, where the system has them. Where it has none, an open file cannot be removed.
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

/// Opens a file, or makes it, that is nobody else's from its first moment.
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
    let now = fs::metadata(path)?.permissions().mode() & 0o7777;
    match now == mode {
        true => Ok(()),
        false => fs::set_permissions(path, fs::Permissions::from_mode(mode)),
    }
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
