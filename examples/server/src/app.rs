//! What the server does with a query, apart from HTTP.

use std::sync::Arc;
use std::time::Instant;

use pinquery::BatchUpdate;

use crate::answer::Rejection;
use crate::devices::Device;
use crate::metrics::{Metrics, Tally};
use crate::store::{Batch, Store};

/// What every request shares.
pub struct App<S> {
    /// Who may send, and where it goes.
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
    pub async fn accept(&self, query: &str) -> Result<(), Rejection> {
        let start = Instant::now();
        let judged = self.judge(query).await;
        self.metrics.judged(start.elapsed());
        self.settle(judged).await
    }

    async fn judge(&self, query: &str) -> Result<Batch, Rejection> {
        let request = BatchUpdate::parse(query).map_err(refused)?;
        let device = self.device(&request).await?;
        let updates = request.updates(&device.template).map_err(refused)?;
        Ok(Batch {
            device: device.number,
            updates: updates.into_owned(),
        })
    }

    /// Saves a batch, if it is one, and counts what became of it.
    ///
    /// # Errors
    ///
    /// What was wrong with it, or that the store cannot keep it now.
    pub async fn settle(&self, judged: Result<Batch, Rejection>) -> Result<(), Rejection> {
        let outcome = match judged {
            Ok(batch) => {
                let tally = Tally::of(&batch.updates);
                let saved = self.store.save(batch).await;
                saved.map(|()| tally).map_err(Rejection::Unavailable)
            }
            Err(rejection) => Err(rejection),
        };
        match outcome {
            Ok(tally) => self.metrics.accepted(tally),
            Err(Rejection::Query(kind)) => self.metrics.refused(kind),
            Err(Rejection::Unavailable(reason)) => self.metrics.unavailable(reason),
        }
        outcome.map(drop)
    }

    /// The device that a request names.
    ///
    /// # Errors
    ///
    /// There is none with this token, or it cannot be looked up now.
    pub async fn device(&self, request: &BatchUpdate<'_>) -> Result<Arc<Device>, Rejection> {
        let device = self.store.device(request.token()).await?;
        device.ok_or_else(|| refused(request.unknown_token()))
    }
}

fn refused(error: pinquery::Error) -> Rejection {
    let (kind, span) = (error.kind().name(), error.span());
    let reason = error.reason().map(|reason| reason.name());
    tracing::debug!(kind, reason, start = span.start, end = span.end, "refused");
    error.into()
}
