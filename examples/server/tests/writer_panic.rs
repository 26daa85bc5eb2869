//! A server whose database writer panics shuts down with an error.

use std::sync::Arc;

use clap::Parser;
use pinquery_server::config::{Config, StoreLimits};
use pinquery_server::devices::{DeviceKey, NewDevice};
use pinquery_server::metrics::Metrics;
use pinquery_server::run::run;
use pinquery_server::store::{Batch, Cursor, History, Latest, Limit, Store, Unavailable};
use pinquery_server::writer::{Commit, CommitError, Queue};

/// A store whose writer panics on the first batch.
struct PanickingStore(Queue);

struct PanickingConnection;

impl Commit for PanickingConnection {
    async fn commit(&mut self, _: &[Batch]) -> Result<(), CommitError> {
        panic!("deliberate panic")
    }

    async fn register(&mut self, _: &[NewDevice]) -> anyhow::Result<Vec<i64>> {
        panic!("deliberate panic")
    }

    async fn check(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}

impl Store for PanickingStore {
    async fn open(_: &str, limits: &StoreLimits, metrics: Arc<Metrics>) -> anyhow::Result<Self> {
        let (queue, writer) = Queue::new(PanickingConnection, limits, metrics);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.expect("runtime").block_on(writer.run());
        });
        let updates = Vec::new();
        let saved = queue.save(Batch { device: 1, updates }).await;
        assert_eq!(saved, Err(Unavailable::Fault));
        Ok(Self(queue))
    }

    fn location(&self) -> String {
        String::new()
    }

    async fn registered(&self, _: i64) -> anyhow::Result<Vec<(i64, DeviceKey)>> {
        Ok(Vec::new())
    }

    async fn register(&self, devices: Vec<NewDevice>) -> anyhow::Result<Vec<i64>> {
        Ok(vec![1; devices.len()])
    }

    async fn save(&self, batch: Batch) -> Result<(), Unavailable> {
        self.0.save(batch).await
    }

    async fn latest(&self, _: i64) -> Result<Vec<Latest>, Unavailable> {
        Ok(Vec::new())
    }

    async fn history(&self, _: i64, _: Cursor, _: Limit) -> Result<History, Unavailable> {
        Ok(History::default())
    }

    async fn check(&self) -> Result<(), Unavailable> {
        self.0.check().await
    }

    async fn died(&self) {
        self.0.died().await;
    }

    async fn close(&self) -> anyhow::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_panicking_writer_stops_the_server_with_an_error() {
    let config = Config::parse_from(["server", "--listen", "127.0.0.1:0", "--database", "x"]);
    let mut banner = Vec::new();
    let result = run::<PanickingStore>(&config, Arc::default(), &mut banner).await;
    let error = result.expect_err("the writer panics").to_string();
    assert_eq!(error, "the database writer has terminated");
    assert!(banner.starts_with(b"pinquery-server listening on http://127.0.0.1:"));
}
