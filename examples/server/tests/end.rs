//! What becomes of a server whose store can never do anything again.

use std::sync::Arc;

use clap::Parser;
use pinquery_server::config::{Config, StoreLimits};
use pinquery_server::devices::{Device, Devices};
use pinquery_server::metrics::Metrics;
use pinquery_server::run::run;
use pinquery_server::store::{Batch, Latest, SavedBatch, Store, Unavailable};
use pinquery_server::writer::{Commit, Failed, Queue};

/// Its writer panics at once.
struct Mortal(Queue);

struct Panics;

impl Commit for Panics {
    async fn commit(&mut self, _: &[Batch]) -> Result<(), Failed> {
        panic!("as the test wants it")
    }

    async fn check(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}

impl Store for Mortal {
    async fn open(
        _: &str,
        _: Devices,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let (queue, writer) = Queue::new(Panics, limits, metrics);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.expect("a runtime").block_on(writer.run());
        });
        let updates = Vec::new();
        let lost = queue.save(Batch { device: 1, updates }).await;
        assert_eq!(lost, Err(Unavailable::Fault));
        Ok(Self(queue))
    }

    fn place(&self) -> String {
        String::new()
    }

    async fn device(&self, _: &str) -> Result<Option<Arc<Device>>, Unavailable> {
        Ok(None)
    }

    async fn save(&self, batch: Batch) -> Result<(), Unavailable> {
        self.0.save(batch).await
    }

    async fn latest(&self, _: i64) -> Result<Vec<Latest>, Unavailable> {
        Ok(Vec::new())
    }

    async fn history(
        &self,
        _: i64,
        _: Option<i64>,
        _: usize,
    ) -> Result<Vec<SavedBatch>, Unavailable> {
        Ok(Vec::new())
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
async fn it_ends_and_says_why() {
    let config = Config::parse_from(["server", "--listen", "127.0.0.1:0"]);
    let mut welcome = Vec::new();
    let ended = run::<Mortal>(&config, "", Arc::default(), &mut welcome).await;
    let why = ended.expect_err("an end").to_string();
    assert_eq!(why, "the writer of the database has died");
    assert!(welcome.starts_with(b"pinquery-server listens on http://127.0.0.1:"));
}
