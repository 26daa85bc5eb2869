//! Devices on PostgreSQL do not wait for each other, nor batches for reads.
#![cfg(feature = "postgres")]

mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::postgres::{Database, Held};
use common::{Client, Scratch, Server, UNAVAILABLE, eventually};

const DEVICES: usize = 8;

/// Long enough for a busy machine.
const ARGS: [&str; 4] = ["--statement-timeout", "30", "--request-timeout", "60"];

fn target(device: usize, value: usize) -> String {
    format!("/external/api/batch/update?token=device-{device}&v1={value}")
}

/// Starts a server for devices 0 to 8.
fn start(scratch: &Scratch, database: &Database, args: &[&str]) -> Server {
    start_on(scratch, &database.url(), args)
}

fn start_on(scratch: &Scratch, url: &str, args: &[&str]) -> Server {
    let device = |number| format!(r#""device-{number}":{{"v1":{{"type":"integer"}}}}"#);
    let devices: Vec<String> = (0..=DEVICES).map(device).collect();
    let devices = format!("{{{}}}", devices.join(","));
    fs::write(scratch.path("devices.json"), devices).unwrap();
    Server::start_on(scratch, Path::new(url), args)
}

/// Returns the number of a device's row, which is the only one that has a batch.
fn number_of_device_0(server: &Server, database: &Database) -> String {
    assert_eq!(server.get(&target(0, 0)).summary(), (200, "OK"));
    database.query("SELECT device FROM batch")
}

/// Devices 1 to 8 send simultaneously, and get no 503.
fn send_from_the_others(server: &Server) {
    thread::scope(|scope| {
        for device in 1..=DEVICES {
            scope.spawn(move || {
                let mut client = server.connect();
                for value in 0..50 {
                    let response = client.get(&target(device, value)).unwrap();
                    assert_eq!(response.summary(), (200, "OK"));
                }
            });
        }
    });
}

fn assert_only_device_0_is_rejected(scratch: &Scratch, server: &Server) {
    thread::scope(|scope| {
        for _ in 0..DEVICES {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(server.get(&target(0, 1)).status, 500);
                }
            });
        }
        send_from_the_others(server);
    });
    scratch.assert_logged_once("batches of a device are failing");
}

/// Statements that make each batch of device `$1` wait: the first prepares, the second locks.
const LOCKS: [(&str, &str); 4] = [
    ("", "SELECT FROM device WHERE id = $1 FOR UPDATE"),
    ("", "SELECT FROM latest WHERE device = $1 FOR UPDATE"),
    (
        "DELETE FROM latest WHERE device = $1",
        "INSERT INTO latest VALUES ($1, 1, 0)",
    ),
    (
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
         AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
         CREATE TRIGGER wait BEFORE INSERT ON batch FOR EACH ROW
         WHEN (NEW.device = $1) EXECUTE FUNCTION wait()",
        "SELECT pg_advisory_xact_lock(1)",
    ),
];

fn test_each_lock(args: &[&str], test: impl Fn(&Scratch, &Server, Held<'_>)) {
    for (prepare, hold) in LOCKS {
        let Some(database) = Database::new() else {
            return;
        };
        println!("{hold}");
        let scratch = Scratch::new();
        let server = start(&scratch, &database, args);
        let number = number_of_device_0(&server, &database);
        database.query(&prepare.replace("$1", &number));
        let lock = database.hold(&hold.replace("$1", &number));
        test(&scratch, &server, lock);
    }
}

#[test]
fn a_lock_of_a_device_fails_no_batch() {
    test_each_lock(&ARGS, |scratch, server, lock| {
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            // The locked device sends all the time.
            for _ in 0..4 {
                scope.spawn(|| {
                    while !is_done.load(Ordering::Relaxed) {
                        let response = server.get(&target(0, 1));
                        assert!(is_done.load(Ordering::Relaxed), "{response:?}");
                        assert_eq!(response.summary(), (200, "OK"));
                    }
                });
            }
            send_from_the_others(server);
            assert_eq!(server.get("/health").status, 200);
            is_done.store(true, Ordering::Relaxed);
            lock.release();
        });
        let log = scratch.log();
        assert!(!log.contains("failing"), "{log}");
    });
}

#[test]
fn a_locked_device_fails_in_time_and_is_logged_once() {
    test_each_lock(&["--statement-timeout", "0.5"], |scratch, server, lock| {
        for _ in 0..3 {
            assert_eq!(server.get(&target(0, 1)).summary(), (503, UNAVAILABLE));
            assert_eq!(server.get(&target(1, 1)).summary(), (200, "OK"));
            assert_eq!(server.get("/health").status, 200);
        }
        lock.release();
        eventually("the device is saved again", || {
            server.get(&target(0, 2)).summary() == (200, "OK")
        });
        scratch.assert_logged_once("batches of a device are failing");
        scratch.assert_logged_once("batches of a device are saved again");
        let log = scratch.log();
        assert!(!log.contains("database writes"), "{log}");
    });
}

#[test]
fn a_trigger_rejects_only_batches_of_its_device() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let server = start(&scratch, &database, &ARGS);
    let number = number_of_device_0(&server, &database);
    database.query(&format!(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql
         AS $$ BEGIN RAISE 'not this device'; END $$;
         CREATE TRIGGER fail BEFORE INSERT ON batch FOR EACH ROW
         WHEN (NEW.device = {number}) EXECUTE FUNCTION fail()"
    ));
    assert_only_device_0_is_rejected(&scratch, &server);
}

#[test]
fn a_device_without_a_row_fails_only_its_own_batches() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let server = start(&scratch, &database, &ARGS);
    let number = number_of_device_0(&server, &database);
    database.query(&format!("DELETE FROM device WHERE id = {number}"));
    assert_only_device_0_is_rejected(&scratch, &server);
}

/// A policy makes every read of values wait for a lock, but no write.
#[test]
fn batches_do_not_wait_for_reads() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    // A superuser would not be subject to policies.
    let url = database.url_of(&database.create_role());
    let args = ["--statement-timeout", "60"];
    let server = start_on(&scratch, &url, &args);
    database.query(
        "CREATE FUNCTION wait() RETURNS bool LANGUAGE sql VOLATILE
         AS $$ SELECT true FROM (SELECT pg_advisory_xact_lock_shared(1)) AS l $$;
         ALTER TABLE value ENABLE ROW LEVEL SECURITY;
         ALTER TABLE value FORCE ROW LEVEL SECURITY;
         CREATE POLICY writes ON value FOR INSERT WITH CHECK (true);
         CREATE POLICY reads ON value FOR SELECT USING (wait())",
    );
    for device in [1, 2] {
        assert_eq!(server.get(&target(device, 1)).summary(), (200, "OK"));
    }
    let lock = database.hold("SELECT pg_advisory_xact_lock(1)");
    let clients: Vec<Client> = (0..50)
        .map(|client| {
            let device = client % 2 + 1;
            let mut client = server.connect();
            let read = format!(
                "GET /external/api/getAll?token=device-{device} HTTP/1.1\r\nHost: x\r\n\r\n"
            );
            client.send(read.as_bytes()).unwrap();
            client
        })
        .collect();
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event = 'advisory'";
    eventually("all connections for reading wait", || {
        database.query(waiting) == "2"
    });
    send_from_the_others(&server);
    assert_eq!(server.get("/health").status, 200);
    assert_eq!(database.query(waiting), "2");
    lock.release();
    for mut client in clients {
        assert_eq!(client.read_response(false).unwrap().status, 200);
    }
}
