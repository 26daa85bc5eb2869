//! Clients that load several servers sharing a PostgreSQL database.

use std::collections::HashSet;
use std::iter::Cycle;
use std::net::SocketAddr;
use std::slice::Iter;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::postgres::Database;
use super::{Client, Server, TOKEN, eventually, numbered};

/// Addresses of servers; `None` while one is down.
pub type Servers = Mutex<Vec<Option<SocketAddr>>>;

pub fn addresses(servers: &[Server]) -> Servers {
    Mutex::new(servers.iter().map(|server| Some(server.address)).collect())
}

/// Clients that send numbered batches to several servers in turn.
#[derive(Default)]
pub struct Load {
    next: AtomicI64,
    acknowledged: Mutex<HashSet<i64>>,
    is_done: AtomicBool,
    sent: AtomicUsize,
    pub rejected: AtomicUsize,
}

impl Load {
    /// Sends until `is_done`, reconnecting to servers that went down.
    pub fn send(&self, servers: &Servers) {
        let mut clients: Vec<Option<Client>> =
            servers.lock().unwrap().iter().map(|_| None).collect();
        while !self.is_done.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let index = number as usize % clients.len();
            let Some(address) = servers.lock().unwrap()[index] else {
                thread::sleep(Duration::from_millis(1));
                continue;
            };
            let client = &mut clients[index];
            if client.is_none() {
                *client = Client::try_connect(address).ok();
            }
            let response = client.as_mut().map(|client| {
                self.sent.fetch_add(1, Ordering::Relaxed);
                client.get(&numbered(number))
            });
            match response {
                Some(Ok(response)) if response.summary() == (200, "OK") => {
                    self.acknowledged.lock().unwrap().insert(number);
                }
                Some(Ok(response)) => {
                    assert_eq!(response.status, 503, "{response:?}");
                    self.rejected.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(5));
                }
                Some(Err(_)) | None => {
                    *client = None;
                    thread::sleep(Duration::from_millis(5));
                }
            }
        }
    }

    pub fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Waits until this many more batches are acknowledged.
    pub fn wait_for_acks(&self, more: usize) {
        let before = self.acknowledged();
        eventually("batches are acknowledged", || {
            self.acknowledged() >= before + more
        });
    }

    /// Runs the scenario while 16 clients are sending.
    pub fn during(&self, servers: &Servers, scenario: impl FnOnce()) {
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| self.send(servers));
            }
            let stop = StopOnDrop(&self.is_done);
            scenario();
            drop(stop);
        });
    }

    pub fn assert_nothing_lost(&self, label: &str, database: &Database) {
        // Cloned before the query, as clients may still be sending.
        let acknowledged = self.acknowledged.lock().unwrap().clone();
        let found = find_batches(database);
        let lost = acknowledged.difference(&found).count();
        println!(
            "{label}: sent {}, acknowledged {}, rejected {}, found {}, partial 0, lost {lost}",
            self.sent.load(Ordering::Relaxed),
            acknowledged.len(),
            self.rejected.load(Ordering::Relaxed),
            found.len(),
        );
        assert_eq!(lost, 0);
    }
}

/// Stops the clients even if the test panics.
pub struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns the numbers of the batches in the database. Fails on partial or duplicate batches.
pub fn find_batches(database: &Database) -> HashSet<i64> {
    let select = "SELECT count(value), min(value), max(value)
                  FROM batch LEFT JOIN value ON batch = id GROUP BY id";
    let rows = database.query(select);
    let numbers: Vec<i64> = rows
        .lines()
        .map(|row| {
            let [count, min, max] = row.split('|').collect::<Vec<_>>()[..] else {
                panic!("{row}")
            };
            assert!(count == "4" && min == max, "partial batch: {row}");
            min.parse().expect("number")
        })
        .collect();
    let unique: HashSet<i64> = numbers.iter().copied().collect();
    assert_eq!(numbers.len(), unique.len(), "duplicate batch");
    unique
}

/// Polls batches as the page does, from each server in turn.
pub struct Poller<'a> {
    pub servers: Cycle<Iter<'a, Server>>,
    pub seen: Vec<i64>,
    pub after: i64,
}

impl Poller<'_> {
    /// Returns the number of new batches.
    pub fn poll(&mut self) -> usize {
        let body = format!("token={TOKEN}&after={}", self.after);
        let server = self.servers.next().unwrap();
        let response = server.post("/page/state", &body);
        assert_eq!(response.status, 200, "{response:?}");
        let state: serde_json::Value = serde_json::from_str(&response.body).unwrap();
        let batches = state["batches"].as_array().unwrap();
        for batch in batches {
            self.after = batch["id"].as_i64().unwrap();
            let value = &batch["updates"][0]["value"];
            self.seen.push(value.as_i64().unwrap());
        }
        batches.len()
    }
}
