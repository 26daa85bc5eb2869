//! How a value is read: a file for each type of datastream, with its grammar, its short form and
//! its complete form.
//!
//! A short form reads what nearly all clients send, nothing escaped, straight from a [`View`], and
//! adds its update. Its `None` means that the complete form decides. What both read, they read
//! alike. `cargo bench -p pinquery-bench --bench instructions` counts what each costs.

mod boolean;
mod digits;
mod double;
mod enumerable;
mod integer;
mod location;
mod string;

use core::ops::Range;

use crate::device::datastream::Kind;
use crate::device::pin::VirtualPin;
use crate::error::Reason;
use crate::query::encoded::Encoded;
use crate::query::pairs::Pairs;
use crate::query::percent;
use crate::query::text::Text;
use crate::query::view::{self, View, Window};
use crate::update::Adjustment;
use crate::update::updates::Updates;
use crate::update::value::Value;

/// How long a value other than a string may be, as written. No real number is longer, and `core`'s
/// parser of `f64` goes wrong where digits make up for exponents beyond some 65,000.
const MAX_LEN: usize = 4096;

/// A value and what was done to it.
type Converted<'q> = (Value<Text<'q>>, Option<Adjustment>);

/// How far behind the beginning of a segment the next one begins. One register holds it, or that
/// there is none.
pub(crate) type Behind = core::num::NonZeroUsize;

/// The same, where the segment ends at `end`.
#[inline(always)]
fn behind(end: usize) -> Option<Behind> {
    Behind::new(end + 1)
}

/// A segment whose name is short, with its value not yet read.
#[derive(Clone, Copy)]
pub(crate) struct Short<'w, 'q> {
    pub(crate) window: &'w Window<'w, 'q>,
    /// The query from the segment on.
    pub(crate) segment: &'q [u8],
    /// Its first bytes.
    pub(crate) view: View<'w>,
    /// Where the value begins in the view.
    pub(crate) value: usize,
    pub(crate) pin: VirtualPin,
}

/// Reads a value by the short form of its type and adds its update: how long the segment is.
///
/// Numbers are read, clamped and added inline. Each other type is a function that is never inlined
/// and adds its own update: one place that adds for all of them would have to take each value
/// apart again.
#[inline(always)]
pub(crate) fn add_short<'q>(
    kind: &Kind,
    short: Short<'_, 'q>,
    updates: &mut Updates<'q>,
) -> Option<Behind> {
    let Short {
        window,
        segment,
        view,
        value,
        pin,
    } = short;
    match kind {
        Kind::Integer { min, max } => integer::add_short(view, value, *min, *max, pin, updates),
        Kind::Double { min, max } => double::add_short(view, value, *min, *max, pin, updates),
        Kind::String { max_len } => {
            let text = segment.get(value..)?;
            let behind = string::add_short(window, text, *max_len, pin, updates)?;
            Behind::new(value + behind.get())
        }
        Kind::Enumerable(stream) => enumerable::add_short(view, value, stream, pin, updates),
        Kind::Boolean => boolean::add_short(view, value, pin, updates),
        Kind::Location => location::add_short(window, segment, value, pin, updates),
    }
}

/// Reads any value by the complete form of its type: what it becomes, or why it does not fit and
/// where. Takes a location's second half out of the segments `behind`.
pub(crate) fn convert<'q>(
    kind: &Kind,
    pin: VirtualPin,
    value: Encoded<'q>,
    behind: &mut Pairs<'q>,
) -> Result<Converted<'q>, (Reason, Range<usize>)> {
    let raw = value.raw();
    let converted = match kind {
        Kind::Integer { min, max } => integer::convert(raw, *min, *max),
        Kind::Double { min, max } => double::convert(raw, *min, *max),
        Kind::String { max_len } => string::convert(raw, *max_len),
        Kind::Enumerable(stream) => enumerable::convert(raw, stream),
        Kind::Boolean => boolean::convert(raw),
        Kind::Location => return location::convert(pin, value, behind),
    };
    converted.map_err(|reason| (reason, value.span()))
}

/// Reads a value that is no string: decoded, and without the white space around it. `reason` says
/// what is wrong where `read` gives nothing.
fn number<T>(
    raw: &[u8],
    reason: Reason,
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<T, Reason> {
    decoded(raw, |text| read(trim(text)).ok_or(reason))
}

/// White space around a number has no meaning: Arduino's `dtostrf` pads with spaces.
fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

/// Decodes a value that is no string.
fn decoded<T>(raw: &[u8], read: impl FnOnce(&[u8]) -> Result<T, Reason>) -> Result<T, Reason> {
    if raw.len() > MAX_LEN {
        return Err(Reason::TooLong);
    }
    let read = |text: &[u8]| {
        read(text).map_err(|reason| match core::str::from_utf8(text) {
            Ok(_) => reason,
            Err(_) => Reason::InvalidUtf8,
        })
    };
    if view::escape(raw).is_none() {
        return read(raw);
    }
    // Filling the large buffer with zeros costs more than decoding what it mostly holds.
    let (mut small, mut large);
    let buffer: &mut [u8] = if raw.len() <= 64 {
        small = [0; 64];
        &mut small
    } else {
        large = [0; MAX_LEN];
        &mut large
    };
    read(percent::decode_into(raw, buffer).ok_or(Reason::MalformedEscape)?)
}

#[cfg(test)]
mod tests;
