//! The queue and its writers, on connections that the test controls.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use clap::Parser;
use futures_util::FutureExt;
use pinquery_server::config::{Config, StoreLimits};
use pinquery_server::devices::NewDevice;
use pinquery_server::metrics::Metrics;
use pinquery_server::store::{Batch, Size, Unavailable};
use pinquery_server::writer::{Commit, CommitError, Queue};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

type Save<'a> = Pin<Box<dyn Future<Output = Result<(), Unavailable>> + 'a>>;

fn limits(group: &str) -> StoreLimits {
    Config::parse_from(["server", "--group", group]).store
}

fn batch(device: i64) -> Batch {
    let updates = Vec::new();
    Batch { device, updates }
}

/// Queues batches of the devices 1 to `count`, and returns the pending results.
fn save(queue: &Queue, count: i64) -> Vec<Save<'_>> {
    let saves = (1..=count).map(|device| Box::pin(queue.save(batch(device))) as Save<'_>);
    let mut saves: Vec<_> = saves.collect();
    assert_pending(&mut saves);
    saves
}

#[track_caller]
fn assert_pending(saves: &mut [Save<'_>]) {
    for save in saves {
        assert_eq!(save.now_or_never(), None);
    }
}

async fn results(saves: Vec<Save<'_>>) -> Vec<Result<(), Unavailable>> {
    futures_util::future::join_all(saves).await
}

/// Reports when a commit begins, and waits for the test to complete it.
struct Gated(UnboundedSender<oneshot::Sender<()>>);

impl Commit for Gated {
    async fn commit(&mut self, _: &[Batch]) -> Result<(), CommitError> {
        let (finish, finished) = oneshot::channel();
        self.0.send(finish).expect("the test is running");
        finished
            .await
            .map_err(|_| CommitError::Unavailable(anyhow::anyhow!("aborted")))
    }

    async fn register(&mut self, _: &[NewDevice]) -> anyhow::Result<Vec<i64>> {
        anyhow::bail!("not used")
    }

    async fn check(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn batches_are_not_acknowledged_before_their_commit() {
    let (begin, mut begun) = unbounded_channel();
    let (queue, writer) = Queue::new(Gated(begin), &limits("4"), Arc::default());
    let _writer = tokio::spawn(writer.run());
    for count in [1, 3] {
        let mut saves = save(&queue, count);
        let finish = begun.recv().await.expect("a commit begins");
        assert_pending(&mut saves);
        finish.send(()).expect("the writer is running");
        assert!(results(saves).await.iter().all(Result::is_ok));
    }
}

/// Returns scripted results, then succeeds, and records the devices of each group.
#[derive(Clone, Default)]
struct Scripted {
    results: Arc<Mutex<VecDeque<Result<(), CommitError>>>>,
    groups: Arc<Mutex<Vec<Vec<i64>>>>,
    checks: Arc<Mutex<usize>>,
}

impl Scripted {
    fn new(results: impl IntoIterator<Item = Result<(), CommitError>>) -> Self {
        let results = Arc::new(Mutex::new(results.into_iter().collect()));
        Self {
            results,
            ..Self::default()
        }
    }

    fn groups(&self) -> Vec<Vec<i64>> {
        self.groups.lock().unwrap().clone()
    }
}

impl Commit for Scripted {
    async fn commit(&mut self, batches: &[Batch]) -> Result<(), CommitError> {
        let devices = batches.iter().map(|batch| batch.device).collect();
        self.groups.lock().unwrap().push(devices);
        self.results.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }

    async fn register(&mut self, _: &[NewDevice]) -> anyhow::Result<Vec<i64>> {
        anyhow::bail!("not used")
    }

    async fn check(&mut self) -> anyhow::Result<()> {
        *self.checks.lock().unwrap() += 1;
        anyhow::bail!("the database is broken")
    }
}

fn constraint() -> Result<(), CommitError> {
    Err(CommitError::Constraint(anyhow::anyhow!("no such device")))
}

fn unavailable() -> Result<(), CommitError> {
    Err(CommitError::Unavailable(anyhow::anyhow!("locked")))
}

#[tokio::test]
async fn every_writer_respects_the_maximum_group() {
    let connection = Scripted::default();
    let (queue, writer) = Queue::new(connection.clone(), &limits("2"), Arc::default());
    let other = Scripted::default();
    let other_writer = writer.with_connection(other.clone());
    for (writer, connection) in [(writer, connection), (other_writer, other)] {
        let saves = save(&queue, 5);
        let writer = tokio::spawn(writer.run());
        assert_eq!(results(saves).await, [Ok(()); 5]);
        assert_eq!(connection.groups(), [vec![1, 2], vec![3, 4], vec![5]]);
        writer.abort();
        assert!(writer.await.is_err_and(|error| error.is_cancelled()));
    }
}

#[tokio::test]
async fn closing_the_queue_writes_all_waiting_batches() {
    let connection = Scripted::default();
    // Many groups, because the writer may notice the closing before or after any of them.
    let (queue, writer) = Queue::new(connection.clone(), &limits("1"), Arc::default());
    let saves = save(&queue, 64);
    queue.close();
    writer.run().await;
    assert_eq!(results(saves).await, [Ok(()); 64]);
    assert_eq!(connection.groups().len(), 64);
    assert_eq!(queue.save(batch(1)).await, Err(Unavailable::Fault));
}

#[tokio::test]
async fn after_a_constraint_violation_each_batch_gets_its_own_result() {
    let script = [
        constraint(),
        unavailable(),
        constraint(),
        Ok(()),
        constraint(),
    ];
    let connection = Scripted::new(script);
    let metrics = Arc::new(Metrics::default());
    let (queue, writer) = Queue::new(connection.clone(), &limits("9"), Arc::clone(&metrics));
    let saves = save(&queue, 3);
    queue.close();
    writer.run().await;
    let expected = [
        Err(Unavailable::Fault),
        Ok(()),
        Err(Unavailable::Constraint),
    ];
    assert_eq!(results(saves).await, expected);
    assert_eq!(
        connection.groups(),
        [vec![1, 2, 3], vec![1], vec![2, 3], vec![2], vec![3]]
    );
    let text = metrics.text(Size::default());
    for line in [
        "pinquery_commits_total 1\n",
        "pinquery_batches_committed_total 1\n",
        "pinquery_faults_total{kind=\"write\"} 1\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

fn partial(locked: &[i64], missing: &[i64]) -> Result<(), CommitError> {
    let (locked, missing) = (locked.to_vec(), missing.to_vec());
    Err(CommitError::Partial { locked, missing })
}

#[tokio::test]
async fn a_partial_commit_is_not_repeated() {
    let connection = Scripted::new([partial(&[2], &[3])]);
    let (queue, writer) = Queue::new(connection.clone(), &limits("9"), Arc::default());
    let saves = save(&queue, 4);
    queue.close();
    writer.run().await;
    let expected = [
        Ok(()),
        Err(Unavailable::Fault),
        Err(Unavailable::Constraint),
        Ok(()),
    ];
    assert_eq!(results(saves).await, expected);
    assert_eq!(connection.groups(), [[1, 2, 3, 4]]);
}

#[tokio::test]
async fn batches_of_locked_devices_are_retried_separately() {
    let connection = Scripted::new([partial(&[2, 3], &[])]);
    let retried = Scripted::new([partial(&[2], &[]), partial(&[3], &[])]);
    let (queue, mut writer) = Queue::new(connection.clone(), &limits("9"), Arc::default());
    let retrier = writer.retrier(retried.clone(), &limits("9"));
    let saves = save(&queue, 3);
    let writer = tokio::spawn(writer.run());
    eventually(|| connection.groups().len() == 1).await;
    // Further batches of these devices do not slow down others.
    let later = save(&queue, 3);
    eventually(|| connection.groups().len() == 2).await;
    assert_eq!(connection.groups(), [vec![1, 2, 3], vec![1]]);
    let retrier = tokio::spawn(retrier.run());
    assert_eq!(results(saves).await, [Ok(()); 3]);
    assert_eq!(results(later).await, [Ok(()); 3]);
    let both = [vec![2, 2], vec![3, 3]];
    assert_eq!(retried.groups(), [&both[..], &both[..]].concat());
    // They are written with the others again, and both tasks end.
    let saves = save(&queue, 3);
    assert_eq!(results(saves).await, [Ok(()); 3]);
    assert_eq!(connection.groups()[2..], [[1, 2, 3]]);
    queue.close();
    writer.await.expect("the writer ends");
    retrier.await.expect("the retrier ends");
}

#[tokio::test]
async fn batches_of_a_locked_device_are_rejected_in_time() {
    let always = (0..10_000).map(|_| partial(&[1], &[]));
    let connection = Scripted::new(always);
    let limits = Config::parse_from(["server", "--statement-timeout", "0.05"]).store;
    let (queue, mut writer) = Queue::new(connection.clone(), &limits, Arc::default());
    let retrier = writer.retrier(connection, &limits);
    let _writers = (tokio::spawn(writer.run()), tokio::spawn(retrier.run()));
    assert_eq!(queue.save(batch(1)).await, Err(Unavailable::Fault));
    // The database itself is healthy.
    assert_eq!(queue.save(batch(2)).await, Ok(()));
    assert_eq!(queue.check().await, Ok(()));
}

async fn eventually(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_health_check_after_a_failed_commit_fails_without_a_query() {
    let connection = Scripted::new([Ok(()), unavailable(), Ok(())]);
    let (queue, writer) = Queue::new(connection.clone(), &limits("9"), Arc::default());
    let _writer = tokio::spawn(writer.run());
    for expected in [Ok(()), Err(Unavailable::Fault), Ok(())] {
        assert_eq!(queue.save(batch(1)).await, expected);
        assert_eq!(queue.check().await, expected);
    }
    assert_eq!(*connection.checks.lock().unwrap(), 0);
}

#[tokio::test]
async fn simultaneous_health_checks_query_the_database_once() {
    let connection = Scripted::default();
    let (queue, writer) = Queue::new(connection.clone(), &limits("9"), Arc::default());
    let other_writer = writer.with_connection(connection.clone());
    let _writers = [writer, other_writer].map(|writer| tokio::spawn(writer.run()));
    let checks = futures_util::future::join_all((0..100).map(|_| queue.check())).await;
    assert_eq!(checks, [Err(Unavailable::Fault); 100]);
    assert_eq!(*connection.checks.lock().unwrap(), 1);
}
