//! Servers that share a PostgreSQL, and what becomes of batches when one of them dies, or the
//! database does.
#![cfg(feature = "postgres")]

mod common;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::postgres::Database;
use common::{Client, Scratch, Server, TOKEN, eventually, numbered, output, update_target};

const NOT_AVAILABLE: &str = r#"{"error":{"message":"The database is not available. Try again."}}"#;

/// Enough for a busy machine, and so that a test of a fault does not take long.
const ARGS: [&str; 4] = ["--statement-timeout", "8", "--request-timeout", "15"];

fn start(scratch: &Scratch, database: &Database) -> Server {
    Server::start_on(scratch, Path::new(&database.url()), &ARGS)
}

/// The numbers of the batches in the database. Fails where one is not whole, or there twice.
fn found(database: &Database) -> HashSet<i64> {
    let select = "SELECT count(value), min(value), max(value)
                  FROM batch LEFT JOIN value ON batch = id GROUP BY id";
    let rows = database.ask(select);
    let numbers: Vec<i64> = rows
        .lines()
        .map(|row| {
            let [count, min, max] = row.split('|').collect::<Vec<_>>()[..] else {
                panic!("{row}")
            };
            assert!(count == "4" && min == max, "half a batch: {row}");
            min.parse().expect("a number")
        })
        .collect();
    let unique: HashSet<i64> = numbers.iter().copied().collect();
    assert_eq!(numbers.len(), unique.len(), "a batch is there twice");
    unique
}

/// Clients that send numbered batches to several servers in turn.
#[derive(Default)]
struct Load {
    next: AtomicI64,
    acknowledged: Mutex<HashSet<i64>>,
    is_over: AtomicBool,
    sent: AtomicUsize,
    refused: AtomicUsize,
}

impl Load {
    /// Sends until it is told to stop; a server that has gone is connected to again and again.
    fn send(&self, servers: &Mutex<Vec<Option<std::net::SocketAddr>>>) {
        let mut clients: Vec<Option<Client>> =
            servers.lock().unwrap().iter().map(|_| None).collect();
        while !self.is_over.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let turn = number as usize % clients.len();
            let Some(address) = servers.lock().unwrap()[turn] else {
                thread::sleep(Duration::from_millis(1));
                continue;
            };
            let client = &mut clients[turn];
            if client.is_none() {
                *client = Client::try_connect(address).ok();
            }
            let answer = client.as_mut().map(|client| {
                self.sent.fetch_add(1, Ordering::Relaxed);
                client.get(&numbered(number))
            });
            match answer {
                Some(Ok(answer)) if answer.told() == (200, "OK") => {
                    self.acknowledged.lock().unwrap().insert(number);
                }
                Some(Ok(answer)) => {
                    assert_eq!(answer.status, 503, "{answer:?}");
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(5));
                }
                Some(Err(_)) | None => {
                    *client = None;
                    thread::sleep(Duration::from_millis(5));
                }
            }
        }
    }

    fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Waits until so many more are acknowledged.
    fn goes_on(&self, more: usize) {
        let before = self.acknowledged();
        eventually("batches are taken", || self.acknowledged() >= before + more);
    }

    /// Runs the mischief beside 16 clients, and looks for what was acknowledged.
    fn beside(&self, servers: &Mutex<Vec<Option<std::net::SocketAddr>>>, mischief: impl FnOnce()) {
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| self.send(servers));
            }
            let stop = StopAtEnd(&self.is_over);
            mischief();
            drop(stop);
        });
    }

    fn nothing_is_lost(&self, what: &str, database: &Database) {
        // Looked at first, as clients may go on meanwhile.
        let acknowledged = self.acknowledged.lock().unwrap().clone();
        let found = found(database);
        let lost = acknowledged.difference(&found).count();
        println!(
            "{what}: sent {}, acknowledged {}, refused {}, found {}, half 0, lost {lost}",
            self.sent.load(Ordering::Relaxed),
            acknowledged.len(),
            self.refused.load(Ordering::Relaxed),
            found.len(),
        );
        assert_eq!(lost, 0);
    }
}

/// Also where the test fails, as the clients would go on for ever.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn rounds() -> usize {
    let rounds = std::env::var("PINQUERY_ROUNDS").ok();
    rounds.map_or(2, |rounds| rounds.parse().expect("a number"))
}

#[test]
fn kill_9_of_the_server_loses_nothing_that_was_acknowledged() {
    let Some(database) = Database::alone(&[]) else {
        return;
    };
    let scratch = Scratch::new();
    let mut server = start(&scratch, &database);
    let servers = Mutex::new(vec![Some(server.address)]);
    let load = Load::default();
    load.beside(&servers, || {
        for round in 1..=rounds() {
            load.goes_on(100);
            servers.lock().unwrap()[0] = None;
            server.kill();
            load.nothing_is_lost(&format!("kill -9 of the server, round {round}"), &database);
            server = start(&scratch, &database);
            servers.lock().unwrap()[0] = Some(server.address);
        }
        load.goes_on(50);
    });
    load.nothing_is_lost("kill -9 of the server, at the end", &database);
}

#[test]
fn kill_9_of_one_of_two_servers_stops_nothing() {
    let Some(database) = Database::alone(&[]) else {
        return;
    };
    let scratch = Scratch::new();
    let stays = start(&scratch, &database);
    let mut goes = start(&scratch, &database);
    let servers = Mutex::new(vec![Some(stays.address), Some(goes.address)]);
    let load = Load::default();
    load.beside(&servers, || {
        for round in 1..=rounds() {
            load.goes_on(100);
            goes.kill();
            // The other one goes on: none of its clients is refused.
            load.goes_on(100);
            assert_eq!(load.refused.load(Ordering::Relaxed), 0);
            load.nothing_is_lost(&format!("kill -9 of one of two, round {round}"), &database);
            goes = start(&scratch, &database);
            servers.lock().unwrap()[1] = Some(goes.address);
        }
        load.goes_on(50);
    });
    load.nothing_is_lost("kill -9 of one of two, at the end", &database);
}

#[test]
fn kill_9_of_the_database_loses_nothing_and_servers_go_on() {
    let Some(database) = Database::alone(&[]) else {
        return;
    };
    let scratch = Scratch::new();
    let servers = [start(&scratch, &database), start(&scratch, &database)];
    let addresses = Mutex::new(servers.iter().map(|server| Some(server.address)).collect());
    let load = Load::default();
    load.beside(&addresses, || {
        for round in 1..=rounds() {
            load.goes_on(100);
            database.cluster.kill();
            eventually("batches are refused", || {
                load.refused.load(Ordering::Relaxed) > 0
            });
            assert_eq!(servers[0].get("/health").status, 503);
            let all = format!("/external/api/getAll?token={TOKEN}");
            assert_eq!(servers[0].get(&all).told(), (503, NOT_AVAILABLE));
            database.cluster.restart();
            load.goes_on(100);
            load.nothing_is_lost(
                &format!("kill -9 of the database, round {round}"),
                &database,
            );
        }
    });
    load.nothing_is_lost("kill -9 of the database, at the end", &database);
    for server in &servers {
        assert_eq!(server.get("/health").told(), (200, r#"{"status":"ok"}"#));
        assert!(server.metric("pinquery_faults_total{kind=\"write\"}") >= 1.0);
    }
}

/// Reads along as the page does, from each server in turn.
#[test]
fn a_page_that_reads_along_misses_no_batch_of_two_servers() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let servers = [start(&scratch, &database), start(&scratch, &database)];
    let addresses = Mutex::new(servers.iter().map(|server| Some(server.address)).collect());
    let load = Load::default();
    let (mut seen, mut after) = (Vec::new(), 0);
    let mut turn = servers.iter().cycle();
    let mut look = || {
        let body = format!("token={TOKEN}&after={after}");
        let state = turn.next().unwrap().post("/page/state", &body);
        assert_eq!(state.status, 200, "{state:?}");
        let state: serde_json::Value = serde_json::from_str(&state.body).unwrap();
        let batches = state["batches"].as_array().unwrap();
        for batch in batches {
            after = batch["id"].as_i64().unwrap();
            seen.push(batch["updates"][0]["value"].as_i64().unwrap());
        }
        batches.len()
    };
    load.beside(&addresses, || {
        while load.acknowledged() < 1500 {
            look();
        }
    });
    // A batch may still be on its way whose client has gone.
    eventually("all is seen", || {
        look() == 0 && {
            let seen_all = database.ask("SELECT count(*) FROM batch");
            look() == 0 && seen_all == database.ask("SELECT count(*) FROM batch")
        }
    });
    let unique: HashSet<i64> = seen.iter().copied().collect();
    println!(
        "a page beside two servers: {} batches, {} seen, {} of them new",
        found(&database).len(),
        seen.len(),
        unique.len()
    );
    assert_eq!(seen.len(), unique.len());
    assert_eq!(found(&database).difference(&unique).count(), 0);
}

#[test]
fn what_one_server_saves_the_other_reads() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let (one, two) = (start(&scratch, &database), start(&scratch, &database));
    let all = format!("/external/api/getAll?token={TOKEN}");
    for (saves, reads, value) in [(&one, &two, 1), (&two, &one, 2), (&one, &two, 3)] {
        assert_eq!(saves.update(&format!("v1={value}")).told(), (200, "OK"));
        assert_eq!(
            reads.get(&all).told(),
            (200, &*format!(r#"{{"v1":{value}}}"#))
        );
    }
    assert_eq!(
        database
            .ask("SELECT id, device FROM batch ORDER BY id")
            .lines()
            .count(),
        3
    );
    let newest = "SELECT type, value, latitude FROM latest JOIN value USING (batch, pin)";
    assert_eq!(database.ask(newest), "integer|3|");
}

#[test]
fn a_lock_is_waited_for_no_longer_than_a_statement_may_take() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let args = ["--statement-timeout", "1", "--request-timeout", "15"];
    let server = Server::start_on(&scratch, Path::new(&database.url()), &args);
    eventually("a batch is saved", || {
        server.update("v1=1").told() == (200, "OK")
    });
    let mut held = database.hold("BEGIN; LOCK TABLE batch; SELECT pg_sleep(60)");
    eventually("the lock", || {
        database.ask("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted")
            != "0"
    });
    assert_eq!(server.update("v1=2").told(), (503, NOT_AVAILABLE));
    database.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()");
    let _ = held.wait();
    eventually("batches are taken again", || {
        server.update("v1=3").told() == (200, "OK")
    });
    scratch.logged_once("the database takes batches again");
}

#[test]
fn a_database_that_is_away_or_another_programs_is_refused_at_start() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let start = |url: &str| {
        let mut command = common::command();
        command
            .args(["--listen", "127.0.0.1:0", "--devices"])
            .arg(scratch.path("devices.json"));
        command.args(["--database", url]);
        output(command)
    };
    database.ask("CREATE TABLE batch (theirs int)");
    for (url, says) in [
        (database.url(), "relation \"batch\" already exists"),
        (
            "postgres://me:SECRET@127.0.0.1:1/x".to_owned(),
            "database postgres://127.0.0.1:1/x: ",
        ),
        (
            "postgres://me:SECRET@127.0.0.1:x/x".to_owned(),
            "is no URL of a PostgreSQL database",
        ),
    ] {
        let (status, stdout, stderr) = start(&url);
        assert_eq!((status, &*stdout), (Some(1), ""), "{stderr}");
        assert!(
            stderr.contains(says) && !stderr.contains("SECRET"),
            "{stderr}"
        );
    }
    // Nothing of ours is left where there is something of theirs.
    assert_eq!(
        database.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        "1"
    );
}

#[test]
fn a_server_that_ends_has_written_all_that_waited() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let mut server = start(&scratch, &database);
    assert!(!server.welcome.contains("SECRET"), "{}", server.welcome);
    assert_eq!(server.update("v1=1").told(), (200, "OK"));
    let mut kept = server.connect();
    kept.send(format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", update_target("v1=2")).as_bytes())
        .unwrap();
    assert_eq!(kept.answer(false).unwrap().told(), (200, "OK"));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(database.ask("SELECT count(*) FROM batch"), "2");
    assert!(!scratch.log().contains("SECRET"), "{}", scratch.log());
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pinquery-server' AND datname = current_database()";
    eventually("its connections are closed", || {
        database.ask(connections) == "0"
    });
}
