//! What is accepted, written in another way and read back.

use super::queries::device;
use super::{Told, told};
use crate::encoding::Knobs;
use crate::write::Batch;

/// A template and a query as in [`against_reference`](super::against_reference), a line with the
/// knobs between them: what is accepted comes back as it was, whichever way it is written.
pub fn roundtrip(data: &[u8]) -> Told {
    let (device, rest) = device(data)?;
    let mut lines = rest.splitn(2, |&byte| byte == b'\n');
    let (knobs, query) = (lines.next()?, lines.next()?);
    let updates = device.judge(query).ok()?;
    let request = pinquery::BatchUpdate::parse(query).ok()?;
    let batch = Batch {
        token: request.token().to_string(),
        token_at: knobs.len(),
        pins: updates
            .iter()
            .map(|update| (update.pin.0, update.value.clone()))
            .collect(),
    };
    batch.comes_back(&device, &mut Knobs::new(knobs));
    Some(told(&Ok(updates)))
}
