//! Checks that a stream is the one that was written to the database.

use anyhow::{Context as _, anyhow};
use async_nats::jetstream::Context;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use time::OffsetDateTime;

use crate::nats::stream::check;
use crate::nats::url::Address;
use crate::postgres::Position;

/// Why a session ended.
#[derive(Debug)]
pub enum End {
    /// The database or NATS is not available.
    Fault(anyhow::Error),
    /// The stream does not match the database, unless the response from NATS was outdated.
    Mismatch(anyhow::Error),
    /// An operator is required.
    Fatal(anyhow::Error),
}

impl From<anyhow::Error> for End {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error)
    }
}

/// Opens the stream.
pub async fn open(context: &Context, address: &Address) -> anyhow::Result<Stream> {
    let stream = context.get_stream(&address.stream).await;
    stream.with_context(|| format!("stream {}", address.stream))
}

/// Returns the position at the beginning of the stream.
pub fn beginning(stream: &Stream) -> Position {
    Position {
        created_ns: nanoseconds(stream.cached_info().created),
        seq: 0,
        at_ns: None,
    }
}

/// Checks the settings of the stream, that the position is one of this stream, and that no later
/// message is missing.
pub async fn verify(stream: &Stream, address: &Address, position: Position) -> Result<(), End> {
    let name = &address.stream;
    let info = stream.get_info().await;
    let info = info.with_context(|| format!("stream {name}"))?;
    check(&info.config, address).map_err(End::Fatal)?;
    let mut at_ns = None;
    if position.at_ns.is_some() {
        at_ns = match stream.get_raw_message(position.seq).await {
            Ok(message) => Some(nanoseconds(message.time)),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => None,
            Err(error) => Err(error).with_context(|| format!("stream {name}"))?,
        };
    }
    let found = Found {
        created_ns: nanoseconds(info.created),
        first: info.state.first_sequence,
        last: info.state.last_sequence,
        at_ns,
    };
    match mismatch(position, &found) {
        None => Ok(()),
        Some(reason) => Err(End::Mismatch(anyhow!("stream {name}: {reason}"))),
    }
}

/// The properties of a stream that are compared with the position.
struct Found {
    created_ns: i64,
    /// The sequence numbers of the first and the last message.
    first: u64,
    last: u64,
    /// The time of the message at the position, if it exists and is checked.
    at_ns: Option<i64>,
}

/// Describes how a stream differs from the one that was written up to this position, if it does.
fn mismatch(position: Position, found: &Found) -> Option<String> {
    let Position {
        created_ns,
        seq,
        at_ns,
    } = position;
    let Found { first, last, .. } = *found;
    Some(if found.created_ns != created_ns {
        let found = found.created_ns;
        format!(
            "it was created at {found} ns, but the one in the database at {created_ns} ns: it was replaced"
        )
    } else if last < seq {
        format!("it ends at message {last}, but {seq} has been written: it was set back")
    } else if first > seq + 1 {
        format!("it begins at message {first}, but only {seq} has been written: some were removed")
    } else {
        match (at_ns, found.at_ns) {
            (Some(at_ns), Some(found)) if found != at_ns => format!(
                "its message {seq} is of {found} ns, but the one that was written of {at_ns} ns: it was set back"
            ),
            (Some(_), None) => format!("message {seq}, the last one written, was removed"),
            _ => return None,
        }
    })
}

/// Returns the time in nanoseconds since 1970.
pub fn nanoseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSITION: Position = Position {
        created_ns: 5,
        seq: 10,
        at_ns: Some(7),
    };

    fn found(first: u64, last: u64, at_ns: Option<i64>) -> Found {
        Found {
            created_ns: 5,
            first,
            last,
            at_ns,
        }
    }

    #[test]
    fn a_stream_with_all_messages_that_follow_matches() {
        for (first, last) in [(1, 10), (1, 12), (10, 10), (10, 12)] {
            assert_eq!(mismatch(POSITION, &found(first, last, Some(7))), None);
        }
        let unchecked = Position {
            at_ns: None,
            ..POSITION
        };
        for (first, last, at_ns) in [(1, 10, Some(8)), (11, 10, None), (11, 12, None)] {
            assert_eq!(mismatch(unchecked, &found(first, last, at_ns)), None);
        }
        let beginning = Position {
            seq: 0,
            ..unchecked
        };
        for (first, last) in [(0, 0), (1, 0), (1, 3)] {
            assert_eq!(mismatch(beginning, &found(first, last, None)), None);
        }
        assert!(mismatch(beginning, &found(2, 3, None)).is_some());
    }

    #[test]
    fn a_stream_that_was_replaced_set_back_or_purged_does_not_match() {
        let replaced = Found {
            created_ns: 6,
            ..found(1, 12, Some(7))
        };
        for (found, reason) in [
            (replaced, "was replaced"),
            (
                found(1, 9, None),
                "it ends at message 9, but 10 has been written",
            ),
            (found(12, 13, None), "it begins at message 12, but only 10"),
            (found(1, 12, Some(8)), "message 10 is of 8 ns"),
            (
                found(11, 12, None),
                "message 10, the last one written, was removed",
            ),
        ] {
            let error = mismatch(POSITION, &found).expect(reason);
            assert!(error.contains(reason), "{error}");
        }
    }
}
