//! What becomes of batches when the store cannot take them, and when the server is killed.

mod common;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{Client, Scratch, Server, SmallDisk, TOKEN, eventually, numbered, update_target};
use rusqlite::Connection;

const NOT_AVAILABLE: &str = r#"{"error":{"message":"The database is not available. Try again."}}"#;
const REFUSED: &str = r#"{"error":{"message":"The database refuses this batch."}}"#;
const TOO_MANY: &str = r#"{"error":{"message":"Too many batches are waiting. Try again."}}"#;

/// The numbers of the batches in the database. Fails where one is not whole.
fn found(database: &Connection) -> HashSet<i64> {
    let mut select = database
        .prepare("SELECT count(*), min(value), max(value) FROM batch LEFT JOIN value ON batch = id GROUP BY id")
        .unwrap();
    let rows = select
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    let numbers = rows.map(|row| {
        let (count, min, max): (i64, i64, i64) = row.unwrap();
        assert!(
            count == 4 && min == max,
            "half a batch: {count} values from {min} to {max}"
        );
        min
    });
    let numbers: Vec<i64> = numbers.collect();
    let unique: HashSet<i64> = numbers.iter().copied().collect();
    assert_eq!(numbers.len(), unique.len(), "a batch is there twice");
    unique
}

#[test]
fn a_locked_database_refuses_and_then_goes_on() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--lock-wait", "0.1"]);
    assert_eq!(server.get(&numbered(1)).told(), (200, "OK"));

    let locked = scratch.database();
    locked.execute_batch("BEGIN EXCLUSIVE").unwrap();
    for number in 2..5 {
        let start = Instant::now();
        let answer = server.get(&numbered(number));
        assert_eq!(answer.told(), (503, NOT_AVAILABLE));
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(start.elapsed() < Duration::from_secs(15));
    }
    // Reading and refusing go on meanwhile.
    assert_eq!(
        server
            .get(&format!("/external/api/get?token={TOKEN}&v10"))
            .told(),
        (200, "1")
    );
    assert_eq!(server.update("v1=hot").status, 400);
    locked.execute_batch("ROLLBACK").unwrap();

    assert_eq!(server.get(&numbered(5)).told(), (200, "OK"));
    assert_eq!(found(&scratch.database()), HashSet::from([1, 5]));
    assert_eq!(
        server.metric("pinquery_batches_unavailable_total{kind=\"store_fault\"}"),
        3.0
    );
    // Once, however many it cost.
    scratch.logged_once("the database takes batches again");
    scratch.logged_once("the database takes no batches");
    assert_eq!(server.metric("pinquery_faults_total{kind=\"write\"}"), 3.0);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let scratch = Scratch::new();
    let server = Server::start(
        &scratch,
        &["--queue", "4", "--group", "1", "--lock-wait", "60"],
    );
    let locked = scratch.database();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answers = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..12 {
            let (server, answers) = (&server, &answers);
            scope.spawn(move || {
                let start = Instant::now();
                let answer = server.get(&numbered(number));
                answers
                    .lock()
                    .unwrap()
                    .push((number, answer, start.elapsed()));
            });
        }
        // Four wait, and one is in the writer's hands, if it took one before the others came.
        eventually("seven are refused", || answers.lock().unwrap().len() >= 7);
        for (_, answer, time) in answers.lock().unwrap().iter() {
            assert_eq!(answer.told(), (503, TOO_MANY));
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert!(*time < Duration::from_secs(15), "{time:?}");
        }
        assert!([3.0, 4.0].contains(&server.metric("pinquery_queue_length")));
        locked.execute_batch("ROLLBACK").unwrap();
    });
    let answers = answers.into_inner().unwrap();
    let saved = answers
        .iter()
        .filter(|(_, answer, _)| answer.told() == (200, "OK"));
    let saved: HashSet<i64> = saved.map(|(number, ..)| *number).collect();
    assert!(matches!(saved.len(), 4 | 5), "{saved:?}");
    assert_eq!(found(&scratch.database()), saved);
    let refused = server.metric("pinquery_batches_unavailable_total{kind=\"queue_full\"}");
    assert_eq!(refused, (12 - saved.len()) as f64);
}

#[test]
fn a_batch_that_breaks_a_rule_of_the_database_costs_no_other() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--lock-wait", "60"]);
    assert_eq!(server.get(&numbered(1)).told(), (200, "OK"));
    // As nobody should: a device's row goes while the server is at work.
    let locked = scratch.database();
    let without_the_other = "PRAGMA foreign_keys = OFF;
                             DELETE FROM device WHERE id NOT IN (SELECT device FROM batch);
                             BEGIN IMMEDIATE";
    locked.execute_batch(without_the_other).unwrap();
    thread::scope(|scope| {
        let server = &server;
        // It waits for the lock in the writer's hands, and the others in one group behind it.
        let mut first = server.send_and_wait_until_it_waits(&numbered(2));
        let other = "/external/api/batch/update?token=another-device&v1=1";
        let refused = scope.spawn(|| server.get(other));
        let more = [3, 4].map(|number| scope.spawn(move || server.get(&numbered(number))));
        eventually("three wait", || {
            server.metric("pinquery_queue_length") == 3.0
        });
        locked.execute_batch("ROLLBACK").unwrap();
        assert_eq!(first.answer(false).unwrap().told(), (200, "OK"));
        for saved in more {
            assert_eq!(saved.join().unwrap().told(), (200, "OK"));
        }
        let refused = refused.join().unwrap();
        assert_eq!(refused.told(), (500, REFUSED));
        assert_eq!(refused.header("retry-after"), None);
    });
    assert_eq!(found(&scratch.database()), HashSet::from([1, 2, 3, 4]));
    scratch.logged_once("a batch breaks a rule of the database");
    let log = scratch.log();
    assert!(!log.contains("the database takes no batches"), "{log}");
}

#[test]
fn a_request_that_waits_too_long_is_told() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--request-timeout", "0.3", "--lock-wait", "60"]);
    let locked = scratch.database();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = server.get(&numbered(1));
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.body,
        r#"{"error":{"message":"The request took too long. Try again."}}"#
    );
    locked.execute_batch("ROLLBACK").unwrap();
    let mut number = 1;
    eventually("a batch is answered in time", || {
        number += 1;
        server.get(&numbered(number)).told() == (200, "OK")
    });
    // Not answered in time, and saved all the same: the answer says neither.
    assert!(found(&scratch.database()).is_superset(&HashSet::from([1, number])));
}

#[test]
fn a_full_database_refuses_and_then_goes_on() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--max-database", "81920"]);
    let text = "x".repeat(1000);
    let mut saved = 0;
    let mut client = server.connect();
    let refused = loop {
        let answer = client
            .get(&update_target(&format!("v3={text}{saved}")))
            .unwrap();
        if answer.status != 200 {
            break answer;
        }
        saved += 1;
        assert!(saved < 1000, "the limit does not hold");
    };
    assert_eq!(refused.told(), (503, NOT_AVAILABLE));
    assert!(saved > 5, "{saved}");
    let count = |table: &str| {
        let count = format!("SELECT count(*) FROM {table}");
        scratch
            .database()
            .query_row(&count, (), |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!((count("batch"), count("value")), (saved, saved));
    let last = client
        .get(&format!("/external/api/get?token={TOKEN}&v3"))
        .unwrap();
    assert_eq!(last.told(), (200, &*format!("{text}{}", saved - 1)));

    // As a person in charge would, who makes room.
    let all_but_the_newest = "DELETE FROM value WHERE batch < (SELECT max(id) FROM batch);
                              DELETE FROM batch WHERE id < (SELECT max(id) FROM batch);";
    scratch
        .database()
        .execute_batch(all_but_the_newest)
        .unwrap();
    assert_eq!(
        client.get(&update_target("v3=again")).unwrap().told(),
        (200, "OK")
    );
    assert_eq!((count("batch"), count("value")), (2, 2));
}

#[test]
#[ignore = "needs root, to mount a small file system"]
fn a_full_disk_refuses_and_then_goes_on() {
    let scratch = Scratch::new();
    let disk = SmallDisk::mount(scratch.path("disk"));
    let (filler, file) = (disk.0.join("filler"), disk.0.join("test.db"));
    std::fs::write(&filler, vec![0; 1 << 20]).unwrap();
    let mut server = Server::start_on(&scratch, &file, &[]);
    let mut client = server.connect();
    let mut acknowledged = HashSet::new();
    for number in 0.. {
        assert!(number < 100_000, "the disk does not fill");
        let answer = client.get(&numbered(number)).unwrap();
        if answer.told() == (503, NOT_AVAILABLE) {
            break;
        }
        assert_eq!(answer.told(), (200, "OK"));
        acknowledged.insert(number);
    }
    for number in -5..0 {
        assert_eq!(
            client.get(&numbered(number)).unwrap().told(),
            (503, NOT_AVAILABLE)
        );
    }
    let last = acknowledged.len() as i64 - 1;
    let read = client
        .get(&format!("/external/api/get?token={TOKEN}&v10"))
        .unwrap();
    assert_eq!(read.told(), (200, &*last.to_string()));

    std::fs::remove_file(&filler).unwrap();
    assert_eq!(client.get(&numbered(-9)).unwrap().told(), (200, "OK"));
    let full = acknowledged.len();
    acknowledged.insert(-9);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let found = found(&Connection::open(&file).unwrap());
    println!(
        "full disk: acknowledged {full}, refused 6, then 1 more; found {}, half 0",
        found.len()
    );
    assert_eq!(found, acknowledged);
}

/// How a run of numbered batches went.
#[derive(Default)]
struct Run {
    sent: AtomicI64,
    acknowledged: Mutex<HashSet<i64>>,
}

impl Run {
    /// Sends one after the other until the server is gone.
    fn send(&self, address: SocketAddr) {
        let mut client = Client::connect(address);
        loop {
            let number = self.sent.fetch_add(1, Ordering::Relaxed);
            match client.get(&numbered(number)) {
                Ok(answer) if answer.told() == (200, "OK") => {
                    self.acknowledged.lock().unwrap().insert(number);
                }
                Ok(answer) => panic!("{answer:?}"),
                Err(_) => return,
            }
        }
    }
}

/// The process is killed and not the machine: what is proved is that no batch is half and that
/// none is acknowledged before it is committed.
#[test]
fn kill_9_under_load_loses_nothing_that_was_acknowledged() {
    let scratch = Scratch::new();
    let run = Run::default();
    let rounds = std::env::var("PINQUERY_ROUNDS").ok();
    let rounds = rounds.map_or(4, |rounds| rounds.parse().expect("a number"));
    for round in 1..=rounds {
        let mut server = Server::start(&scratch, &["--group", "64"]);
        let address = server.address;
        thread::scope(|scope| {
            let clients: Vec<_> = (0..16).map(|_| scope.spawn(|| run.send(address))).collect();
            let before = run.acknowledged.lock().unwrap().len();
            eventually("batches are taken", || {
                run.acknowledged.lock().unwrap().len() >= before + 100
            });
            thread::sleep(Duration::from_millis(37 * (round % 8)));
            server.kill();
            for client in clients {
                client.join().expect("no answer but OK");
            }
        });
        let restarted = Server::start(&scratch, &[]);
        let found = found(&scratch.database());
        let acknowledged = run.acknowledged.lock().unwrap();
        let lost = acknowledged.difference(&found).count();
        println!(
            "kill -9, round {round}: sent {}, acknowledged {}, found {}, half 0, lost {lost}",
            run.sent.load(Ordering::Relaxed),
            acknowledged.len(),
            found.len(),
        );
        assert_eq!(lost, 0);
        assert_eq!(
            restarted.get(&numbered(-1 - round.cast_signed())).told(),
            (200, "OK")
        );
    }
}
