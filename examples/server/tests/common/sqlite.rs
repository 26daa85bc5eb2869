//! Clients that send batches to a server, and the batches in its SQLite database.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use rusqlite::{Connection, Row};

use super::load::{Saved, SavedBatch};
use super::{Client, UNAVAILABLE, eventually, numbered};

impl Saved for Connection {
    fn batches(&self) -> Vec<SavedBatch> {
        let select = "SELECT id, count(value), ifnull(min(value), -1), ifnull(max(value), -1)
                      FROM batch LEFT JOIN value ON batch = id GROUP BY id";
        let mut select = self.prepare(select).unwrap();
        let batch = |row: &Row<'_>| {
            Ok(SavedBatch {
                id: row.get(0)?,
                values: (row.get(1)?, row.get(2)?, row.get(3)?),
            })
        };
        let batches = select.query_map((), batch).unwrap();
        batches.map(Result::unwrap).collect()
    }
}

/// Returns the numbers of the batches in the database. Fails on partial or duplicate batches.
pub fn find_batches(database: &Connection) -> HashSet<i64> {
    let numbers = database.batches().into_iter().map(|batch| {
        let (count, min, max) = batch.values;
        assert!(
            count == 4 && min == max,
            "partial batch: {count} values from {min} to {max}"
        );
        min
    });
    let numbers: Vec<i64> = numbers.collect();
    let unique: HashSet<i64> = numbers.iter().copied().collect();
    assert_eq!(numbers.len(), unique.len(), "duplicate batch");
    unique
}

/// Clients that send numbered batches.
#[derive(Default)]
pub struct Load {
    pub sent: AtomicI64,
    pub acknowledged: Mutex<HashSet<i64>>,
    pub rejected: AtomicI64,
    /// Once set, no batch that is sent from then on may be acknowledged.
    pub is_over: AtomicBool,
}

impl Load {
    /// Sends until the server is gone, or rejects a batch after `is_over` was set.
    pub fn send(&self, address: SocketAddr) {
        let mut client = Client::connect(address);
        loop {
            let is_over = self.is_over.load(Ordering::SeqCst);
            let number = self.sent.fetch_add(1, Ordering::Relaxed);
            match client.get(&numbered(number)) {
                Ok(response) if response.summary() == (200, "OK") => {
                    assert!(!is_over, "{number} was acknowledged");
                    self.acknowledged.lock().unwrap().insert(number);
                }
                Ok(response) if response.summary() == (503, UNAVAILABLE) && is_over => return,
                Ok(response) if response.summary() == (503, UNAVAILABLE) => {
                    self.rejected.fetch_add(1, Ordering::Relaxed);
                }
                Ok(response) => panic!("{response:?}"),
                Err(_) => return,
            }
        }
    }

    /// Waits until this many more batches are acknowledged.
    pub fn wait_for_acks(&self, more: usize) {
        let count = || self.acknowledged.lock().unwrap().len();
        let before = count();
        eventually("batches are acknowledged", || count() >= before + more);
    }
}
