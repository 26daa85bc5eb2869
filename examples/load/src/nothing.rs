//! A store that keeps nothing, to see what the rest costs.

use std::future::pending;
use std::sync::Arc;

use pinquery_server::config::StoreLimits;
use pinquery_server::devices::{Device, Devices};
use pinquery_server::metrics::Metrics;
use pinquery_server::store::{Batch, Latest, SavedBatch, Store, Unavailable};

pub struct Nothing(Devices<Arc<Device>>);

impl Store for Nothing {
    async fn open(
        _: &str,
        devices: Devices,
        _: &StoreLimits,
        _: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        Ok(Self(devices.numbered(|_| anyhow::Ok(1))?))
    }

    fn place(&self) -> String {
        "none".to_owned()
    }

    async fn device(&self, token: &str) -> Result<Option<Arc<Device>>, Unavailable> {
        Ok(self.0.get(token).cloned())
    }

    async fn save(&self, _: Batch) -> Result<(), Unavailable> {
        Ok(())
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
        Ok(())
    }

    async fn died(&self) {
        pending().await
    }

    async fn close(&self) -> anyhow::Result<()> {
        Ok(())
    }
}
