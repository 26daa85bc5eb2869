//! A temporary PostgreSQL cluster on loopback, run by an unprivileged user and stopped when the
//! last test that uses it ends.
#![cfg(feature = "postgres")]

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

use super::load::{Saved, SavedBatch};
use super::{Scratch, eventually};

const USER: &str = "pinquery";

/// A database for one test.
pub struct Database {
    pub cluster: Arc<Cluster>,
    name: String,
}

impl Database {
    /// Creates a database in a cluster shared by the tests of this binary. Returns `None`, with a
    /// note, if PostgreSQL is not installed and `PINQUERY_REQUIRE_POSTGRES` is not set.
    pub fn new() -> Option<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        // Tests kill processes, not the machine, so nothing needs to be flushed.
        Self::in_shared_cluster(&SHARED, &["-c", "fsync=off"])
    }

    /// Like `new`, but flushes commits.
    pub fn flushed() -> Option<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        Self::in_shared_cluster(&SHARED, &[])
    }

    fn in_shared_cluster(shared: &Mutex<Weak<Cluster>>, options: &[&str]) -> Option<Self> {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = match shared.upgrade() {
            Some(cluster) => cluster,
            None => Arc::new(Cluster::start(options)?),
        };
        *shared = Arc::downgrade(&cluster);
        drop(shared);
        Some(Self::in_cluster(cluster))
    }

    /// Creates a database in its own cluster, which the test may kill.
    pub fn in_own_cluster(options: &[&str]) -> Option<Self> {
        Some(Self::in_cluster(Arc::new(Cluster::start(options)?)))
    }

    fn in_cluster(cluster: Arc<Cluster>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        cluster.query("postgres", &format!("CREATE DATABASE {name}"));
        Self { cluster, name }
    }

    /// Replaces the database with one that has another encoding.
    pub fn recreate(&self, encoding: &str) {
        let name = &self.name;
        self.cluster
            .query("postgres", &format!("DROP DATABASE {name}"));
        let create = format!("CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0");
        self.cluster.query("postgres", &create);
    }

    pub fn url(&self) -> String {
        self.url_of(USER)
    }

    /// Returns the URL for this user.
    pub fn url_of(&self, user: &str) -> String {
        let port = self.cluster.port;
        format!("postgres://{user}:SECRET@127.0.0.1:{port}/{}", self.name)
    }

    /// Creates a role that is named after the database and may create tables in it.
    pub fn create_role(&self) -> String {
        let role = self.name.clone();
        self.query(&format!(
            "CREATE ROLE {role} LOGIN; GRANT CREATE ON SCHEMA public TO {role}"
        ));
        role
    }

    /// Creates a tablespace in a directory, named after the database.
    pub fn create_tablespace(&self, directory: &Path) -> String {
        let directory = directory.join("tablespace");
        fs::create_dir(&directory).expect("directory is created");
        give_to_postgres(&directory);
        let (name, directory) = (&self.name, directory.display());
        self.query(&format!("CREATE TABLESPACE {name} LOCATION '{directory}'"));
        name.clone()
    }

    /// Returns the output of `psql`: a line per row, with columns separated by `|`.
    pub fn query(&self, sql: &str) -> String {
        self.cluster.query(&self.name, sql)
    }

    /// Like `query`, but returns the error, such as that of a missing table.
    pub fn try_query(&self, sql: &str) -> Result<String, String> {
        self.cluster.try_query(&self.name, sql)
    }

    /// Sends SIGKILL to a process that executes a transaction of a server. The postmaster then
    /// restarts all others.
    pub fn kill_backend(&self) {
        let backend = "SELECT max(pid) FROM pg_stat_activity
                       WHERE application_name = 'pinquery-server' AND xact_start IS NOT NULL";
        let checkpointer = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'";
        let old = self.query(checkpointer);
        eventually("a transaction is killed", || kill_9(&self.query(backend)));
        eventually("PostgreSQL recovers", || {
            let new = self.cluster.try_query(&self.name, checkpointer);
            new.is_ok_and(|new| new != old)
        });
    }

    /// Executes a statement in a transaction that stays open, to hold its locks.
    pub fn hold(&self, statement: &str) -> Held<'_> {
        let mut psql = self.cluster.psql(&self.name);
        let sql = format!("BEGIN; {statement}; SELECT pg_sleep(3600)");
        psql.args(["-c", &sql]);
        psql.stdout(Stdio::null()).stderr(Stdio::null());
        let held = Held(self, psql.spawn().expect("psql starts"));
        eventually("the locks are held", || {
            self.query(&format!("SELECT count(*) {SLEEPING}")) == "1"
        });
        held
    }
}

impl Saved for Database {
    fn batches(&self) -> Vec<SavedBatch> {
        let select =
            "SELECT id, count(value), coalesce(min(value), '-1'), coalesce(max(value), '-1')
                      FROM batch LEFT JOIN value ON batch = id GROUP BY id";
        let batch = |row: &str| {
            let columns: Result<Vec<i64>, _> = row.split('|').map(str::parse).collect();
            let [id, count, min, max] = columns.expect("numbers")[..] else {
                panic!("{row}")
            };
            let values = (count, min, max);
            SavedBatch { id, values }
        };
        self.query(select).lines().map(batch).collect()
    }
}

const SLEEPING: &str =
    "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";

/// A transaction that stays open until dropped.
pub struct Held<'a>(&'a Database, Child);

impl Held<'_> {
    pub fn release(self) {}
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0
            .query(&format!("SELECT pg_terminate_backend(pid) {SLEEPING}"));
        self.1.wait().expect("psql exits");
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
            assert!(!is_required, "PostgreSQL is required but not installed");
            println!("skipped: PostgreSQL is not installed");
            return None;
        };
        let scratch = Scratch::new();
        let data = scratch.path("postgres");
        let mut cluster = Self {
            programs,
            data,
            port: 0,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            postmaster: Mutex::new(None),
            _scratch: scratch,
        };
        cluster.init();
        // Another program may take the port before PostgreSQL does.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").expect("free port");
            cluster.port = free.local_addr().expect("address").port();
            drop(free);
            if cluster.launch() {
                return Some(cluster);
            }
        }
        panic!("PostgreSQL does not start");
    }

    fn init(&self) {
        fs::create_dir(&self.data).expect("directory is created");
        give_to_postgres(&self.data);
        let mut initdb = self.program("initdb");
        initdb.args(["-U", USER, "-A", "trust", "-E", "UTF8"]);
        initdb.args(["--locale=C", "--no-sync", "-D"]);
        let output = initdb.arg(&self.data).output().expect("initdb");
        assert!(output.status.success(), "{output:?}");
    }

    /// Starts PostgreSQL. Returns whether it accepts connections.
    fn launch(&self) -> bool {
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
            .expect("log opens");
        let mut child = postgres
            .stderr(log)
            .stdout(Stdio::null())
            .spawn()
            .expect("postgres");
        loop {
            if child.try_wait().expect("exit status").is_some() {
                return false;
            }
            let mut psql = self.psql("postgres");
            psql.args(["-c", "SHOW data_directory"]);
            let response = psql.stderr(Stdio::null()).output().expect("psql");
            // Another cluster may be listening on this port.
            if response.stdout.trim_ascii_end() == self.data.as_os_str().as_encoded_bytes() {
                *self.child() = Some(child);
                return true;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Starts the cluster again after `kill`.
    pub fn restart(&self) {
        // Processes of the killed cluster may still be exiting.
        eventually("PostgreSQL restarts", || self.launch());
    }

    /// Sends SIGKILL to all processes of the cluster.
    pub fn kill(&self) {
        let mut child = self.child().take().expect("the cluster is running");
        let id = child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        child.kill().expect("postmaster is killed");
        child.wait().expect("postmaster exits");
        for id in children.unwrap_or_default().split_whitespace() {
            kill_9(id);
        }
        eventually("the port is closed", || {
            TcpStream::connect(("127.0.0.1", self.port)).is_err()
        });
    }

    /// Sends a signal to the postmaster. SIGSTOP keeps new connections waiting.
    pub fn signal(&self, name: &str) {
        let id = self.child().as_ref().expect("the cluster is running").id();
        let mut kill = Command::new("kill");
        let status = kill.args(["-s", name, &id.to_string()]).status();
        assert!(status.expect("`kill` runs").success());
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.postmaster
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir("/");
        if let Some((user, group)) = unprivileged_user() {
            command.uid(user).gid(group);
        }
        command
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = self.program("psql");
        psql.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"]);
        psql.args(["-p", &self.port.to_string(), "-U", USER, "-d", database]);
        psql
    }

    fn query(&self, database: &str, sql: &str) -> String {
        let result = self.try_query(database, sql);
        result.unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_query(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = self.psql(database);
        let output = psql.args(["-c", sql]).output().expect("psql starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        match output.status.success() {
            true => Ok(text(output.stdout).trim_end().to_owned()),
            false => Err(text(output.stderr)),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut child) = self.child().take() {
            // SIGINT requests a fast shutdown.
            let _ = Command::new("kill")
                .args(["-s", "INT", &child.id().to_string()])
                .status();
            let _ = child.wait();
        }
    }
}

/// Kills a process. Returns whether it was running.
fn kill_9(id: &str) -> bool {
    let mut kill = Command::new("kill");
    let status = kill.args(["-9", id]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Returns the directory of the newest version in Debian's layout, or else the one in `PATH`.
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

/// Makes the user that runs PostgreSQL the owner of a file or directory.
pub fn give_to_postgres(path: &Path) {
    if let Some((user, group)) = unprivileged_user() {
        std::os::unix::fs::chown(path, Some(user), Some(group)).expect("owner is set");
    }
}

/// PostgreSQL does not run as root, and NATS need not. If this process does, returns the user that
/// the package of PostgreSQL creates, or else `nobody`.
pub fn unprivileged_user() -> Option<(u32, u32)> {
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
