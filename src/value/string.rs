//! Strings: UTF-8 of at most so many bytes, decoded, and without U+0000.

use super::{Behind, Converted, behind};
use crate::device::pin::VirtualPin;
use crate::error::Reason;
use crate::query::text::{Measured, Text};
use crate::query::view::{self, SEPARATOR, Window};
use crate::update::updates::Updates;
use crate::update::value::Value;

/// How many bytes the short form looks at.
const SHORT: usize = 24;

/// The short form: ASCII of less than 24 bytes, none of them below `,`, which leaves out escapes,
/// separators and NUL. Other texts go on from where it stops.
///
/// It is given the query from the value on and counts from there, not from the segment: with no more
/// than six arguments all are in registers.
#[inline(never)]
pub(super) fn add_short<'q>(
    window: &Window<'_, 'q>,
    bytes: &'q [u8],
    max_len: usize,
    pin: VirtualPin,
    updates: &mut Updates<'q>,
) -> Option<Behind> {
    let text = short(window, bytes, max_len)?;
    updates.add(pin, Value::String(text), None)?;
    behind(text.raw().len())
}

#[inline(always)]
fn short<'q>(window: &Window<'_, 'q>, bytes: &'q [u8], max_len: usize) -> Option<Text<'q>> {
    let view = window.view(bytes)?;
    let mut length = 0;
    for word in [view.word(0)?, view.word(8)?, view.word(16)?] {
        let stops = view::text_stops(word);
        if stops != 0 {
            let bits = stops.trailing_zeros() & 0x38;
            length += bits as usize / 8;
            if (word >> bits) as u8 != SEPARATOR {
                return any(bytes, length, max_len);
            }
            if length > max_len {
                return None;
            }
            let start = window.query.len() - bytes.len();
            let text = view::short_ascii(window.query, start, start + length)?;
            return Some(Text::plain(text));
        }
        length += 8;
    }
    long(bytes, max_len)
}

/// ASCII text of any length without any byte below `,`.
#[inline(never)]
fn long(bytes: &[u8], max_len: usize) -> Option<Text<'_>> {
    // The short form has found the first bytes to be plain.
    let length = SHORT + view::plain_text(bytes.get(SHORT..)?);
    let (text, behind) = bytes.split_at_checked(length)?;
    if behind.first().is_some_and(|&byte| byte != SEPARATOR) {
        return any(bytes, length, max_len);
    }
    if length > max_len {
        return None;
    }
    view::ascii(text).map(Text::plain)
}

/// Text of any kind, whose first `plain` bytes have been found to be plain.
#[inline(never)]
fn any(bytes: &[u8], plain: usize, max_len: usize) -> Option<Text<'_>> {
    let Measured { text, len, has_nul } = Measured::new(bytes, plain).ok()?;
    (len <= max_len && !has_nul).then_some(text)
}

/// The complete form.
pub(super) fn convert(raw: &[u8], max_len: usize) -> Result<Converted<'_>, Reason> {
    let Measured { text, len, has_nul } = Measured::new(raw, 0)?;
    if len > max_len {
        Err(Reason::TooLong)
    } else if has_nul {
        Err(Reason::Nul)
    } else {
        Ok((Value::String(text), None))
    }
}
