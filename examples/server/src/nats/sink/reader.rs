//! Reads the stream without gaps.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::Stream;
use futures_util::StreamExt;
use pinquery::Update;
use tokio::task::unconstrained;
use tokio::time::{Instant, timeout, timeout_at};

use super::verify::{End, nanoseconds};
use crate::devices::DeviceKey;
use crate::nats::message::{HEALTH, decode, device};
use crate::postgres::{Position, StreamBatch};

/// Maximum number of messages per group, and of messages to request at once.
const GROUP: usize = 4096;

/// Maximum size of the messages of a group, and of those to request at once, in bytes.
const BYTES: usize = 8 << 20;

/// How long a group waits for further messages.
const LINGER: Duration = Duration::from_millis(2);

/// How long to wait for the first message of a group.
const IDLE: Duration = Duration::from_secs(1);

/// How often NATS reports that there are no messages. If it reports nothing for twice as long, the
/// server that serves the consumer is gone.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long NATS keeps a consumer that nobody uses.
const INACTIVE: Duration = Duration::from_secs(30);

/// Messages that are written in one transaction.
pub struct Group {
    /// The batches, in the order of the stream.
    pub batches: Vec<StreamBatch>,
    /// The position after the last message.
    pub end: Position,
}

/// Reads messages in the order of the stream, without gaps.
pub struct Reader {
    messages: pull::Stream,
    stream: String,
    position: Position,
    is_first: bool,
    /// The error that ended the last group; returned by the next call.
    end: Option<End>,
}

impl Reader {
    /// Creates a consumer of the messages that follow the position. It does not acknowledge them:
    /// only the database knows what has been written.
    pub async fn new(stream: &Stream, position: Position) -> Result<Self, End> {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: position.seq + 1,
            },
            ack_policy: AckPolicy::None,
            memory_storage: true,
            num_replicas: 1,
            inactive_threshold: INACTIVE,
            ..pull::Config::default()
        };
        let name = stream.cached_info().config.name.clone();
        let open = async {
            let consumer = stream.create_consumer(config).await?;
            let messages = consumer
                .stream()
                .max_messages_per_batch(GROUP)
                .max_bytes_per_batch(BYTES)
                .heartbeat(HEARTBEAT);
            anyhow::Ok(messages.messages().await?)
        };
        let messages = open.await.with_context(|| format!("stream {name}"))?;
        Ok(Self {
            messages,
            stream: name,
            position,
            is_first: true,
            end: None,
        })
    }

    /// Returns the next messages, or `None` if there are none at the moment.
    pub async fn group(&mut self) -> Result<Option<Group>, End> {
        let Ok(first) = timeout(IDLE, self.next()).await else {
            return Ok(None);
        };
        let deadline = Instant::now() + LINGER;
        let (mut batches, mut bytes, mut count) = (Vec::new(), 0, 0);
        let mut next = first;
        loop {
            match next {
                Ok((size, batch)) => {
                    batches.extend(batch);
                    bytes += size;
                    count += 1;
                }
                // Earlier messages must be written: an operator may skip this one.
                Err(end) if count > 0 => {
                    self.end = Some(end);
                    break;
                }
                Err(end) => return Err(end),
            }
            if count == GROUP || bytes >= BYTES {
                break;
            }
            // Unconstrained, because tokio's budget would end the group while messages are waiting.
            match unconstrained(timeout_at(deadline, self.next())).await {
                Ok(result) => next = result,
                Err(_) => break,
            }
        }
        let end = self.position;
        Ok(Some(Group { batches, end }))
    }

    /// Returns the size of the next message, and its batch if it has one.
    async fn next(&mut self) -> Result<(usize, Option<StreamBatch>), End> {
        if let Some(end) = self.end.take() {
            return Err(end);
        }
        let message = self.messages.next().await;
        let message = message.context("the consumer has ended")?;
        let message = message.with_context(|| format!("stream {}", self.stream))?;
        let info = message.info().map_err(|error| anyhow!(error))?;
        let (seq, at_ns) = (info.stream_sequence, nanoseconds(info.published));
        check_order(&self.stream, self.position.seq, seq, self.is_first)?;
        let updates = updates(&self.stream, &message.subject, &message.payload)
            .with_context(|| format!("stream {}: message {seq}", self.stream))
            .map_err(End::Fatal)?;
        self.is_first = false;
        self.position.seq = seq;
        self.position.at_ns = Some(at_ns);
        let batch = updates.map(|(key, updates)| StreamBatch {
            key,
            at_ns,
            updates,
        });
        Ok((message.payload.len(), batch))
    }
}

/// Checks that no message was skipped. Before a consumer's first message, a gap means that the
/// stream lacks messages; later, they may have been lost on the way.
fn check_order(stream: &str, last: u64, seq: u64, is_first: bool) -> Result<(), End> {
    if seq == last + 1 {
        return Ok(());
    }
    let error = anyhow!("stream {stream}: message {seq} follows message {last}");
    Err(match is_first && seq > last {
        true => End::Mismatch(error),
        false => End::Fault(error),
    })
}

/// Returns the device and the updates of a message, or `None` for a health check.
fn updates(
    stream: &str,
    subject: &str,
    payload: &[u8],
) -> anyhow::Result<Option<(DeviceKey, Vec<Update>)>> {
    let token = subject.strip_prefix(stream);
    let token = token.and_then(|token| token.strip_prefix('.'));
    if token == Some(HEALTH) {
        return Ok(None);
    }
    let key = token.and_then(device);
    let key = key.with_context(|| format!("unknown subject {subject:?}"))?;
    Ok(Some((key, decode(payload)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nats::message::{encode, subject};

    #[test]
    fn a_gap_is_final_only_if_a_consumer_begins_with_it() {
        let order = |seq, is_first| match check_order("PQ", 5, seq, is_first) {
            Ok(()) => "ok",
            Err(End::Fault(_)) => "fault",
            Err(End::Mismatch(_)) => "mismatch",
            Err(End::Fatal(_)) => "fatal",
        };
        assert_eq!([order(6, true), order(6, false)], ["ok", "ok"]);
        assert_eq!([order(7, true), order(7, false)], ["mismatch", "fault"]);
        assert_eq!([order(5, true), order(5, false)], ["fault", "fault"]);
    }

    #[test]
    fn messages_are_batches_or_health_checks() {
        let key = DeviceKey::of_token("t");
        let payload = encode(&[]);
        let read = |stream, subject: &str| updates(stream, subject, &payload);
        let subject = subject("PQ", &key);
        let found = read("PQ", &subject).expect("a batch");
        assert_eq!(found, Some((key, Vec::new())));
        let health = read("PQ", "PQ.health").expect("a health check");
        assert_eq!(health, None);
        for (stream, subject) in [
            ("PQ", "PQ.other"),
            ("PQ", "PQhealth"),
            ("PQ", "PQ"),
            ("P", &*subject),
            ("PQ2", &subject),
        ] {
            let error = read(stream, subject).expect_err(subject).to_string();
            assert_eq!(error, format!("unknown subject {subject:?}"));
        }
        let newer = updates("PQ", &subject, br#"{"v":2}"#);
        let error = newer.expect_err("a newer version").to_string();
        assert!(error.contains("version 2 is newer"), "{error}");
    }
}
