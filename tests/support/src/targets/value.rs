//! One value, percent-encoded and decoded.

use pinquery::VirtualPin;

use super::{Summary, shortened};
use crate::encoding::Choices;
use crate::notation;
use crate::plain::{Update, Value};
use crate::types::Parsed;
use crate::value::{Datastreams, denoted};

/// Asserts that library and reference agree on a value as percent-encoded and as decoded text, that
/// encoding the text changes nothing, and on whether values that the text denotes fit.
///
/// The input is a datastream in its notation, a line feed, a byte that chooses the encoding, and the
/// value.
pub fn value(data: &[u8]) -> Summary {
    let (datastreams, choice, value) = split_value(data)?;
    let mut all = Vec::new();
    if !value.contains(&b'&') {
        all.push(show(datastreams.parse_encoded(value)));
    }
    if let Ok(text) = std::str::from_utf8(value) {
        let parsed = datastreams.parse(text, &mut Choices::new(&[choice]));
        all.push(show(parsed));
        for value in denoted(text) {
            let fits = datastreams.fits(&value);
            all.extend(fits.then(|| format!("fits {}", value.type_name())));
        }
    }
    (!all.is_empty()).then(|| shortened(&all.join("; ")))
}

/// Splits an input into the datastream, the choice and the value.
pub fn split_value(data: &[u8]) -> Option<(Datastreams, u8, &[u8])> {
    let end = data.iter().position(|&byte| byte == b'\n')?;
    let plain = notation::datastream(std::str::from_utf8(&data[..end]).ok()?)?;
    let (&choice, value) = data[end + 1..].split_first()?;
    Some((Datastreams::new(plain)?, choice, value))
}

/// Writes a value on one line as that of `v0`, or the reason.
fn show(parsed: Parsed<Value>) -> String {
    let update = parsed.map(|(value, adjusted)| Update {
        pin: VirtualPin(0),
        value,
        adjusted,
    });
    update.map_or_else(str::to_owned, |update| update.to_string())
}
