//! What the stores have in common: a bounded queue of batches, and writers that take all that wait,
//! write them in one commit and only then answer each, so that the disk's pace is that of commits
//! and not that of batches.

use std::future::Future;
use std::slice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use crate::config::StoreLimits;
use crate::fault::Fault;
use crate::metrics::{Failure, Metrics};
use crate::store::{Batch, Unavailable};

/// A commit as young as this shows that the database takes batches.
const YOUNG: Duration = Duration::from_secs(1);

/// A connection to a database that is written to.
pub trait Commit {
    /// Keeps all of these batches, durably, or none of them.
    fn commit(&mut self, batches: &[Batch]) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Does what it can of a commit without a batch.
    fn check(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Why a commit was none.
#[derive(Debug)]
pub enum Failed {
    /// One of the batches breaks a rule of the database.
    Rule(anyhow::Error),
    /// The database does not take anything now.
    Now(anyhow::Error),
}

type Done = oneshot::Sender<Result<(), Unavailable>>;

enum Job {
    Save(Batch, Done),
    Check(Done),
}

/// The entrance: where batches wait.
pub struct Queue {
    jobs: mpsc::Sender<Job>,
    closing: watch::Sender<()>,
    metrics: Arc<Metrics>,
}

impl Queue {
    /// A queue, and the first of its writers.
    #[must_use]
    pub fn new<C>(commit: C, limits: &StoreLimits, metrics: Arc<Metrics>) -> (Self, Writer<C>) {
        let (jobs, waiting) = mpsc::channel(limits.queue);
        let closing = watch::Sender::new(());
        let writer = Writer {
            commit,
            waiting: Arc::new(Mutex::new(waiting)),
            closing: closing.subscribe(),
            group: limits.group,
            fault: Arc::new(Fault::new(Failure::Write, Arc::clone(&metrics))),
            metrics: Arc::clone(&metrics),
            last: None,
        };
        let queue = Self {
            jobs,
            closing,
            metrics,
        };
        (queue, writer)
    }

    /// Waits until a batch is durable, unless there are too many that wait.
    pub async fn save(&self, batch: Batch) -> Result<(), Unavailable> {
        let (done, outcome) = oneshot::channel();
        self.put(Job::Save(batch, done))?;
        self.metrics
            .queue(self.jobs.max_capacity() - self.jobs.capacity());
        outcome.await.unwrap_or(Err(Unavailable::Fault))
    }

    /// Waits until a writer has seen whether the database takes batches.
    pub async fn check(&self) -> Result<(), Unavailable> {
        let (done, outcome) = oneshot::channel();
        self.put(Job::Check(done))?;
        outcome.await.unwrap_or(Err(Unavailable::Fault))
    }

    fn put(&self, job: Job) -> Result<(), Unavailable> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Unavailable::QueueFull,
            TrySendError::Closed(_) => Unavailable::Fault,
        })
    }

    /// Completes once no writer is left.
    pub async fn died(&self) {
        self.jobs.closed().await;
    }

    /// Tells the writers to end once all that waits is written; nothing more comes in.
    pub fn close(&self) {
        self.closing.send_replace(());
    }
}

/// Takes batches from the queue and commits them.
pub struct Writer<C> {
    commit: C,
    waiting: Arc<Mutex<mpsc::Receiver<Job>>>,
    closing: watch::Receiver<()>,
    group: usize,
    fault: Arc<Fault>,
    metrics: Arc<Metrics>,
    /// When it committed last.
    last: Option<Instant>,
}

impl<C: Commit> Writer<C> {
    /// One more writer of the same queue.
    #[must_use]
    pub fn beside(&self, commit: C) -> Self {
        Self {
            commit,
            waiting: Arc::clone(&self.waiting),
            closing: self.closing.clone(),
            group: self.group,
            fault: Arc::clone(&self.fault),
            metrics: Arc::clone(&self.metrics),
            last: None,
        }
    }

    /// Writes until the queue is closed, and gives the connection back.
    pub async fn run(mut self) -> C {
        let mut jobs = Vec::with_capacity(self.group);
        while self.take(&mut jobs).await {
            let (mut batches, mut saves, mut checks) = (Vec::new(), Vec::new(), Vec::new());
            for job in jobs.drain(..) {
                match job {
                    Job::Save(batch, done) => {
                        batches.push(batch);
                        saves.push(done);
                    }
                    Job::Check(done) => checks.push(done),
                }
            }
            if !batches.is_empty() {
                self.save(&batches, saves).await;
            }
            if !checks.is_empty() {
                tell(checks, self.check().await);
            }
        }
        self.commit
    }

    /// Waits for a batch and takes all that wait by then; whether there was any, and not the end.
    async fn take(&mut self, jobs: &mut Vec<Job>) -> bool {
        let mut waiting = self.waiting.lock().await;
        loop {
            tokio::select! {
                count = waiting.recv_many(jobs, self.group) => {
                    self.metrics.queue(waiting.len());
                    return count > 0;
                }
                // Also where the queue itself is gone.
                _ = self.closing.changed(), if !waiting.is_closed() => waiting.close(),
            }
        }
    }

    /// A group is kept whole. Where one of its batches breaks a rule of the database, each is kept
    /// or refused by itself. Nobody is answered before it is one or the other.
    async fn save(&mut self, batches: &[Batch], saves: Vec<Done>) {
        let saved = self.commit.commit(batches).await;
        if batches.len() > 1 && matches!(saved, Err(Failed::Rule(_))) {
            for (batch, done) in batches.iter().zip(saves) {
                let saved = self.commit.commit(slice::from_ref(batch)).await;
                tell([done], self.note(saved, 1));
            }
        } else {
            let saved = self.note(saved, batches.len());
            tell(saves, saved);
        }
    }

    fn note(&mut self, saved: Result<(), Failed>, batches: usize) -> Result<(), Unavailable> {
        match saved {
            Ok(()) => {
                self.last = Some(Instant::now());
                self.metrics.committed(batches);
                self.fault.worked();
                Ok(())
            }
            Err(Failed::Rule(error)) => {
                let error = format!("{error:#}");
                tracing::error!(error, "a batch breaks a rule of the database");
                Err(Unavailable::Rule)
            }
            Err(Failed::Now(error)) => {
                self.last = None;
                self.fault.failed(&format!("{error:#}"), batches);
                Err(Unavailable::Fault)
            }
        }
    }

    async fn check(&mut self) -> Result<(), Unavailable> {
        if self.last.is_some_and(|last| last.elapsed() < YOUNG) {
            return Ok(());
        }
        self.commit.check().await.map_err(|_| Unavailable::Fault)
    }
}

/// Whoever waited may have gone: the batch is kept all the same.
fn tell(waiting: impl IntoIterator<Item = Done>, saved: Result<(), Unavailable>) {
    for done in waiting {
        let _ = done.send(saved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// Panics at a batch of device 0, and knows no device 1.
    struct Fragile;

    impl Commit for Fragile {
        async fn commit(&mut self, batches: &[Batch]) -> Result<(), Failed> {
            assert!(
                batches.iter().all(|batch| batch.device != 0),
                "as the test wants it"
            );
            match batches.iter().any(|batch| batch.device == 1) {
                true => Err(Failed::Rule(anyhow::anyhow!("no such device"))),
                false => Ok(()),
            }
        }

        async fn check(&mut self) -> anyhow::Result<()> {
            Ok(())
        }
    }

    fn batch(device: i64) -> Batch {
        Batch {
            device,
            updates: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_writer_that_dies_is_noticed_and_keeps_nobody_waiting() {
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
    async fn a_batch_that_breaks_a_rule_costs_no_other() {
        let limits = Config::default().store;
        let (queue, writer) = Queue::new(Fragile, &limits, Arc::default());
        let (saved, refused, also, ()) = tokio::join!(
            queue.save(batch(2)),
            queue.save(batch(1)),
            async {
                let also = queue.save(batch(3)).await;
                queue.close();
                also
            },
            async {
                writer.run().await;
            },
        );
        assert_eq!(
            (saved, refused, also),
            (Ok(()), Err(Unavailable::Rule), Ok(()))
        );
    }
}
