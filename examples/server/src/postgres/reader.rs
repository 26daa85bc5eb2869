//! Reads the values of devices.

use std::sync::Arc;

use tokio::time::timeout;

use super::{Connections, config, discard_on_timeout, schema, tls};
use crate::config::StoreLimits;
use crate::devices::DeviceKey;
use crate::fault::Fault;
use crate::metrics::{Metrics, Operation};
use crate::store::{Cursor, History, Latest, Limit, Unavailable};

/// Reads values from a database, and tracks whether it can be read.
pub struct Reader {
    pub(super) connections: Connections,
    fault: Fault,
}

impl Reader {
    /// Returns a reader that connects when it is first used.
    ///
    /// # Errors
    ///
    /// Fails if the URL is invalid, as in `postgres://h:port/x`.
    pub fn open(
        database: &str,
        limits: &StoreLimits,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let (database, tls) = tls::configure(database)?;
        let config = config(&database, limits)?;
        let connections = Connections::new(config, tls, limits.read_pool, limits)?;
        Ok(Self::new(connections, metrics))
    }

    pub(super) fn new(connections: Connections, metrics: Arc<Metrics>) -> Self {
        Self {
            connections,
            fault: Fault::new(Operation::Read, metrics),
        }
    }

    /// Returns the number of a device, if it is registered.
    ///
    /// # Errors
    ///
    /// Fails if the database cannot be read at the moment.
    pub async fn id(&self, device: &DeviceKey) -> Result<Option<i64>, Unavailable> {
        self.track(self.connections.id(device).await)
    }

    /// Returns the latest value of each pin of a device.
    ///
    /// # Errors
    ///
    /// Fails if the database cannot be read at the moment.
    pub async fn latest(&self, device: i64) -> Result<Vec<Latest>, Unavailable> {
        self.track(self.connections.latest(device).await)
    }

    /// Returns the batches of a device next to a cursor.
    ///
    /// # Errors
    ///
    /// Fails if the database cannot be read at the moment.
    pub async fn history(
        &self,
        device: i64,
        cursor: Cursor,
        limit: Limit,
    ) -> Result<History, Unavailable> {
        self.track(self.connections.history(device, cursor, limit).await)
    }

    fn track<T>(&self, read: anyhow::Result<T>) -> Result<T, Unavailable> {
        match read {
            Ok(read) => {
                self.fault.succeeded();
                Ok(read)
            }
            Err(error) => {
                self.fault.failed(&format!("{error:#}"), 1);
                Err(Unavailable::Fault)
            }
        }
    }
}

impl Connections {
    async fn id(&self, device: &DeviceKey) -> anyhow::Result<Option<i64>> {
        let client = self.get().await?;
        let id = timeout(self.limit, schema::id(&client, device)).await;
        discard_on_timeout(client, id)?
    }

    async fn latest(&self, device: i64) -> anyhow::Result<Vec<Latest>> {
        let client = self.get().await?;
        let latest = timeout(self.limit, schema::latest(&client, device)).await;
        discard_on_timeout(client, latest)?
    }

    async fn history(&self, device: i64, cursor: Cursor, limit: Limit) -> anyhow::Result<History> {
        let client = self.get().await?;
        let history = schema::history(&client, device, cursor, limit);
        let history = timeout(self.limit, history).await;
        discard_on_timeout(client, history)?
    }
}
