//! Publishes to the stream.

use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_nats::Client;
use async_nats::connection::State;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::{self, Context, ContextBuilder, ErrorCode};
use axum::body::Bytes;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit, TryAcquireError};
use tokio::time::{sleep, timeout};

use super::message::HEALTH;
use super::metrics::PublishMetrics;
use crate::config::StoreLimits;
use crate::fault::Fault;
use crate::metrics::{Metrics, Operation};
use crate::store::Unavailable;
use crate::writer::Health;

/// Time allowed for an acknowledgement, after which the message is published again.
const ATTEMPT: Duration = Duration::from_secs(1);

/// Pause between attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// Publishes messages and waits until the stream has stored them.
pub struct Publisher {
    client: Client,
    context: Context,
    stream: String,
    in_flight: Semaphore,
    capacity: usize,
    /// How long a message is retried.
    patience: Duration,
    /// Distinguishes the ids of this process's messages from those of others.
    run: String,
    next: AtomicU64,
    checking: Mutex<()>,
    health: Health,
    fault: Fault,
    metrics: PublishMetrics,
}

impl Publisher {
    /// Returns a publisher for a stream, which retries a message for up to `patience`.
    pub fn new(
        client: Client,
        stream: &str,
        limits: &StoreLimits,
        patience: Duration,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            context: context(client.clone(), limits.queue),
            client,
            stream: stream.to_owned(),
            in_flight: Semaphore::new(limits.queue),
            capacity: limits.queue,
            patience,
            run: format!("{:016x}", RandomState::new().hash_one(std::process::id())),
            next: AtomicU64::new(0),
            checking: Mutex::default(),
            health: Health::default(),
            metrics: PublishMetrics::new(Arc::clone(&metrics)),
            fault: Fault::new(Operation::Write, metrics),
        }
    }

    /// Publishes a batch. Fails at once if too many are in flight.
    pub async fn publish(&self, subject: String, payload: Vec<u8>) -> Result<(), Unavailable> {
        let _permit = self.reserve()?;
        let _waiting = self.metrics.waiting();
        let begin = Instant::now();
        match self.deliver(subject, payload.into()).await {
            Ok(ack) => {
                self.fault.succeeded();
                self.health.record(Ok(()));
                self.metrics.acknowledged(begin.elapsed(), ack.duplicate);
                Ok(())
            }
            Err(error) if outcome(&error) == Outcome::Invalid => Err(Unavailable::Constraint),
            Err(error) => {
                self.fault.failed(&error, 1);
                self.health.record(Err(Unavailable::Fault));
                Err(Unavailable::Fault)
            }
        }
    }

    /// Checks that the stream accepts batches. Publishes a message without a batch unless another one
    /// was stored or failed recently; one at a time, however many callers are waiting.
    pub async fn check(&self) -> Result<(), Unavailable> {
        let _guard = self.checking.lock().await;
        let _permit = self.reserve()?;
        if let Some(result) = self.health.recent() {
            return result;
        }
        let begin = Instant::now();
        let subject = format!("{}.{HEALTH}", self.stream);
        let checked = self.deliver(subject, Bytes::new()).await;
        match &checked {
            Ok(_) => self.fault.succeeded(),
            Err(error) => self.fault.failed(error, 1),
        }
        let result = checked.map(drop).map_err(|_| Unavailable::Fault);
        self.health.record_check(begin, result)
    }

    /// Waits for messages in flight, and rejects further ones.
    pub async fn close(&self) {
        let all = u32::try_from(self.capacity).unwrap_or(u32::MAX);
        // No message takes longer.
        let _ = timeout(self.patience, self.in_flight.acquire_many(all)).await;
        self.in_flight.close();
    }

    fn reserve(&self) -> Result<SemaphorePermit<'_>, Unavailable> {
        self.in_flight.try_acquire().map_err(|error| match error {
            TryAcquireError::NoPermits => Unavailable::QueueFull,
            TryAcquireError::Closed => Unavailable::Fault,
        })
    }

    /// Publishes a message until it is acknowledged. The stream recognises repetitions by their id,
    /// and ignores them.
    async fn deliver(&self, subject: String, payload: Bytes) -> Result<PublishAck, PublishError> {
        let begin = Instant::now();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}.{number}", self.run);
        loop {
            let message = PublishMessage::build()
                .payload(payload.clone())
                .message_id(&id)
                // Another stream with these subjects must not acknowledge what no sink reads.
                .expected_stream(&self.stream);
            let attempt = self.attempt(subject.clone(), message);
            let limit = ATTEMPT.min(self.patience.saturating_sub(begin.elapsed()));
            let error = match timeout(limit, attempt).await {
                Ok(Ok(ack)) => return Ok(ack),
                Ok(Err(error)) => error,
                Err(_) => PublishError::new(PublishErrorKind::TimedOut),
            };
            if outcome(&error) != Outcome::Retry || begin.elapsed() + PAUSE >= self.patience {
                return Err(error);
            }
            sleep(PAUSE).await;
            self.metrics.retried();
        }
    }

    async fn attempt(
        &self,
        subject: String,
        message: PublishMessage,
    ) -> Result<PublishAck, PublishError> {
        // Otherwise, the message would wait for the connection, and be stored long after the
        // response.
        if self.client.connection_state() != State::Connected {
            return Err(other("not connected"));
        }
        let ack = self.context.send_publish(subject, message).await?.await?;
        match ack.sequence {
            0 => Err(other("an earlier attempt has not been stored yet")),
            _ => Ok(ack),
        }
    }
}

/// Returns a context whose timeouts are those of an attempt. An acknowledgement that nobody waits
/// for any more counts as in flight until its timeout.
fn context(client: Client, queue: usize) -> Context {
    ContextBuilder::new()
        .timeout(ATTEMPT)
        .ack_timeout(ATTEMPT)
        .max_ack_inflight(queue)
        .build(client)
}

fn other(reason: &'static str) -> PublishError {
    PublishError::with_source(PublishErrorKind::Other, reason)
}

/// What to do after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Publish the message again.
    Retry,
    /// Give up: the stream is full.
    Full,
    /// Give up: the stream will never accept this message.
    Invalid,
}

fn outcome(error: &PublishError) -> Outcome {
    if error.kind() == PublishErrorKind::MaxPayloadExceeded {
        return Outcome::Invalid;
    }
    let source = error.source();
    let source = source.and_then(<dyn Error>::downcast_ref::<jetstream::Error>);
    match source.map(jetstream::Error::error_code) {
        Some(
            ErrorCode::STREAM_STORE_FAILED
            | ErrorCode::INSUFFICIENT_RESOURCES
            | ErrorCode::STORAGE_RESOURCES_EXCEEDED
            | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
        ) => Outcome::Full,
        Some(ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM) => Outcome::Invalid,
        // Includes "no stream found", the normal response while a leader is elected.
        _ => Outcome::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_stream_and_an_invalid_message_are_not_retried() {
        let rejected = |code: u64| {
            let json = format!(r#"{{"code":503,"err_code":{code},"description":"x"}}"#);
            let error: jetstream::Error = serde_json::from_str(&json).expect("an error");
            PublishError::with_source(PublishErrorKind::Other, error)
        };
        for code in [10002, 10023, 10047, 10077] {
            assert_eq!(outcome(&rejected(code)), Outcome::Full, "{code}");
        }
        assert_eq!(outcome(&rejected(10054)), Outcome::Invalid);
        let too_large = PublishError::new(PublishErrorKind::MaxPayloadExceeded);
        assert_eq!(outcome(&too_large), Outcome::Invalid);
        for error in [
            rejected(10008),
            other("not connected"),
            PublishError::new(PublishErrorKind::StreamNotFound),
            PublishError::new(PublishErrorKind::TimedOut),
            PublishError::new(PublishErrorKind::BrokenPipe),
        ] {
            assert_eq!(outcome(&error), Outcome::Retry, "{error}");
        }
    }
}
