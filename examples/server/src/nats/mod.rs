//! Ingest into a stream of NATS JetStream, which a sink writes to PostgreSQL.
//!
//! - [`Nats`]: the store. It publishes batches, and reads from the sink's database.
//! - [`url`]: the URL of the servers and the stream; [`connect`]: connections to them.
//! - [`stream`]: the settings of the stream; [`message`]: the format of its messages.
//! - [`publish`]: retries and acknowledgements; [`metrics`]: their metrics.
//! - [`sink`]: the command that writes the stream to PostgreSQL.

pub mod connect;
pub mod message;
pub mod metrics;
pub mod publish;
pub mod sink;
pub mod stream;
pub mod url;

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context, ensure};
use async_nats::jetstream;

use crate::config::StoreLimits;
use crate::devices::{DeviceKey, NewDevice};
use crate::metrics::Metrics;
use crate::postgres::{NETWORK_ALLOWANCE, Reader};
use crate::store::{Batch, Cursor, History, Latest, Limit, Store, Unavailable};
use publish::Publisher;
use url::Address;

/// A store that publishes batches to a stream.
///
/// A batch that failed may still be stored: the message may be on its way, or only its
/// acknowledgement may have been lost.
pub struct Nats {
    address: Address,
    publisher: Publisher,
    devices: RwLock<Numbers>,
    /// Reads what the sink has written, if `--read` is given.
    reader: Option<Reader>,
}

impl Store for Nats {
    async fn open(
        database: &str,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let address = Address::parse(database)?;
        let reader = limits.read.as_deref().map(|url| {
            let reader = Reader::open(url, limits, Arc::clone(&metrics));
            reader.context("`--read`")
        });
        let reader = reader.transpose()?;
        let wait = limits.wait_for_database;
        let location = || format!("database {}", address.location());
        let client = address.connect(wait).await.with_context(location)?;
        let context = jetstream::new(client.clone());
        let opened = stream::open(&context, &address, wait).await;
        let stream = opened.with_context(location)?;
        let window = stream.cached_info().config.duplicate_window;
        // The same limit as for a statement of PostgreSQL.
        let patience = limits.statement_timeout + NETWORK_ALLOWANCE;
        ensure!(
            patience < window,
            "`--statement-timeout` plus one second is {patience:?}, but must be less than the \
             `duplicate_window` of the stream, {window:?}"
        );
        Ok(Self {
            publisher: Publisher::new(client, &address.stream, limits, patience, metrics),
            address,
            devices: RwLock::default(),
            reader,
        })
    }

    fn location(&self) -> String {
        self.address.location()
    }

    /// Returns no devices: the sink registers those whose batches it writes.
    async fn registered(&self, _: i64) -> anyhow::Result<Vec<(i64, DeviceKey)>> {
        Ok(Vec::new())
    }

    /// Assigns numbers that are valid only in this process.
    async fn register(&self, devices: Vec<NewDevice>) -> anyhow::Result<Vec<i64>> {
        let mut numbers = self.devices.write().unwrap_or_else(PoisonError::into_inner);
        let devices = devices.iter();
        Ok(devices.map(|device| numbers.assign(device.key)).collect())
    }

    async fn save(&self, batch: Batch) -> Result<(), Unavailable> {
        let key = self.key(batch.device).ok_or(Unavailable::Constraint)?;
        let subject = message::subject(&self.address.stream, &key);
        let payload = message::encode(&batch.updates);
        self.publisher.publish(subject, payload).await
    }

    async fn latest(&self, device: i64) -> Result<Vec<Latest>, Unavailable> {
        match self.row(device).await? {
            (reader, Some(id)) => reader.latest(id).await,
            (_, None) => Ok(Vec::new()),
        }
    }

    async fn history(
        &self,
        device: i64,
        cursor: Cursor,
        limit: Limit,
    ) -> Result<History, Unavailable> {
        match self.row(device).await? {
            (reader, Some(id)) => reader.history(id, cursor, limit).await,
            (_, None) => Ok(History::default()),
        }
    }

    async fn check(&self) -> Result<(), Unavailable> {
        self.publisher.check().await
    }

    async fn died(&self) {
        // Batches are published by their own requests.
        pending().await
    }

    async fn close(&self) -> anyhow::Result<()> {
        self.publisher.close().await;
        tracing::info!("stream closed");
        Ok(())
    }
}

impl Nats {
    /// Returns the database to read from, and the number of a device in it. The number is absent
    /// until the sink has written a batch of the device.
    async fn row(&self, device: i64) -> Result<(&Reader, Option<i64>), Unavailable> {
        let reader = self.reader.as_ref().ok_or(Unavailable::NotReadable)?;
        let id = match self.key(device) {
            Some(key) => reader.id(&key).await?,
            None => None,
        };
        Ok((reader, id))
    }

    fn key(&self, device: i64) -> Option<DeviceKey> {
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        devices.key(device)
    }
}

/// The keys of devices by number, from 1. A key keeps its number.
#[derive(Default)]
struct Numbers {
    keys: Vec<DeviceKey>,
    numbers: HashMap<DeviceKey, i64>,
}

impl Numbers {
    /// Returns the number of a device, and assigns one if necessary.
    fn assign(&mut self, key: DeviceKey) -> i64 {
        *self.numbers.entry(key).or_insert_with(|| {
            self.keys.push(key);
            i64::try_from(self.keys.len()).unwrap_or(i64::MAX)
        })
    }

    fn key(&self, number: i64) -> Option<DeviceKey> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.keys.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_keeps_its_number() {
        let keys = ["a", "b", "c"].map(DeviceKey::of_token);
        let mut numbers = Numbers::default();
        let mut assign = |key: usize| numbers.assign(keys[key]);
        assert_eq!([0, 1, 0, 2, 1].map(&mut assign), [1, 2, 1, 3, 2]);
        for (number, key) in (1..).zip(keys) {
            assert!(numbers.key(number) == Some(key));
        }
        for unknown in [i64::MIN, -1, 0, 4, i64::MAX] {
            assert!(numbers.key(unknown).is_none());
        }
    }
}
