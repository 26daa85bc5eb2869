//! Database faults and killed servers: no batch is lost, duplicated or partially saved.

mod common;

use std::collections::HashSet;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use common::load::{Load, addresses, rounds};
use common::sqlite::find_batches;
use common::{
    Client, Scratch, Server, SmallDisk, TOKEN, UNAVAILABLE, eventually, numbered, update_target,
};
use rusqlite::Connection;

const CONSTRAINT: &str = r#"{"error":{"message":"The database rejects this batch."}}"#;
const TOO_MANY: &str = r#"{"error":{"message":"Too many batches are waiting. Try again."}}"#;

#[test]
fn a_locked_database_rejects_batches_until_unlocked() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--lock-wait", "0.1"]);
    assert_eq!(server.get(&numbered(1)).summary(), (200, "OK"));

    let locked = scratch.database();
    locked.execute_batch("BEGIN EXCLUSIVE").unwrap();
    for number in 2..5 {
        let start = Instant::now();
        let response = server.get(&numbered(number));
        assert_eq!(response.summary(), (503, UNAVAILABLE));
        assert_eq!(response.header("retry-after"), Some("1"));
        assert_eq!(response.header("content-type"), Some("application/json"));
        assert!(start.elapsed() < Duration::from_secs(15));
    }
    // Reads and rejections still work.
    assert_eq!(
        server
            .get(&format!("/external/api/get?token={TOKEN}&v10"))
            .summary(),
        (200, "1")
    );
    assert_eq!(server.update("v1=hot").status, 400);
    locked.execute_batch("ROLLBACK").unwrap();

    assert_eq!(server.get(&numbered(5)).summary(), (200, "OK"));
    assert_eq!(find_batches(&scratch.database()), HashSet::from([1, 5]));
    assert_eq!(
        server.metric("pinquery_batches_unavailable_total{kind=\"store_fault\"}"),
        3.0
    );
    assert_eq!(server.metric("pinquery_batches_accepted_total"), 2.0);
    assert_eq!(server.metric("pinquery_updates_accepted_total"), 8.0);
    // Logged once for three failures.
    scratch.assert_logged_once("database writes have recovered");
    scratch.assert_logged_once("database writes are failing");
    assert_eq!(server.metric("pinquery_faults_total{kind=\"write\"}"), 3.0);
}

#[test]
fn a_full_queue_rejects_batches_immediately() {
    let scratch = Scratch::new();
    let args = ["--queue", "4", "--group", "1", "--lock-wait", "60"];
    let server = Server::start(&scratch, &args);
    let locked = scratch.database();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let responses = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..12 {
            let (server, responses) = (&server, &responses);
            scope.spawn(move || {
                let start = Instant::now();
                let response = server.get(&numbered(number));
                responses
                    .lock()
                    .unwrap()
                    .push((number, response, start.elapsed()));
            });
        }
        // Four are queued; the writer may have taken one more before that.
        eventually("seven responses", || responses.lock().unwrap().len() >= 7);
        for (_, response, time) in responses.lock().unwrap().iter() {
            assert_eq!(response.summary(), (503, TOO_MANY));
            assert_eq!(response.header("retry-after"), Some("1"));
            assert!(*time < Duration::from_secs(15), "{time:?}");
        }
        assert!([3.0, 4.0].contains(&server.metric("pinquery_queue_length")));
        locked.execute_batch("ROLLBACK").unwrap();
    });
    let responses = responses.into_inner().unwrap();
    let saved = responses
        .iter()
        .filter(|(_, response, _)| response.summary() == (200, "OK"));
    let saved: HashSet<i64> = saved.map(|(number, ..)| *number).collect();
    assert!(matches!(saved.len(), 4 | 5), "{saved:?}");
    assert_eq!(find_batches(&scratch.database()), saved);
    let rejected = server.metric("pinquery_batches_unavailable_total{kind=\"queue_full\"}");
    assert_eq!(rejected, (12 - saved.len()) as f64);
}

#[test]
fn a_constraint_violation_does_not_affect_other_batches() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--lock-wait", "60"]);
    assert_eq!(server.get(&numbered(1)).summary(), (200, "OK"));
    // Deletes the other device's row while the server is running.
    let locked = scratch.database();
    let delete_other = "PRAGMA foreign_keys = OFF;
                        DELETE FROM device WHERE id NOT IN (SELECT device FROM batch);
                        BEGIN IMMEDIATE";
    locked.execute_batch(delete_other).unwrap();
    // The writer waits for the lock with at least the first; the others form the next group.
    let other = "/external/api/batch/update?token=another-device&v1=1";
    let send = |target: &str| server.send_and_wait_until_parsed(target);
    let (first, third) = (send(&numbered(2)), send(&numbered(3)));
    let (mut rejected, fourth) = (send(other), send(&numbered(4)));
    eventually("they are queued", || {
        server.metric("pinquery_queue_length") >= 2.0
    });
    locked.execute_batch("ROLLBACK").unwrap();
    for mut saved in [first, third, fourth] {
        assert_eq!(saved.read_response(false).unwrap().summary(), (200, "OK"));
    }
    let rejected = rejected.read_response(false).unwrap();
    assert_eq!(rejected.summary(), (500, CONSTRAINT));
    assert_eq!(rejected.header("retry-after"), None);
    assert_eq!(
        find_batches(&scratch.database()),
        HashSet::from([1, 2, 3, 4])
    );
    scratch.assert_logged_once("a batch violates a database constraint");
    let log = scratch.log();
    assert!(!log.contains("database writes are failing"), "{log}");
    let unavailable = |kind: &str| {
        server.metric(&format!(
            "pinquery_batches_unavailable_total{{kind=\"{kind}\"}}"
        ))
    };
    assert_eq!(
        (unavailable("constraint"), unavailable("store_fault")),
        (1.0, 0.0)
    );
}

#[test]
fn a_slow_request_times_out_with_503() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--request-timeout", "0.3", "--lock-wait", "60"]);
    let locked = scratch.database();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let with_slash = numbered(2).replace('?', "/?");
    for (target, count) in [(numbered(1), 1.0), (with_slash, 2.0)] {
        let response = server.get(&target);
        assert_eq!(
            response.summary(),
            (
                503,
                r#"{"error":{"message":"The request took too long. Try again."}}"#
            )
        );
        let timed_out = "pinquery_batches_unavailable_total{kind=\"timed_out\"}";
        assert_eq!(server.metric(timed_out), count, "{target}");
    }
    locked.execute_batch("ROLLBACK").unwrap();
    let mut number = 2;
    eventually("a batch is accepted in time", || {
        number += 1;
        server.get(&numbered(number)).summary() == (200, "OK")
    });
    // The first two timed out, but were saved nevertheless.
    assert!(find_batches(&scratch.database()).is_superset(&HashSet::from([1, 2, number])));
}

#[test]
fn a_full_database_rejects_batches_until_some_are_deleted() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--max-database", "81920"]);
    let text = "x".repeat(1000);
    let mut saved = 0;
    let mut client = server.connect();
    let rejected = loop {
        let target = update_target(&format!("v3={text}{saved}"));
        let response = client.get(&target).unwrap();
        if response.status != 200 {
            break response;
        }
        saved += 1;
        assert!(saved < 1000, "the limit has no effect");
    };
    assert_eq!(rejected.summary(), (503, UNAVAILABLE));
    assert!(saved > 5, "{saved}");
    let count = |table: &str| {
        let count = format!("SELECT count(*) FROM {table}");
        scratch
            .database()
            .query_row(&count, (), |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!((count("batch"), count("value")), (saved, saved));
    let read = format!("/external/api/get?token={TOKEN}&v3");
    let last = client.get(&read).unwrap();
    assert_eq!(last.summary(), (200, &*format!("{text}{}", saved - 1)));

    let delete_all_but_newest = "DELETE FROM value WHERE batch < (SELECT max(id) FROM batch);
                                 DELETE FROM batch WHERE id < (SELECT max(id) FROM batch);";
    let database = scratch.database();
    database.execute_batch(delete_all_but_newest).unwrap();
    let accepted = client.get(&update_target("v3=again")).unwrap();
    assert_eq!(accepted.summary(), (200, "OK"));
    assert_eq!((count("batch"), count("value")), (2, 2));
}

#[test]
#[ignore = "needs root, to mount a small file system"]
fn a_full_disk_rejects_batches_until_space_is_freed() {
    let scratch = Scratch::new();
    let disk = SmallDisk::mount(scratch.path("disk"));
    let (filler, file) = (disk.0.join("filler"), disk.0.join("test.db"));
    std::fs::write(&filler, vec![0; 1 << 20]).unwrap();
    let mut server = Server::start_on(&scratch, &file, &[]);
    let mut client = server.connect();
    let mut acknowledged = send_until_unavailable(&mut client);
    for number in -5..0 {
        assert_eq!(
            client.get(&numbered(number)).unwrap().summary(),
            (503, UNAVAILABLE)
        );
    }
    let last = acknowledged.len() as i64 - 1;
    let read = client
        .get(&format!("/external/api/get?token={TOKEN}&v10"))
        .unwrap();
    assert_eq!(read.summary(), (200, &*last.to_string()));

    std::fs::remove_file(&filler).unwrap();
    assert_eq!(client.get(&numbered(-9)).unwrap().summary(), (200, "OK"));
    let full = acknowledged.len();
    acknowledged.insert(-9);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let found = find_batches(&Connection::open(&file).unwrap());
    println!(
        "full disk: acknowledged {full}, rejected 6, then 1 more; found {}, partial 0",
        found.len()
    );
    assert_eq!(found, acknowledged);
}

/// Sends batches until the disk is full. Returns the numbers of those that were acknowledged.
fn send_until_unavailable(client: &mut Client) -> HashSet<i64> {
    let mut acknowledged = HashSet::new();
    for number in 0.. {
        assert!(number < 100_000, "the disk does not fill up");
        let response = client.get(&numbered(number)).unwrap();
        if response.summary() == (503, UNAVAILABLE) {
            break;
        }
        assert_eq!(response.summary(), (200, "OK"));
        acknowledged.insert(number);
    }
    acknowledged
}

/// Shows that batches are atomic and acknowledged only after the commit. As only the process is
/// killed, not the machine, it does not show that commits are flushed.
#[test]
fn kill_9_under_load_loses_no_acknowledged_batch() {
    let scratch = Scratch::new();
    let start = || Server::start(&scratch, &["--group", "64", "--lock-wait", "60"]);
    let mut server = start();
    let servers = addresses([&server]);
    let load = Load::default();
    load.during(&servers, || {
        for round in 1..=2 * rounds() {
            load.wait_for_acks(100);
            let database = scratch.database();
            if round % 2 == 0 {
                // Reveals batches that are acknowledged before their commit, because they get lost.
                database.execute_batch("BEGIN IMMEDIATE").unwrap();
                load.wait_until_blocked();
            }
            servers.lock().unwrap()[0] = None;
            server.kill();
            drop(database);
            let label = format!("kill -9, SQLite, round {round}");
            load.assert_nothing_lost(&label, &scratch.database());
            server = start();
            servers.lock().unwrap()[0] = Some(server.address);
        }
        load.wait_for_acks(50);
    });
    load.assert_nothing_lost("kill -9, SQLite, at the end", &scratch.database());
    assert_eq!(load.rejected(), 0);
}
