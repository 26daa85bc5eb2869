//! Handles queries, independently of HTTP.

use std::mem;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use pinquery::{BatchUpdate, Error, Template, Update};

use crate::devices::{Device, Devices};
use crate::metrics::{Metrics, Tally};
use crate::readers::Readers;
use crate::rejections::Rejections;
use crate::response::Rejection;
use crate::store::{Batch, Store, Timestamp};

/// State shared by all requests.
pub struct App<S> {
    /// Batches.
    pub store: S,
    /// Devices, as of the last reload.
    pub devices: RwLock<Devices>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The last rejected batches.
    pub rejections: Rejections,
    /// Limits the reads in progress.
    pub readers: Readers,
    /// The token to prefill on the page, if the demo device is served.
    pub demo_token: Option<&'static str>,
    /// How long a device counts as connected after a batch.
    pub offline_after: Duration,
}

/// A function that parses the updates of a request whose token is valid.
pub type ParseUpdates = fn(&BatchUpdate<'_>, &Template) -> Result<Vec<Update>, Error>;

impl<S: Store> App<S> {
    /// Parses the updates of a query with `parse`, and saves them.
    ///
    /// # Errors
    ///
    /// Fails if the query is invalid or the store is unavailable.
    pub async fn accept(&self, query: &str, parse: ParseUpdates) -> Result<(), Rejection> {
        let start = Instant::now();
        let batch = self.parse(query, parse);
        self.metrics.parsed(start.elapsed());
        let result = match batch {
            Ok(batch) => self.save(batch).await,
            Err(rejection) => Err(rejection),
        };
        match result {
            Ok(tally) => self.metrics.accepted(tally, start.elapsed()),
            Err(Rejection::Query(kind)) => self.metrics.rejected(kind),
            Err(Rejection::Unavailable(reason)) => self.metrics.unavailable(reason),
        }
        result.map(drop)
    }

    fn parse(&self, query: &str, parse: ParseUpdates) -> Result<Batch, Rejection> {
        let request = BatchUpdate::parse(query).map_err(reject)?;
        let device = self.device(&request)?;
        let updates = parse(&request, &device.template).map_err(|error| {
            let rejections = &self.rejections;
            rejections.record(device.number, Timestamp::now(), &error);
            reject(error)
        })?;
        Ok(Batch {
            device: device.number,
            updates,
        })
    }

    async fn save(&self, batch: Batch) -> Result<Tally, Rejection> {
        let tally = Tally::of(&batch.updates);
        self.store.save(batch).await?;
        Ok(tally)
    }

    /// Returns the device with the request's token.
    ///
    /// # Errors
    ///
    /// Fails if the token is unknown.
    pub fn device(&self, request: &BatchUpdate<'_>) -> Result<Device, Rejection> {
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        let device = devices.get(request.token()).cloned();
        device.ok_or_else(|| reject(request.unknown_token()))
    }

    /// Replaces the devices and returns the old ones. Requests in flight keep theirs.
    pub fn replace_devices(&self, new: Devices) -> Devices {
        let mut devices = self.devices.write().unwrap_or_else(PoisonError::into_inner);
        mem::replace(&mut devices, new)
    }
}

fn reject(error: Error) -> Rejection {
    let (kind, span) = (error.kind().name(), error.span());
    let reason = error.reason().map(|reason| reason.name());
    tracing::debug!(kind, reason, start = span.start, end = span.end, "rejected");
    error.into()
}
