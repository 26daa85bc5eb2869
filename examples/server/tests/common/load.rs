//! Clients that send numbered batches to servers that may be killed, and one that reads them.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::{Client, Server, TOKEN, eventually, numbered};

/// Addresses of servers; `None` while one is down.
pub type Servers = Mutex<Vec<Option<SocketAddr>>>;

pub fn addresses<'a>(servers: impl IntoIterator<Item = &'a Server>) -> Servers {
    let address = |server: &Server| Some(server.address);
    Mutex::new(servers.into_iter().map(address).collect())
}

/// Returns how many times a test kills a process.
pub fn rounds() -> usize {
    let rounds = std::env::var("PINQUERY_ROUNDS").ok();
    rounds.map_or(2, |rounds| rounds.parse().expect("number"))
}

/// A batch in a database.
pub struct SavedBatch {
    pub id: i64,
    /// The number of its values, the smallest and the largest.
    pub values: (i64, i64, i64),
}

/// A database of any kind.
pub trait Saved {
    fn batches(&self) -> Vec<SavedBatch>;
}

/// Sends a numbered batch only once, so that a database must not contain it twice.
#[derive(Default)]
pub struct Load {
    next: AtomicI64,
    /// The sender of each batch that was acknowledged.
    acknowledged: Mutex<HashMap<i64, usize>>,
    rejected: Mutex<HashSet<i64>>,
    is_done: AtomicBool,
    sent: AtomicUsize,
    reader: Mutex<Reader>,
}

impl Load {
    /// Sends until `is_done`, reconnecting to servers that went down.
    fn send(&self, sender: usize, servers: &Servers) {
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
                    self.acknowledged.lock().unwrap().insert(number, sender);
                }
                Some(Ok(response)) => {
                    assert_eq!(response.status, 503, "{response:?}");
                    self.rejected.lock().unwrap().insert(number);
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

    pub fn rejected(&self) -> usize {
        self.rejected.lock().unwrap().len()
    }

    /// Waits until this many more batches are acknowledged.
    pub fn wait_for_acks(&self, more: usize) {
        let before = self.acknowledged();
        eventually("batches are acknowledged", || {
            self.acknowledged() >= before + more
        });
    }

    /// Waits until this many more batches are rejected.
    pub fn wait_for_rejections(&self, more: usize) {
        let before = self.rejected();
        eventually("batches are rejected", || self.rejected() >= before + more);
    }

    /// Waits until the clients send nothing because they are all waiting for a response.
    pub fn wait_until_blocked(&self) {
        let mut before = usize::MAX;
        eventually("all clients wait", || {
            let sent = self.sent.load(Ordering::Relaxed);
            std::mem::replace(&mut before, sent) == sent
        });
    }

    /// Runs the scenario while clients are sending and another is reading, then reads the rest.
    pub fn during(&self, servers: &Servers, scenario: impl FnOnce()) {
        thread::scope(|scope| {
            for sender in 0..16 {
                scope.spawn(move || self.send(sender, servers));
            }
            scope.spawn(|| {
                while !self.is_done.load(Ordering::Relaxed) {
                    self.read(servers);
                }
            });
            let stop = StopOnDrop(&self.is_done);
            scenario();
            drop(stop);
        });
        self.read_rest(servers);
    }

    /// Reads until there is nothing new.
    pub fn read_rest(&self, servers: &Servers) {
        eventually("everything is read", || self.read(servers) == Some(0));
    }

    fn read(&self, servers: &Servers) -> Option<usize> {
        let read = self.reader.lock().unwrap().poll(servers);
        if !matches!(read, Some(1..)) {
            thread::sleep(Duration::from_millis(1));
        }
        read
    }

    /// Prints a line of results so far, and checks them.
    pub fn assert_nothing_lost(&self, label: &str, database: &impl Saved) {
        // Cloned before the query, as clients may still be sending.
        let acknowledged = self.acknowledged.lock().unwrap().clone();
        let Reader { seen, after, .. } = self.reader.lock().unwrap().clone();
        let batches = database.batches();
        let is_partial = |batch: &&SavedBatch| {
            let (count, min, max) = batch.values;
            count != 4 || min != max
        };
        let partial = batches.iter().filter(is_partial).count();
        let found: HashSet<i64> = batches.iter().map(|batch| batch.values.1).collect();
        let doubled = batches.len() - found.len();
        let is_lost = |number: &&i64| !found.contains(number);
        let lost = acknowledged.keys().filter(is_lost).count();
        let disordered = count_disordered(&batches, &acknowledged);
        // Those that the cursor has passed.
        let passed = batches.iter().filter(|batch| batch.id <= after);
        let is_missed = |batch: &&SavedBatch| seen.get(&batch.id) != Some(&batch.values.1);
        let missed = passed.filter(is_missed).count();
        let rejected = self.rejected.lock().unwrap();
        println!(
            "{label}: sent {}, acknowledged {}, rejected {} of which {} were saved, found {}, \
             partial {partial}, lost {lost}, doubled {doubled}, out of order {disordered}; \
             the reader saw {}, missed {missed}",
            self.sent.load(Ordering::Relaxed),
            acknowledged.len(),
            rejected.len(),
            rejected.intersection(&found).count(),
            batches.len(),
            seen.len(),
        );
        assert_eq!([partial, lost, doubled, disordered, missed], [0; 5]);
    }
}

/// Returns how many batches have a smaller id than an earlier one of the same sender, who sends a
/// batch after the response to the one before.
fn count_disordered(batches: &[SavedBatch], senders: &HashMap<i64, usize>) -> usize {
    let mut numbers: Vec<(i64, i64)> = batches
        .iter()
        .map(|batch| (batch.id, batch.values.1))
        .collect();
    numbers.sort_unstable();
    let mut newest: HashMap<usize, i64> = HashMap::new();
    let acknowledged = numbers
        .iter()
        .filter_map(|&(_, number)| Some((number, *senders.get(&number)?)));
    let is_disordered =
        |&(number, sender): &(i64, usize)| newest.insert(sender, number) > Some(number);
    acknowledged.filter(is_disordered).count()
}

/// Stops the clients even if the test panics.
pub struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads batches as the page does: those that follow the newest one seen, from each server in turn.
#[derive(Clone, Default)]
struct Reader {
    turn: usize,
    after: i64,
    /// The number of each batch, by its id.
    seen: HashMap<i64, i64>,
}

impl Reader {
    /// Returns the number of new batches, or `None` if the server or its database is down.
    fn poll(&mut self, servers: &Servers) -> Option<usize> {
        self.turn += 1;
        let address = {
            let servers = servers.lock().unwrap();
            servers[self.turn % servers.len()]?
        };
        let mut client = Client::try_connect(address).ok()?;
        let body = format!("token={TOKEN}&after={}", self.after);
        let response = client.post("/page/state", &body).ok()?;
        if response.status == 503 {
            return None;
        }
        assert_eq!(response.status, 200, "{response:?}");
        let state: serde_json::Value = serde_json::from_str(&response.body).unwrap();
        let batches = state["batches"].as_array().unwrap();
        for batch in batches {
            let id = batch["id"].as_i64().unwrap();
            assert!(id > self.after, "{id} follows {}", self.after);
            self.after = id;
            let values = batch["updates"].as_array().unwrap();
            let number = values[0]["value"].as_i64().unwrap();
            let is_equal = |update: &serde_json::Value| update["value"] == number;
            assert!(values.len() == 4 && values.iter().all(is_equal), "{batch}");
            self.seen.insert(id, number);
        }
        Some(batches.len())
    }
}
