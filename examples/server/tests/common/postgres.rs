//! A PostgreSQL of the tests' own: a cluster on loopback, run by an ordinary user, that goes with
//! the last test that uses it.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::{Scratch, eventually};

const USER: &str = "pinquery";

/// A database of one test.
pub struct Database {
    pub cluster: Arc<Cluster>,
    name: String,
}

impl Database {
    /// One in the cluster that tests of this program share; none, which is said, where PostgreSQL
    /// is not installed and `PINQUERY_REQUIRE_POSTGRES` is not set.
    pub fn new() -> Option<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = match shared.upgrade() {
            Some(cluster) => cluster,
            None => {
                // Processes are killed here and not machines: nothing has to be on the disk.
                let cluster = Arc::new(Cluster::start(&["-c", "fsync=off"])?);
                *shared = Arc::downgrade(&cluster);
                cluster
            }
        };
        drop(shared);
        Some(Self::of(cluster))
    }

    /// One in a cluster that this test may kill.
    pub fn alone(options: &[&str]) -> Option<Self> {
        Some(Self::of(Arc::new(Cluster::start(options)?)))
    }

    fn of(cluster: Arc<Cluster>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        cluster.ask("postgres", &format!("CREATE DATABASE {name}"));
        Self { cluster, name }
    }

    pub fn url(&self) -> String {
        let port = self.cluster.port;
        format!("postgres://{USER}:SECRET@127.0.0.1:{port}/{}", self.name)
    }

    /// What `psql` answers: a line for each row, `|` between its columns.
    pub fn ask(&self, sql: &str) -> String {
        self.cluster.ask(&self.name, sql)
    }

    /// The same, left to itself, so that it can hold a lock.
    pub fn hold(&self, sql: &str) -> Child {
        let mut psql = self.cluster.psql(&self.name);
        psql.args(["-c", sql]).stdout(Stdio::null());
        psql.spawn().expect("psql starts")
    }
}

pub struct Cluster {
    programs: PathBuf,
    data: PathBuf,
    port: u16,
    options: Vec<String>,
    postmaster: Mutex<Option<Child>>,
    _scratch: Scratch,
}

impl Cluster {
    fn start(options: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            let is_required = std::env::var_os("PINQUERY_REQUIRE_POSTGRES").is_some();
            assert!(!is_required, "PostgreSQL is required and not installed");
            println!("skipped: PostgreSQL is not installed");
            return None;
        };
        let scratch = Scratch::new();
        let data = scratch.path("postgres");
        fs::create_dir(&data).expect("a directory");
        if let Some((user, group)) = ordinary_user() {
            std::os::unix::fs::chown(&data, Some(user), Some(group)).expect("its owner");
        }
        let mut cluster = Self {
            programs,
            data,
            port: 0,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            postmaster: Mutex::new(None),
            _scratch: scratch,
        };
        let mut initdb = cluster.program("initdb");
        initdb.args([
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        let made = initdb
            .arg("-D")
            .arg(&cluster.data)
            .output()
            .expect("initdb");
        assert!(made.status.success(), "{made:?}");
        // Another program may take a port between our looking and PostgreSQL's taking it.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a port");
            cluster.port = free.local_addr().expect("a port").port();
            drop(free);
            if cluster.begin() {
                return Some(cluster);
            }
        }
        panic!("PostgreSQL does not start");
    }

    /// Starts PostgreSQL; whether it can be connected to.
    fn begin(&self) -> bool {
        let mut postgres = self.program("postgres");
        postgres
            .arg("-D")
            .arg(&self.data)
            .args(["-p", &self.port.to_string()]);
        postgres.args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
        ]);
        postgres.args(["-c", "shared_buffers=32MB", "-c", "max_connections=60"]);
        postgres.args(&self.options);
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.data.with_extension("log"))
            .expect("a log");
        let mut child = postgres
            .stderr(log)
            .stdout(Stdio::null())
            .spawn()
            .expect("postgres");
        loop {
            if child.try_wait().expect("its status").is_some() {
                return false;
            }
            let mut psql = self.psql("postgres");
            psql.args(["-c", "SHOW data_directory"]);
            let answer = psql.stderr(Stdio::null()).output().expect("psql");
            // Another cluster may have taken the port.
            if answer.stdout.trim_ascii_end() == self.data.as_os_str().as_encoded_bytes() {
                *self.child() = Some(child);
                return true;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Starts it again where it was killed.
    pub fn restart(&self) {
        // Processes of the one that was killed may still be on their way out.
        eventually("PostgreSQL starts again", || self.begin());
    }

    /// SIGKILL for all its processes.
    pub fn kill(&self) {
        let mut child = self.child().take().expect("it runs");
        let id = child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        child.kill().expect("a kill");
        child.wait().expect("its end");
        for id in children.unwrap_or_default().split_whitespace() {
            // Some have ended by themselves.
            let _ = Command::new("kill")
                .args(["-9", id])
                .stderr(Stdio::null())
                .status();
        }
        eventually("its port is closed", || {
            TcpStream::connect(("127.0.0.1", self.port)).is_err()
        });
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.postmaster
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir("/");
        if let Some((user, group)) = ordinary_user() {
            command.uid(user).gid(group);
        }
        command
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = self.program("psql");
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
        ]);
        psql.args(["-p", &self.port.to_string(), "-U", USER, "-d", database]);
        psql
    }

    fn ask(&self, database: &str, sql: &str) -> String {
        let mut psql = self.psql(database);
        let answer = psql.args(["-c", sql]).output().expect("psql starts");
        assert!(answer.status.success(), "{answer:?}");
        String::from_utf8(answer.stdout)
            .expect("text")
            .trim_end()
            .to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut child) = self.child().take() {
            // SIGINT: it ends its connections and then itself.
            let _ = Command::new("kill")
                .args(["-s", "INT", &child.id().to_string()])
                .status();
            let _ = child.wait();
        }
    }
}

/// The newest that is installed as Debian does it, or the one of the path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.sort_by_key(|path| {
        let version = path.parent().and_then(Path::file_name);
        version.and_then(|version| version.to_str()?.parse::<u32>().ok())
    });
    let paths = std::env::var_os("PATH").unwrap_or_default();
    found.splice(0..0, std::env::split_paths(&paths));
    found.into_iter().rfind(|path| path.join("initdb").exists())
}

/// PostgreSQL refuses to run as root: then as the user that its package makes, or as nobody.
fn ordinary_user() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let mut users = String::new();
    fs::File::open("/etc/passwd")
        .ok()?
        .read_to_string(&mut users)
        .ok()?;
    let user = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(str::parse);
        Some((ids.next()?.ok()?, ids.next()?.ok()?))
    };
    user("postgres").or_else(|| user("nobody"))
}
