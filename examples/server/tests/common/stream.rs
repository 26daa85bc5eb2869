//! A stream of NATS to which servers publish batches, and the database to which sinks write them.
#![cfg(feature = "nats")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_nats::jetstream::stream::{Config, State};
use pinquery_server::devices::DeviceKey;
use pinquery_server::nats::{self, url::Address};

use super::load::{Saved, SavedBatch};
use super::nats::Cluster;
use super::postgres::Database;
use super::{Scratch, Server, TIMEOUT, TOKEN, command, eventually, output};

pub struct Stream {
    pub name: String,
    pub cluster: Arc<Cluster>,
    pub database: Database,
    /// The directory with the log of the servers.
    pub scratch: Scratch,
    /// The directory with the log of the sinks.
    pub sinks: Scratch,
    replicas: usize,
    /// Further parameters of the URL, each with an `&`.
    pub parameters: String,
}

impl Stream {
    /// Returns a stream on a server that is shared by the tests of this binary, or `None` if NATS
    /// or PostgreSQL is not installed.
    pub fn shared() -> Option<Self> {
        Some(Self::on(Cluster::shared()?, Database::flushed()?, 1))
    }

    /// Returns a stream on this many nodes. The test may kill them and the database.
    pub fn on_own_nodes(nodes: usize) -> Option<Self> {
        let database = Database::in_own_cluster(&[]);
        Some(Self::on(Cluster::start(nodes)?.into(), database?, nodes))
    }

    fn on(cluster: Arc<Cluster>, database: Database, replicas: usize) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            name: format!("TEST{number}"),
            cluster,
            database,
            scratch: Scratch::new(),
            sinks: Scratch::new(),
            replicas,
            parameters: String::new(),
        }
    }

    pub fn url(&self) -> String {
        let (name, replicas) = (&self.name, self.replicas);
        let parameters = format!("stream={name}&replicas={replicas}{}", self.parameters);
        self.cluster.url(&parameters)
    }

    /// Creates the stream as a server does at startup.
    pub fn create(&self) {
        let address = Address::parse(&self.url()).expect("valid URL");
        self.cluster.run(async |context| {
            let opened = nats::stream::open(&context, &address, TIMEOUT).await;
            opened.expect("stream is created");
        });
    }

    pub fn delete(&self) {
        let deleted = self
            .cluster
            .run(async |context| context.delete_stream(&self.name).await);
        deleted.expect("stream is deleted");
    }

    /// Changes the settings of the stream.
    pub fn edit(&self, change: impl FnOnce(&mut Config)) {
        self.cluster.run(async |context| {
            let stream = context.get_stream(&self.name).await.expect("stream");
            let mut config = stream.cached_info().config.clone();
            change(&mut config);
            context
                .update_stream(config)
                .await
                .expect("stream is edited");
        });
    }

    /// Removes the messages before the one with this sequence number.
    pub fn purge_before(&self, sequence: u64) {
        self.cluster.run(async |context| {
            let stream = context.get_stream(&self.name).await.expect("stream");
            let purged = stream.purge().sequence(sequence).await;
            purged.expect("messages are purged");
        });
    }

    /// Starts a server that publishes batches, and reads from the database.
    pub fn server(&self, args: &[&str]) -> Server {
        let read = self.database.url();
        let args = [&["--read", &read], args].concat();
        Server::start_on(&self.scratch, Path::new(&self.url()), &args)
    }

    /// Starts a sink.
    pub fn sink(&self) -> Server {
        Server::spawn(&self.sinks, self.sink_command())
    }

    pub fn sink_command(&self) -> Command {
        let mut command = command();
        command.args(["sink", "--from", &self.url()]);
        command.args(["--database", &self.database.url()]);
        command
    }

    /// Starts a sink that fails, and returns its log, whose last line is the error.
    pub fn failing_sink(&self) -> String {
        let (status, _, log) = output(self.sink_command());
        assert_eq!(status, Some(1), "{log}");
        log
    }

    /// Waits until the sinks have logged a text this many times.
    pub fn wait_until_logged(&self, text: &str, count: usize) {
        eventually(text, || self.sinks.log().matches(text).count() >= count);
    }

    pub fn state(&self) -> State {
        let mut state = None;
        eventually("the stream has a leader", || {
            state = self.cluster.run(async |context| {
                let stream = context.get_stream(&self.name).await.ok()?;
                Some(stream.cached_info().state.clone())
            });
            state.is_some()
        });
        state.expect("a state")
    }

    /// Returns the sequence number of the last message that is written to the database.
    pub fn written(&self) -> u64 {
        let select = format!("SELECT seq FROM sink WHERE stream = '{}'", self.name);
        // Until the first sink starts, the table is missing.
        let written = self.database.try_query(&select).unwrap_or_default();
        written.parse().unwrap_or(0)
    }

    /// Waits until all messages that are in the stream now are written.
    pub fn wait_until_written(&self) {
        let last = self.state().last_sequence;
        eventually("the sink has caught up", || self.written() >= last);
    }

    /// Returns the subject of the batches of the test's device.
    pub fn subject(&self) -> String {
        nats::message::subject(&self.name, &DeviceKey::of_token(TOKEN))
    }

    /// Publishes a batch with the same number for four pins.
    pub fn publish_batch(&self, number: i64) {
        let update = |pin: u8| format!(r#"[{pin},"integer",{number}]"#);
        let updates = [10, 11, 12, 13].map(update).join(",");
        self.publish(self.subject(), &format!(r#"{{"v":1,"u":[{updates}]}}"#));
    }

    /// Publishes a message, once the stream has a leader.
    pub fn publish(&self, subject: String, payload: &str) {
        eventually("a message is acknowledged", || {
            let (subject, payload) = (subject.clone(), payload.to_owned().into());
            self.cluster.run(async |context| {
                let published = context.publish(subject, payload).await;
                published.expect("published").await.is_ok()
            })
        });
    }
}

/// Includes all batches that were acknowledged before the call.
impl Saved for Stream {
    fn batches(&self) -> Vec<SavedBatch> {
        self.wait_until_written();
        self.database.batches()
    }
}

/// Fails a test that leaves a token or a password in a log, and prints the logs of a failed test.
impl Drop for Stream {
    fn drop(&mut self) {
        for log in [self.scratch.log(), self.sinks.log()] {
            if std::thread::panicking() {
                println!("{log}");
            } else {
                assert!(!log.contains("SECRET"), "{log}");
            }
        }
    }
}
