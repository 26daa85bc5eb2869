//! Other programs change the files of a running server.

#![cfg(unix)]

mod common;

use std::collections::HashSet;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, SystemTime};

use common::sqlite::{Load, find_batches};
use common::{Scratch, Server, UNAVAILABLE, numbered};
use rusqlite::Connection;

const OVERWRITTEN: &str = "another program has overwritten the database file";

fn assert_intact(database: &Connection) {
    let check = database.query_row("PRAGMA integrity_check", (), |row| row.get::<_, String>(0));
    assert_eq!(check.unwrap(), "ok");
}

fn back_up(scratch: &Scratch) {
    let copy = scratch.path("copy.db");
    let backup = format!("VACUUM INTO '{}'", copy.display());
    scratch.database().execute_batch(&backup).unwrap();
    fs::set_permissions(copy, Permissions::from_mode(0o600)).unwrap();
}

/// Sends this many batches, one at a time.
fn save(server: &Server, numbers: std::ops::Range<i64>) {
    let mut client = server.connect();
    for number in numbers {
        let response = client.get(&numbered(number)).unwrap();
        assert_eq!(response.summary(), (200, "OK"));
    }
}

fn assert_stopped(server: &Server) {
    for _ in 0..2 {
        assert_eq!(server.get(&numbered(-1)).summary(), (503, UNAVAILABLE));
        assert_eq!(server.get("/health").status, 503);
    }
    let read = format!("/external/api/getAll?token={}", common::TOKEN);
    assert_eq!(server.get(&read).summary(), (503, UNAVAILABLE));
}

/// Stops the server and returns what the next one finds.
fn restart(scratch: &Scratch, mut server: Server, signal: &str) -> HashSet<i64> {
    server.signal(signal);
    server.wait();
    let restarted = Server::start(scratch, &[]);
    assert_eq!(restarted.get("/health").status, 200);
    let database = scratch.database();
    assert_intact(&database);
    find_batches(&database)
}

/// Copies a backup over the database while clients are sending, and restarts the server. It must
/// find the batches of the backup, and no others.
fn overwrite_under_load(signal: &str) {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--group", "64"]);
    let load = Load::default();
    let mut saved = HashSet::new();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| load.send(server.address)))
            .collect();
        load.wait_for_acks(500);
        saved = load.acknowledged.lock().unwrap().clone();
        back_up(&scratch);
        load.wait_for_acks(1000);
        fs::copy(scratch.path("copy.db"), scratch.path("test.db")).unwrap();
        load.is_over.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().expect("no later batch is acknowledged");
        }
    });
    assert_stopped(&server);
    scratch.assert_logged_once(OVERWRITTEN);
    let expected = find_batches(&Connection::open(scratch.path("copy.db")).unwrap());
    assert!(expected.is_superset(&saved));
    assert_eq!(restart(&scratch, server, signal), expected);
}

#[test]
fn a_backup_copied_over_the_database_is_noticed() {
    overwrite_under_load("TERM");
}

#[test]
fn a_backup_copied_over_the_database_survives_kill_9() {
    overwrite_under_load("KILL");
}

#[test]
fn a_backup_copied_over_an_idle_database_survives_a_stop() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    save(&server, 0..5);
    back_up(&scratch);
    save(&server, 5..10);
    fs::copy(scratch.path("copy.db"), scratch.path("test.db")).unwrap();
    assert_eq!(restart(&scratch, server, "TERM"), (0..5).collect());
}

#[test]
fn a_truncated_database_is_noticed() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    save(&server, 0..5);
    File::create(scratch.path("test.db")).unwrap();
    assert_stopped(&server);
}

/// The log still belongs to the database, so nothing may be lost.
#[test]
fn a_new_modification_time_loses_nothing() {
    for signal in ["TERM", "KILL"] {
        let scratch = Scratch::new();
        let server = Server::start(&scratch, &[]);
        save(&server, 0..5);
        let database = File::open(scratch.path("test.db")).unwrap();
        database.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_stopped(&server);
        assert_eq!(restart(&scratch, server, signal), (0..5).collect());
    }
}

#[test]
fn removing_the_log_loses_nothing() {
    for removed in [&["wal"][..], &["shm"], &["wal", "shm"]] {
        for signal in ["TERM", "KILL"] {
            let scratch = Scratch::new();
            let server = Server::start(&scratch, &[]);
            save(&server, 0..5);
            for suffix in removed {
                fs::remove_file(scratch.path(&format!("test.db-{suffix}"))).unwrap();
            }
            assert_stopped(&server);
            scratch.assert_logged_once("the database's -wal or -shm file was removed");
            let found = restart(&scratch, server, signal);
            assert_eq!(found, (0..5).collect(), "{removed:?}, {signal}");
        }
    }
}

/// Without the shared memory, the other program does not see the server's locks.
#[test]
fn a_program_that_reads_without_the_shared_memory_loses_nothing() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    save(&server, 0..100);
    fs::remove_file(scratch.path("test.db-shm")).unwrap();
    let other = scratch.database();
    assert_eq!(find_batches(&other), (0..100).collect());
    other
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    assert_stopped(&server);
    drop(other);
    assert_eq!(restart(&scratch, server, "KILL"), (0..100).collect());
}

/// Only the server copies the log into the database, so that it notices all other changes.
#[test]
fn other_programs_may_read_and_write_but_not_copy_the_log() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let length = |path: &Path| fs::metadata(path).unwrap().len();
    let path = scratch.path("test.db");
    let before = length(&path);
    let other = scratch.database();
    other
        .execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (zeroblob(9000000))")
        .unwrap();
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    let is_busy = other.query_row(checkpoint, (), |row| row.get::<_, bool>(0));
    assert!(is_busy.unwrap());
    assert_eq!(length(&path), before);
    // The server copies it at its second commit from here.
    save(&server, 0..2);
    assert!(length(&path) > 9_000_000);
    save(&server, 2..10);
    assert_eq!(restart(&scratch, server, "KILL"), (0..10).collect());
}

/// A third program's transaction keeps the server from copying the log.
#[test]
fn another_program_may_copy_the_log_if_the_server_could_not() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let (reader, other) = (scratch.database(), scratch.database());
    save(&server, 0..1);
    let count = "BEGIN; SELECT count(*) FROM batch";
    reader.execute_batch(count).unwrap();
    save(&server, 1..600);
    reader.execute_batch("COMMIT").unwrap();
    other
        .execute_batch("PRAGMA wal_checkpoint(PASSIVE)")
        .unwrap();
    save(&server, 600..1200);
    assert_eq!(restart(&scratch, server, "KILL"), (0..1200).collect());
}

/// By default, SQLite copies a long log at each commit, even while the server is copying it, too.
#[test]
fn another_program_may_write_while_the_server_copies_the_log() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--lock-wait", "30"]);
    let other = scratch.database();
    other.busy_timeout(common::TIMEOUT).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    thread::scope(|scope| {
        let clients = [0, 1500, 3000].map(|first| {
            let server = &server;
            scope.spawn(move || save(server, first..first + 1500))
        });
        while !clients.iter().all(|client| client.is_finished()) {
            let insert = "INSERT INTO theirs VALUES (zeroblob(100000)); DELETE FROM theirs";
            other.execute_batch(insert).unwrap();
            // SQLite's locks are not fair.
            thread::sleep(Duration::from_millis(1));
        }
    });
    drop(other);
    assert_eq!(restart(&scratch, server, "KILL"), (0..4500).collect());
}

#[test]
fn the_log_does_not_grow_without_bound() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    save(&server, 0..1500);
    let length = fs::metadata(scratch.path("test.db-wal")).unwrap().len();
    assert!(length < 8_000_000, "{length}");
    assert_eq!(restart(&scratch, server, "TERM"), (0..1500).collect());
}
