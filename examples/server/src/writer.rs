//! Group commit, shared by the stores: batches wait in a bounded queue; a writer commits all that
//! are waiting in one transaction and then acknowledges them. Throughput is thus not limited to one
//! batch per disk flush.

mod health;

use std::future::Future;
use std::slice;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use crate::config::StoreLimits;
use crate::fault::Fault;
use crate::metrics::{Metrics, Operation};
use crate::store::{Batch, Unavailable};
use health::Health;

/// A connection that writes to a database.
pub trait Commit {
    /// Saves these batches durably, all or none.
    fn commit(&mut self, batches: &[Batch])
    -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Checks that a commit would succeed, by doing what it does as far as possible.
    fn check(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Why a commit failed.
#[derive(Debug)]
pub enum CommitError {
    /// One of the batches violates a constraint of the database.
    Constraint(anyhow::Error),
    /// The database cannot be written at the moment.
    Unavailable(anyhow::Error),
}

type Reply = oneshot::Sender<Result<(), Unavailable>>;

enum Job {
    Save(Batch, Reply),
    Check(Reply),
}

/// The queue of batches to write.
pub struct Queue {
    jobs: mpsc::Sender<Job>,
    closing: watch::Sender<()>,
    health: Arc<Health>,
    checking: Mutex<()>,
    metrics: Arc<Metrics>,
}

impl Queue {
    /// Returns a queue and its first writer.
    #[must_use]
    pub fn new<C>(connection: C, limits: &StoreLimits, metrics: Arc<Metrics>) -> (Self, Writer<C>) {
        let (jobs, receiver) = mpsc::channel(limits.queue);
        let closing = watch::Sender::new(());
        let writer = Writer {
            connection,
            jobs: Arc::new(Mutex::new(receiver)),
            closing: closing.subscribe(),
            group: limits.group,
            fault: Arc::new(Fault::new(Operation::Write, Arc::clone(&metrics))),
            metrics: Arc::clone(&metrics),
            health: Arc::default(),
        };
        let queue = Self {
            jobs,
            closing,
            health: Arc::clone(&writer.health),
            checking: Mutex::default(),
            metrics,
        };
        (queue, writer)
    }

    /// Queues a batch and waits until it is durable. Fails at once if the queue is full.
    pub async fn save(&self, batch: Batch) -> Result<(), Unavailable> {
        let (reply, result) = oneshot::channel();
        self.reserve()?.send(Job::Save(batch, reply));
        self.metrics
            .queue(self.jobs.max_capacity() - self.jobs.capacity());
        result.await.unwrap_or(Err(Unavailable::Fault))
    }

    /// Returns whether the database accepts batches. Has a writer check it unless a commit or
    /// another check did so recently; one check at a time, however many callers are waiting.
    pub async fn check(&self) -> Result<(), Unavailable> {
        let _guard = self.checking.lock().await;
        let permit = self.reserve()?;
        if let Some(result) = self.health.recent() {
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
    fault: Arc<Fault>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
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
            fault: Arc::clone(&self.fault),
            metrics: Arc::clone(&self.metrics),
            health: Arc::clone(&self.health),
        }
    }

    /// Writes until the queue is closed, then returns the connection.
    pub async fn run(mut self) -> C {
        let mut jobs = Vec::with_capacity(self.group);
        while self.receive(&mut jobs).await {
            let (mut batches, mut saves, mut checks) = (Vec::new(), Vec::new(), Vec::new());
            for job in jobs.drain(..) {
                match job {
                    Job::Save(batch, reply) => {
                        batches.push(batch);
                        saves.push(reply);
                    }
                    Job::Check(reply) => checks.push(reply),
                }
            }
            if !batches.is_empty() {
                self.save(&batches, saves).await;
            }
            if !checks.is_empty() {
                send_all(checks, self.check().await);
            }
        }
        self.connection
    }

    /// Waits for a job and takes all that are queued. Returns `false` once the queue is closed and
    /// empty.
    async fn receive(&mut self, jobs: &mut Vec<Job>) -> bool {
        let mut receiver = self.jobs.lock().await;
        loop {
            tokio::select! {
                count = receiver.recv_many(jobs, self.group) => {
                    self.metrics.queue(receiver.len());
                    return count > 0;
                }
                // An error, because the `Queue` was dropped, also closes the channel.
                _ = self.closing.changed(), if !receiver.is_closed() => receiver.close(),
            }
        }
    }

    /// Commits a group. If one of its batches violates a constraint, each is committed separately.
    /// Replies only once the fate of a batch is known.
    async fn save(&mut self, batches: &[Batch], replies: Vec<Reply>) {
        let result = self.connection.commit(batches).await;
        if batches.len() > 1 && matches!(result, Err(CommitError::Constraint(_))) {
            for (batch, reply) in batches.iter().zip(replies) {
                let result = self.connection.commit(slice::from_ref(batch)).await;
                send_all([reply], self.record(result, 1));
            }
        } else {
            send_all(replies, self.record(result, batches.len()));
        }
    }

    fn record(
        &mut self,
        result: Result<(), CommitError>,
        batches: usize,
    ) -> Result<(), Unavailable> {
        match result {
            Ok(()) => {
                self.health.record(Ok(()));
                self.metrics.committed(batches);
                self.fault.succeeded();
                Ok(())
            }
            Err(CommitError::Constraint(error)) => {
                let error = format!("{error:#}");
                tracing::error!(error, "a batch violates a database constraint");
                Err(Unavailable::Constraint)
            }
            Err(CommitError::Unavailable(error)) => {
                self.health.record(Err(Unavailable::Fault));
                self.fault.failed(&format!("{error:#}"), batches);
                Err(Unavailable::Fault)
            }
        }
    }

    async fn check(&mut self) -> Result<(), Unavailable> {
        let begin = Instant::now();
        let checked = self.connection.check().await;
        let result = checked.map_err(|_| Unavailable::Fault);
        self.health.record_check(begin, result);
        result
    }
}

/// Ignores receivers that are gone: a request that timed out does not undo its batch.
fn send_all(replies: impl IntoIterator<Item = Reply>, result: Result<(), Unavailable>) {
    for reply in replies {
        let _ = reply.send(result);
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
