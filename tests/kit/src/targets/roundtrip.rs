//! What is accepted, written in another way and read back.

use super::queries::device;
use crate::encoding::Knobs;
use crate::write::Batch;

/// A template and a query as in [`against_reference`](super::against_reference), a line with the
/// knobs between them: what is accepted comes back as it was, whichever way it is written.
pub fn roundtrip(data: &[u8]) -> String {
    let Some((device, rest)) = device(data) else {
        return "no device".to_owned();
    };
    let mut lines = rest.splitn(2, |&byte| byte == b'\n');
    let (Some(knobs), Some(query)) = (lines.next(), lines.next()) else {
        return "no query".to_owned();
    };
    let (Ok(updates), Ok(request)) = (device.judge(query), pinquery::BatchUpdate::parse(query))
    else {
        return "refused".to_owned();
    };
    let batch = Batch {
        token: request.token().to_string(),
        token_at: knobs.len(),
        pins: updates
            .into_iter()
            .map(|update| (update.pin, update.value))
            .collect(),
    };
    batch.comes_back(&device, &mut Knobs::new(knobs));
    String::from_utf8_lossy(&batch.query(&mut Knobs::new(knobs))).into_owned()
}
