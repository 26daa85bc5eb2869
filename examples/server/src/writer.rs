//! Group commit, shared by the stores: batches wait in a bounded queue; a writer commits all that
//! are waiting in one transaction and then acknowledges them. Throughput is thus not limited to one
//! batch per disk flush.

mod group;
mod health;
mod retry;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time::sleep;

use crate::config::StoreLimits;
use crate::devices::NewDevice;
use crate::fault::Fault;
use crate::metrics::{Metrics, Operation};
use crate::store::{Batch, Unavailable};
use group::{Group, Reply, Results, Ticket};
pub use health::Health;
pub use retry::Retrier;
use retry::Retries;

/// How long a writer waits for batches before it maintains the database.
const IDLE: Duration = Duration::from_secs(1);

/// A connection that writes to a database.
pub trait Commit {
    /// Saves these batches durably: all or nothing, or all except those of some devices.
    fn commit(&mut self, batches: &[Batch])
    -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Registers devices durably, all or none, and returns their numbers in the same order.
    fn register(
        &mut self,
        devices: &[NewDevice],
    ) -> impl Future<Output = anyhow::Result<Vec<i64>>> + Send;

    /// Checks that a commit would succeed, by doing what it does as far as possible.
    fn check(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Maintains the database after a second without batches.
    fn idle(&mut self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// Why a commit failed.
#[derive(Debug)]
pub enum CommitError {
    /// One of the batches violates a constraint of the database.
    Constraint(anyhow::Error),
    /// The batches of these devices were not saved; the others were.
    Partial {
        /// Devices that another program has locked.
        locked: Vec<i64>,
        /// Devices without a row.
        missing: Vec<i64>,
    },
    /// The database cannot be written at the moment.
    Unavailable(anyhow::Error),
}

enum Job {
    Save(Batch, Ticket),
    Register(Vec<NewDevice>, oneshot::Sender<anyhow::Result<Vec<i64>>>),
    Check(Reply),
}

/// The queue of batches to write.
pub struct Queue {
    jobs: mpsc::Sender<Job>,
    closing: watch::Sender<()>,
    results: Arc<Results>,
    checking: Mutex<()>,
    patience: Duration,
    metrics: Arc<Metrics>,
}

impl Queue {
    /// Returns a queue and its first writer.
    #[must_use]
    pub fn new<C>(connection: C, limits: &StoreLimits, metrics: Arc<Metrics>) -> (Self, Writer<C>) {
        let (jobs, receiver) = mpsc::channel(limits.queue);
        let closing = watch::Sender::new(());
        let fault = Fault::new(Operation::Write, Arc::clone(&metrics));
        let results = Arc::new(Results::new(fault, Arc::clone(&metrics)));
        let writer = Writer {
            connection,
            jobs: Arc::new(Mutex::new(receiver)),
            closing: closing.subscribe(),
            group: limits.group,
            retries: None,
            results: Arc::clone(&results),
            metrics: Arc::clone(&metrics),
        };
        let queue = Self {
            jobs,
            closing,
            results,
            checking: Mutex::default(),
            patience: limits.statement_timeout,
            metrics,
        };
        (queue, writer)
    }

    /// Queues a batch and waits until it is durable. Fails at once if the queue is full.
    pub async fn save(&self, batch: Batch) -> Result<(), Unavailable> {
        let (reply, result) = oneshot::channel();
        let deadline = Instant::now() + self.patience;
        let ticket = Ticket { reply, deadline };
        self.reserve()?.send(Job::Save(batch, ticket));
        self.metrics
            .queue(self.jobs.max_capacity() - self.jobs.capacity());
        result.await.unwrap_or(Err(Unavailable::Fault))
    }

    /// Queues new devices and waits until they are registered. Waits even if the queue is full.
    pub async fn register(&self, devices: Vec<NewDevice>) -> anyhow::Result<Vec<i64>> {
        let (reply, result) = oneshot::channel();
        let stopped = "the database writer has terminated";
        let sent = self.jobs.send(Job::Register(devices, reply)).await;
        sent.ok().context(stopped)?;
        result.await.context(stopped)?
    }

    /// Returns whether the database accepts batches. Has a writer check it unless a commit or
    /// another check did so recently; one check at a time, however many callers are waiting.
    pub async fn check(&self) -> Result<(), Unavailable> {
        let _guard = self.checking.lock().await;
        let permit = self.reserve()?;
        if let Some(result) = self.results.health.recent() {
            return result;
        }
        let (reply, result) = oneshot::channel();
        permit.send(Job::Check(reply));
        result.await.unwrap_or(Err(Unavailable::Fault))
    }

    fn reserve(&self) -> Result<mpsc::Permit<'_, Job>, Unavailable> {
        self.jobs.try_reserve().map_err(|error| match error {
            TrySendError::Full(()) => Unavailable::QueueFull,
            TrySendError::Closed(()) => Unavailable::Fault,
        })
    }

    /// Completes once no writer is left.
    pub async fn died(&self) {
        self.jobs.closed().await;
    }

    /// Rejects further batches and stops the writers once the queue is empty.
    pub fn close(&self) {
        self.closing.send_replace(());
    }
}

/// Takes batches from the queue and commits them.
pub struct Writer<C> {
    connection: C,
    jobs: Arc<Mutex<mpsc::Receiver<Job>>>,
    closing: watch::Receiver<()>,
    group: usize,
    retries: Option<Retries>,
    results: Arc<Results>,
    metrics: Arc<Metrics>,
}

impl<C: Commit> Writer<C> {
    /// Returns another writer for the same queue.
    #[must_use]
    pub fn with_connection(&self, connection: C) -> Self {
        Self {
            connection,
            jobs: Arc::clone(&self.jobs),
            closing: self.closing.clone(),
            group: self.group,
            retries: self.retries.clone(),
            results: Arc::clone(&self.results),
            metrics: Arc::clone(&self.metrics),
        }
    }

    /// Returns the retrier, to which this writer and those made from it later pass the batches of
    /// locked devices. Without a retrier, such batches are rejected at once.
    #[must_use]
    pub fn retrier(&mut self, connection: C, limits: &StoreLimits) -> Retrier<C> {
        let results = Arc::clone(&self.results);
        let (retries, retrier) = Retrier::new(connection, limits, results);
        self.retries = Some(retries);
        retrier
    }

    /// Writes until the queue is closed, then returns the connection.
    pub async fn run(mut self) -> C {
        let mut jobs = Vec::with_capacity(self.group);
        while self.receive(&mut jobs).await {
            if jobs.is_empty() {
                self.connection.idle().await;
            }
            let (mut group, mut registrations, mut checks) =
                (Group::default(), Vec::new(), Vec::new());
            for job in jobs.drain(..) {
                match job {
                    Job::Save(batch, ticket) => group.push((batch, ticket)),
                    Job::Register(devices, reply) => registrations.push((devices, reply)),
                    Job::Check(reply) => checks.push(reply),
                }
            }
            self.save(group).await;
            for (devices, reply) in registrations {
                let _ = reply.send(self.connection.register(&devices).await);
            }
            if !checks.is_empty() {
                self.check(checks).await;
            }
        }
        self.connection
    }

    /// Waits for a job, but at most a second, and takes all that are queued. Returns `false` once
    /// the queue is closed and empty.
    async fn receive(&mut self, jobs: &mut Vec<Job>) -> bool {
        let mut receiver = self.jobs.lock().await;
        loop {
            tokio::select! {
                count = receiver.recv_many(jobs, self.group) => {
                    self.metrics.queue(receiver.len());
                    return count > 0;
                }
                () = sleep(IDLE) => return true,
                // An error, because the `Queue` was dropped, also closes the channel.
                _ = self.closing.changed(), if !receiver.is_closed() => receiver.close(),
            }
        }
    }

    async fn save(&mut self, mut group: Group) {
        if let Some(retries) = &self.retries {
            group = retries.divert(group, &self.results);
        }
        if group.len() == 0 {
            return;
        }
        let left = self.results.commit(&mut self.connection, group).await;
        match &self.retries {
            Some(retries) => retries.add(left, &self.results),
            None => self.results.give_up(left),
        }
    }

    async fn check(&mut self, replies: Vec<Reply>) {
        let begin = Instant::now();
        let checked = self.connection.check().await;
        let result = self.results.settle_check(begin, checked);
        for reply in replies {
            let _ = reply.send(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// Panics on device 0 and rejects device 1.
    struct Fragile;

    impl Commit for Fragile {
        async fn commit(&mut self, batches: &[Batch]) -> Result<(), CommitError> {
            assert!(
                batches.iter().all(|batch| batch.device != 0),
                "deliberate panic"
            );
            match batches.iter().any(|batch| batch.device == 1) {
                true => Err(CommitError::Constraint(anyhow::anyhow!("no such device"))),
                false => Ok(()),
            }
        }

        async fn register(&mut self, _: &[NewDevice]) -> anyhow::Result<Vec<i64>> {
            anyhow::bail!("the database is broken")
        }

        async fn check(&mut self) -> anyhow::Result<()> {
            anyhow::bail!("the database is broken")
        }
    }

    fn batch(device: i64) -> Batch {
        Batch {
            device,
            updates: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_panicking_writer_fails_all_requests() {
        let limits = Config::default().store;
        let (queue, writer) = Queue::new(Fragile, &limits, Arc::default());
        let writer = tokio::spawn(writer.run());
        assert_eq!(queue.save(batch(2)).await, Ok(()));
        assert_eq!(queue.save(batch(0)).await, Err(Unavailable::Fault));
        queue.died().await;
        assert_eq!(queue.save(batch(2)).await, Err(Unavailable::Fault));
        assert_eq!(queue.check().await, Err(Unavailable::Fault));
        assert!(writer.await.is_err_and(|error| error.is_panic()));
    }

    #[tokio::test]
    async fn a_constraint_violation_does_not_affect_other_batches() {
        let limits = Config::default().store;
        let (queue, writer) = Queue::new(Fragile, &limits, Arc::default());
        let (first, rejected, last, ()) = tokio::join!(
            queue.save(batch(2)),
            queue.save(batch(1)),
            async {
                let saved = queue.save(batch(3)).await;
                queue.close();
                saved
            },
            async {
                writer.run().await;
            },
        );
        assert_eq!(
            (first, rejected, last),
            (Ok(()), Err(Unavailable::Constraint), Ok(()))
        );
    }
}
