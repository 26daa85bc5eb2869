//! A rejected start changes nothing.

#![cfg(unix)]

mod common;

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Scratch, Server, command, output};
use rusqlite::Connection;

/// Mode, size, modification time, inode, owner and names of each file, and of what links point to.
type Snapshot = BTreeMap<PathBuf, [Option<[i64; 7]>; 2]>;

fn snapshot(directory: &Path) -> Snapshot {
    let stat = |metadata: fs::Metadata| {
        let (mode, size, names) = (metadata.mode(), metadata.size(), metadata.nlink());
        [
            mode.into(),
            size.cast_signed(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ino().cast_signed(),
            metadata.uid().into(),
            names.cast_signed(),
        ]
    };
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    // Another server may write to its log.
    let paths = paths.filter(|path| !path.ends_with("log"));
    let entries = paths.map(|path| {
        // SQLite rebuilds its index of the log at each start.
        let is_index = path.to_string_lossy().ends_with("-shm");
        let found = [fs::symlink_metadata(&path).ok(), fs::metadata(&path).ok()];
        let found = found.map(|found| found.filter(|_| !is_index).map(stat));
        (path, found)
    });
    entries.collect()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Runs a program. Returns whether it succeeded.
fn run(program: &str, args: &[&str], path: &Path) -> bool {
    let status = Command::new(program).args(args).arg(path).status();
    status.is_ok_and(|status| status.success())
}

/// The directory of a test, with a database that this server has created and closed.
struct Start {
    scratch: Scratch,
    database: PathBuf,
    args: Vec<String>,
}

impl Start {
    fn new() -> Self {
        let scratch = Scratch::new();
        let database = scratch.path("test.db");
        let mut server = Server::start(&scratch, &[]);
        assert_eq!(server.update("v1=1").summary(), (200, "OK"));
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0));
        // Some versions left this file.
        let _ = fs::remove_file(scratch.path("test.db.lock"));
        Self {
            scratch,
            database,
            args: Vec::new(),
        }
    }

    /// Starts without a database.
    fn empty() -> Self {
        let scratch = Scratch::new();
        let database = scratch.path("test.db");
        Self {
            scratch,
            database,
            args: Vec::new(),
        }
    }

    fn write(&self, offset: u64, bytes: &[u8]) {
        let mut file = File::options().write(true).open(&self.database).unwrap();
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.write_all(bytes).unwrap();
    }

    /// Asserts that the start is rejected with this message and leaves everything as it was.
    #[track_caller]
    fn assert_rejected(&self, message: &str) {
        let mut start = command();
        start.args(["--listen", "127.0.0.1:0", "--devices"]);
        start.arg(self.scratch.path("devices.json"));
        start.arg("--database").arg(&self.database).args(&self.args);
        self.assert_command_rejected(start, message);
    }

    /// Asserts the same of the `prune` command.
    #[track_caller]
    fn assert_prune_rejected(&self, message: &str) {
        let mut prune = command();
        prune.args(["prune", "--before", "2000-01-01", "--database"]);
        prune.arg(&self.database);
        self.assert_command_rejected(prune, message);
    }

    #[track_caller]
    fn assert_both_rejected(&self, message: &str) {
        self.assert_rejected(message);
        self.assert_prune_rejected(message);
    }

    #[track_caller]
    fn assert_command_rejected(&self, command: Command, message: &str) {
        let before = snapshot(&self.scratch.0);
        let (status, stdout, stderr) = output(command);
        let after = snapshot(&self.scratch.0);
        assert_eq!(after, before, "{stderr}");
        assert_eq!((status, &*stdout), (Some(1), ""), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
    }
}

#[test]
fn another_programs_database_is_not_changed() {
    let start = Start::empty();
    let theirs = Connection::open(&start.database).unwrap();
    theirs.execute_batch("CREATE TABLE theirs (x)").unwrap();
    start.assert_both_rejected("it belongs to another program");
    theirs.execute_batch("PRAGMA application_id = 7").unwrap();
    start.assert_both_rejected("it belongs to another program");
}

#[test]
fn a_file_that_is_not_a_database_is_not_changed() {
    let start = Start::empty();
    fs::write(&start.database, "SQLite format").unwrap();
    set_mode(&start.database, 0o600);
    start.assert_both_rejected("it is not a SQLite database");
}

#[test]
fn special_files_are_not_changed() {
    let mut start = Start::empty();
    fs::create_dir(&start.database).unwrap();
    start.assert_both_rejected("it is not a regular file");
    start.database = start.scratch.path("fifo");
    assert!(run("mkfifo", &["-m", "600"], &start.database));
    start.assert_both_rejected("it is not a regular file");
    start.database = start.scratch.path("socket");
    drop(std::os::unix::net::UnixListener::bind(&start.database).unwrap());
    start.assert_both_rejected("it is not a regular file");
    // A separate device, because root could change the machine's.
    let device = start.scratch.path("device");
    if Command::new("mknod")
        .arg(&device)
        .args(["c", "1", "3"])
        .status()
        .is_ok_and(|status| status.success())
    {
        start.database = start.scratch.path("link");
        symlink(&device, &start.database).unwrap();
        start.assert_both_rejected("it is not a regular file");
    }
}

#[test]
fn symbolic_links_to_other_files_change_nothing() {
    let mut start = Start::empty();
    symlink(start.scratch.path("nothing"), &start.database).unwrap();
    start.assert_both_rejected("cannot resolve its path");
    start.database = start.scratch.path("link");
    let theirs = start.scratch.path("theirs");
    fs::write(&theirs, "x").unwrap();
    set_mode(&theirs, 0o600);
    symlink(&theirs, &start.database).unwrap();
    start.assert_both_rejected("it is not a SQLite database");
    start.database = start.scratch.path("missing/test.db");
    start.assert_both_rejected("No such file or directory");
}

#[test]
fn a_link_in_place_of_the_log_is_not_followed() {
    let start = Start::new();
    let theirs = start.scratch.path("theirs");
    fs::write(&theirs, "x").unwrap();
    for suffix in ["wal", "shm", "journal"] {
        let link = start.scratch.path(&format!("test.db-{suffix}"));
        symlink(&theirs, &link).unwrap();
        start.assert_both_rejected("it is not a regular file");
        fs::remove_file(&link).unwrap();
    }
}

#[test]
fn modes_of_existing_files_are_not_changed() {
    let mut start = Start::new();
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    for mode in [0o000, 0o400, 0o640, 0o666] {
        set_mode(&start.database, mode);
        start.assert_rejected(&match is_root || mode & 0o600 == 0o600 {
            true => format!("its mode is {mode:o}: use `chmod 600`"),
            false => "Permission denied".to_owned(),
        });
    }
    start.args = ["--mode", "640"].map(str::to_owned).into();
    set_mode(&start.database, 0o600);
    start.assert_rejected("its mode is 600: use `chmod 640` or `--mode 600`");
}

#[test]
fn another_users_database_is_not_changed() {
    let start = Start::new();
    if chown(&start.database, Some(1), None).is_ok() {
        start.assert_both_rejected(
            "it belongs to user 1: run this program as that user, not as user 0",
        );
    }
}

#[test]
fn a_second_name_of_a_database_is_rejected() {
    let mut start = Start::new();
    let name = start.scratch.path("second.db");
    fs::hard_link(&start.database, &name).unwrap();
    start.assert_both_rejected("it has 2 names");
    start.database = name;
    start.assert_both_rejected("it has 2 names");
}

#[test]
fn a_newer_schema_is_not_changed() {
    let start = Start::new();
    start.write(63, &[3]);
    start.assert_both_rejected("unknown schema version 3");
}

#[test]
fn prune_neither_creates_nor_upgrades_a_database() {
    let mut start = Start::new();
    start.write(63, &[1]);
    start.assert_prune_rejected("its schema version is 1: start the server once to upgrade it");
    start.database = start.scratch.path("missing.db");
    start.assert_prune_rejected("No such file or directory");
    start.database = start.scratch.path("empty.db");
    fs::write(&start.database, "").unwrap();
    start.assert_prune_rejected("it is not a SQLite database");
}

#[test]
fn a_damaged_database_is_not_changed() {
    let start = Start::new();
    let length = fs::metadata(&start.database).unwrap().len();
    start.write(4096, &vec![0xA5; length as usize - 4096]);
    start.assert_rejected("it is damaged");
}

/// The log of a server that was killed is kept for the next start.
#[test]
fn the_log_of_a_damaged_database_is_kept() {
    let start = Start::empty();
    let mut server = Server::start(&start.scratch, &[]);
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
    server.kill();
    // The log does not contain the first page.
    start.write(2048, &[0xA5; 2048]);
    start.assert_rejected("malformed");
}

#[test]
fn a_database_that_is_too_large_is_not_changed() {
    let mut start = Start::new();
    start.args = ["--max-database", "4096"].map(str::to_owned).into();
    start.assert_rejected("already exceeds `--max-database 4096`");
    start.database = start.scratch.path("new.db");
    start.assert_rejected("database or disk is full");
}

#[test]
fn a_new_database_that_is_too_small_for_the_devices_is_removed() {
    let mut start = Start::empty();
    let device = |number| format!(r#""device-{number}":{{"v1":{{"type":"integer"}}}}"#);
    let devices: Vec<String> = (0..5000).map(device).collect();
    let devices = format!("{{{}}}", devices.join(","));
    fs::write(start.scratch.path("devices.json"), devices).unwrap();
    start.args = ["--max-database", "100000"].map(str::to_owned).into();
    start.assert_rejected("database or disk is full");
}

#[test]
fn a_locked_database_is_not_changed() {
    let start = Start::new();
    let other = Connection::open(&start.database).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    start.assert_rejected("database is locked");
}

#[test]
fn a_database_in_use_is_not_changed() {
    let mut start = Start::new();
    let server = Server::start(&start.scratch, &[]);
    start.assert_rejected("another pinquery-server is using this database");
    let (link, name) = (start.scratch.path("link.db"), start.scratch.path("name.db"));
    symlink(&start.database, &link).unwrap();
    fs::hard_link(&start.database, &name).unwrap();
    start.database = link;
    start.assert_rejected("it has 2 names");
    start.database = name.clone();
    start.assert_rejected("it has 2 names");
    assert_eq!(server.update("v1=2").summary(), (200, "OK"));
}

#[test]
fn invalid_devices_and_a_port_in_use_change_nothing() {
    for mut start in [Start::new(), Start::empty()] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        start.args = vec!["--listen".to_owned(), address];
        start.assert_rejected("cannot listen on");
        fs::write(start.scratch.path("devices.json"), "{").unwrap();
        start.args.clear();
        start.assert_rejected("devices.json");
    }
}

#[test]
fn an_empty_file_is_accepted() {
    let scratch = Scratch::new();
    fs::write(scratch.path("test.db"), "").unwrap();
    set_mode(&scratch.path("test.db"), 0o600);
    let server = Server::start(&scratch, &[]);
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
}

/// Starts the demo with this environment and returns its database.
fn demo_database(scratch: &Scratch, environment: &[(&str, &Path)]) -> PathBuf {
    let mut demo = command();
    demo.env_remove("XDG_STATE_HOME").env_remove("HOME");
    demo.env("TMPDIR", scratch.path("tmp"));
    demo.envs(environment.iter().copied());
    let server = Server::spawn(scratch, demo);
    let (_, database) = server.banner.split_once("database: ").unwrap();
    let database = PathBuf::from(database.trim_end());
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&database), 0o600);
    assert_eq!(mode(database.parent().unwrap()), 0o700);
    database
}

#[test]
fn the_demo_database_is_in_a_private_directory() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("tmp")).unwrap();
    let (state, home) = (scratch.path("state"), scratch.path("home"));
    let found = demo_database(&scratch, &[("XDG_STATE_HOME", &state), ("HOME", &home)]);
    assert_eq!(found, state.join("pinquery-server/demo.db"));
    // A relative path is ignored, as the XDG specification requires.
    let relative = Path::new("state");
    let found = demo_database(&scratch, &[("XDG_STATE_HOME", relative), ("HOME", &home)]);
    assert_eq!(found, home.join(".local/state/pinquery-server/demo.db"));
    let no_home = Path::new("/dev/null");
    let found: Vec<_> = (0..2)
        .map(|_| demo_database(&scratch, &[("HOME", no_home)]))
        .collect();
    assert_ne!(found[0], found[1]);
    assert!(found[0].starts_with(scratch.path("tmp")));
}
