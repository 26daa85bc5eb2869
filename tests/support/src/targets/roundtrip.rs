//! Accepted updates, written in another spelling and parsed again.

use super::queries::device;
use super::{Summary, summary};
use crate::encoding::Choices;
use crate::write::Batch;

/// Asserts that library and reference agree on the query, and that accepted updates, including
/// clamped ones, survive any spelling.
///
/// The input is a template and a query as in [`against_reference`](super::against_reference), with
/// a line of choices between them.
pub fn roundtrip(data: &[u8]) -> Summary {
    let (device, rest) = device(data)?;
    let mut lines = rest.splitn(2, |&byte| byte == b'\n');
    let (choices, query) = (lines.next()?, lines.next()?);
    let updates = device.outcome(query).ok()?;
    let request = pinquery::BatchUpdate::parse(query).ok()?;
    let batch = Batch {
        token: request.token().to_string(),
        token_at: choices.len(),
        pins: updates
            .iter()
            .map(|update| (update.pin.0, update.value.clone()))
            .collect(),
    };
    batch.assert_round_trips(&device, &mut Choices::new(choices));
    Some(summary(&Ok(updates)))
}
