//! Batches of devices that another program has locked. They wait separately, so that no other
//! device's batches wait with them.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Commit;
use super::group::{Group, Results, Ticket};
use crate::config::StoreLimits;
use crate::store::Batch;

/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(5);

/// The writers' handle to the [`Retrier`].
#[derive(Clone)]
pub(super) struct Retries {
    batches: mpsc::Sender<(Batch, Ticket)>,
    locked: Arc<Locked>,
}

impl Retries {
    /// Passes on the batches of locked devices and returns the others.
    pub fn divert(&self, group: Group, results: &Results) -> Group {
        let locked = self.locked.lock();
        if locked.is_empty() {
            return group;
        }
        let is_locked = |(batch, _): &(Batch, Ticket)| locked.contains(&batch.device);
        let (left, others) = group.into_iter().partition(is_locked);
        drop(locked);
        self.pass(left, results);
        others
    }

    /// Passes on batches whose devices turned out to be locked.
    pub fn add(&self, group: Group, results: &Results) {
        let devices = group.batches.iter().map(|batch| batch.device);
        self.locked.lock().extend(devices);
        self.pass(group, results);
    }

    fn pass(&self, group: Group, results: &Results) {
        for pair in group {
            if let Err(error) = self.batches.try_send(pair) {
                let mut rejected = Group::default();
                rejected.push(error.into_inner());
                results.give_up(rejected);
            }
        }
    }
}

/// The devices whose batches are waiting.
#[derive(Default)]
struct Locked(Mutex<HashSet<i64>>);

impl Locked {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Commits the batches of locked devices, one device at a time, until their deadlines.
pub struct Retrier<C> {
    connection: C,
    batches: mpsc::Receiver<(Batch, Ticket)>,
    capacity: usize,
    group: usize,
    locked: Arc<Locked>,
    results: Arc<Results>,
    waiting: BTreeMap<i64, Group>,
}

impl<C: Commit> Retrier<C> {
    pub(super) fn new(
        connection: C,
        limits: &StoreLimits,
        results: Arc<Results>,
    ) -> (Retries, Self) {
        let (sender, batches) = mpsc::channel(limits.queue);
        let locked = Arc::<Locked>::default();
        let retries = Retries {
            batches: sender,
            locked: Arc::clone(&locked),
        };
        let retrier = Self {
            connection,
            batches,
            capacity: limits.queue,
            group: limits.group,
            locked,
            results,
            waiting: BTreeMap::new(),
        };
        (retries, retrier)
    }

    /// Runs until all writers have terminated and no batch is waiting.
    pub async fn run(mut self) {
        while self.receive().await {
            let devices: Vec<i64> = self.waiting.keys().copied().collect();
            for device in devices {
                self.attempt(device).await;
            }
            if !self.waiting.is_empty() {
                sleep(PAUSE).await;
            }
        }
    }

    /// Takes the batches that have arrived. Returns `false` if no more will.
    async fn receive(&mut self) -> bool {
        if self.waiting.is_empty() {
            match self.batches.recv().await {
                Some(pair) => self.add(pair),
                None => return false,
            }
        }
        let waiting: usize = self.waiting.values().map(Group::len).sum();
        for _ in waiting..self.capacity {
            match self.batches.try_recv() {
                Ok(pair) => self.add(pair),
                Err(_) => break,
            }
        }
        true
    }

    fn add(&mut self, pair: (Batch, Ticket)) {
        self.waiting.entry(pair.0.device).or_default().push(pair);
    }

    /// Commits the oldest batches of a device, unless it is still locked.
    async fn attempt(&mut self, device: i64) {
        let now = Instant::now();
        let group = self.waiting.remove(&device).unwrap_or_default();
        let is_late = |(_, ticket): &(Batch, Ticket)| ticket.deadline <= now;
        let (late, mut group): (Group, Group) = group.into_iter().partition(is_late);
        self.results.give_up(late);
        if group.len() == 0 {
            return;
        }
        let rest = group.split_off(group.len().min(self.group));
        let mut left = self.results.commit(&mut self.connection, group).await;
        if left.len() == 0 {
            self.locked.lock().remove(&device);
        }
        left.extend(rest);
        if left.len() > 0 {
            self.waiting.insert(device, left);
        }
    }
}
