//! What the server does with a query, apart from HTTP.

use std::sync::Arc;
use std::time::Instant;

use pinquery::BatchUpdate;

use crate::answer::Refusal;
use crate::devices::{Device, Devices};
use crate::metrics::{Metrics, Tally};
use crate::store::{Batch, Store, StoredUpdate, Timestamp};

/// What every request shares.
pub struct App<S> {
    /// Who may send, and what.
    pub devices: Devices,
    /// Where it goes.
    pub store: S,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The token that the page offers, where the demonstration's device is served.
    pub demo_token: Option<&'static str>,
}

impl<S: Store> App<S> {
    /// Judges the query of a batch update and saves what it says.
    ///
    /// # Errors
    ///
    /// What is wrong with the query, or that the store cannot keep it now.
    pub async fn accept(&self, query: &str) -> Result<(), Refusal> {
        let start = Instant::now();
        let judged = self.judge(query);
        self.metrics.judged(start.elapsed());
        if let Err(error) = &judged {
            let (kind, span) = (error.kind().name(), error.span());
            tracing::debug!(kind, start = span.start, end = span.end, "refused");
        }
        self.settle(judged.map_err(Refusal::from)).await
    }

    fn judge(&self, query: &str) -> Result<Batch, pinquery::Error> {
        let request = BatchUpdate::parse(query)?;
        let device = self.device(&request)?;
        let updates = request.updates(&device.template)?;
        Ok(Batch {
            device: device.key,
            at: Timestamp::now(),
            updates: updates.iter().map(StoredUpdate::from).collect(),
        })
    }

    /// Saves a batch, if it is one, and counts what became of it.
    ///
    /// # Errors
    ///
    /// What was wrong with it, or that the store cannot keep it now.
    pub async fn settle(&self, judged: Result<Batch, Refusal>) -> Result<(), Refusal> {
        let outcome = match judged {
            Ok(batch) => {
                let tally = Tally::of(&batch.updates);
                let saved = self.store.save(batch).await;
                saved.map(|()| tally).map_err(Refusal::Unavailable)
            }
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(tally) => self.metrics.accepted(tally),
            Err(Refusal::Query(kind)) => self.metrics.refused(kind),
            Err(Refusal::Unavailable(reason)) => self.metrics.unavailable(reason),
        }
        outcome.map(drop)
    }

    /// The device that a request names.
    ///
    /// # Errors
    ///
    /// There is none with this token.
    pub fn device(&self, request: &BatchUpdate<'_>) -> Result<&Device, pinquery::Error> {
        let device = self.devices.get(request.token());
        device.ok_or_else(|| request.unknown_token())
    }
}
