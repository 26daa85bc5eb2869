//! A store that makes batches readable as soon as they are saved, as the contract expects.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, stream};
use pinquery_server::config::StoreLimits;
use pinquery_server::devices::{DeviceKey, NewDevice};
use pinquery_server::metrics::Metrics;
use pinquery_server::nats::{Nats, url::Address};
use pinquery_server::postgres::{Session, SinkDatabase};
use pinquery_server::store::{Batch, Cursor, History, Latest, Limit, Store, Unavailable};
use tokio::sync::Mutex;

use crate::common::stream::Stream;
use crate::common::{Scratch, Server, TIMEOUT, command};

/// A store that publishes to a stream, together with a sink that writes it.
pub struct Written {
    nats: Nats,
    stream: stream::Stream,
    /// Reads the position of the sink.
    session: Mutex<Session>,
    _sink: Server,
    _scratch: Scratch,
}

impl Written {
    /// Returns the URLs of a stream and of the database that a sink writes it to.
    pub fn database(stream: &Stream) -> String {
        format!("{} {}", stream.url(), stream.database.url())
    }
}

impl Store for Written {
    async fn open(
        database: &str,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let (from, database) = database.split_once(' ').expect("two URLs");
        let mut limits = limits.clone();
        limits.read = Some(database.to_owned());
        let nats = Nats::open(from, &limits, metrics).await?;
        let (address, written) = (Address::parse(from)?, SinkDatabase::new(database)?);
        let context = jetstream::new(address.connect(TIMEOUT).await?);
        written.prepare().await?;
        let scratch = Scratch::new();
        let mut sink = command();
        sink.args(["sink", "--from", from, "--database", database]);
        Ok(Self {
            nats,
            stream: context.get_stream(&address.stream).await?,
            session: written.session(&address.stream).await?.into(),
            _sink: Server::spawn(&scratch, sink),
            _scratch: scratch,
        })
    }

    fn location(&self) -> String {
        self.nats.location()
    }

    async fn registered(&self, after: i64) -> anyhow::Result<Vec<(i64, DeviceKey)>> {
        self.nats.registered(after).await
    }

    async fn register(&self, devices: Vec<NewDevice>) -> anyhow::Result<Vec<i64>> {
        self.nats.register(devices).await
    }

    async fn save(&self, batch: Batch) -> Result<(), Unavailable> {
        self.nats.save(batch).await?;
        let info = self.stream.get_info().await.expect("information");
        let last = info.state.last_sequence;
        let written = async {
            let mut session = self.session.lock().await;
            while session
                .position()
                .await
                .expect("a position")
                .is_none_or(|p| p.seq < last)
            {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let written = tokio::time::timeout(TIMEOUT, written).await;
        written.expect("the sink has written the batch");
        Ok(())
    }

    async fn latest(&self, device: i64) -> Result<Vec<Latest>, Unavailable> {
        self.nats.latest(device).await
    }

    async fn history(
        &self,
        device: i64,
        cursor: Cursor,
        limit: Limit,
    ) -> Result<History, Unavailable> {
        self.nats.history(device, cursor, limit).await
    }

    async fn check(&self) -> Result<(), Unavailable> {
        self.nats.check().await
    }

    async fn died(&self) {
        self.nats.died().await;
    }

    async fn close(&self) -> anyhow::Result<()> {
        self.nats.close().await
    }
}
