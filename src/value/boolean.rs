//! Booleans: `true` or `false` in any ASCII case, `1` or `0`.

use super::{Behind, Converted, behind, number};
use crate::device::pin::VirtualPin;
use crate::error::Reason;
use crate::query::view::{SEPARATOR, View};
use crate::update::updates::Updates;
use crate::update::value::Value;

/// The short form.
///
/// Branch-free, as nothing foretells which of them it is.
#[inline(never)]
pub(super) fn add_short(
    view: View<'_>,
    offset: usize,
    pin: VirtualPin,
    updates: &mut Updates<'_>,
) -> Option<Behind> {
    const TRUE: u64 = u64::from_le_bytes(*b"true&\0\0\0");
    const FALSE: u64 = u64::from_le_bytes(*b"false&\0\0");
    const LETTERS: u64 = u64::from_le_bytes([0x20; 8]);

    let word = view.word(offset)?;
    let is_digit = word as u16 | 1 == u16::from_le_bytes([b'1', SEPARATOR]);
    // The separator behind the letters is not one of them.
    let is_true = (word | LETTERS >> 32) << 24 == TRUE << 24;
    let is_false = (word | LETTERS >> 24) << 16 == FALSE << 16;
    let length = usize::from(is_digit) + 4 * usize::from(is_true) + 5 * usize::from(is_false);
    let value = Value::Boolean(is_true | is_digit & (word & 1 == 1));
    if length == 0 {
        return None;
    }
    updates.add(pin, value, None)?;
    behind(offset + length)
}

/// The complete form.
pub(super) fn convert(raw: &[u8]) -> Result<Converted<'static>, Reason> {
    Ok((
        Value::Boolean(number(raw, Reason::NotABoolean, boolean)?),
        None,
    ))
}

fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"1" => Some(true),
        b"0" => Some(false),
        _ if text.eq_ignore_ascii_case(b"true") => Some(true),
        _ if text.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}
