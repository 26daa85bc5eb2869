//! Helpers shared by the types: declined values, decoding, trimming, signs, the next offset.

use crate::error::Reason;
use crate::query::encoded::Encoded;
use crate::query::input::NextOffset;
use crate::query::text::Text;
use crate::query::{find_escape, percent};
use crate::update::Adjustment;
use crate::update::value::Value;

/// Maximum raw length of a value that is not a string. No real number is longer, and `core`'s `f64`
/// parser goes wrong where digits compensate for exponents beyond about 65,000.
const MAX_LEN: usize = 4096;

/// A value and how it was adjusted.
pub(crate) type Parsed<'q> = (Value<Text<'q>>, Option<Adjustment>);

/// The reason why a fast path did not push an update. As wide as a [`NextOffset`], so that a
/// `Result` of both is returned in registers. (`Option<Reason>` instead: texts take up to twice as
/// long.)
#[derive(Clone, Copy)]
pub(crate) struct Declined(usize);

impl Declined {
    /// The slow path decides: the buffer was full, or the value is unusual.
    pub(crate) const UNDECIDED: Self = Self(usize::MAX);

    /// Returns the reason if the value is rejected, or `None` if the slow path decides.
    pub(crate) fn reason(self) -> Option<Reason> {
        Reason::ALL.get(self.0).copied()
    }
}

impl From<Reason> for Declined {
    #[inline]
    fn from(reason: Reason) -> Self {
        Self(reason as usize)
    }
}

/// Returns the offset of the segment after one that ends at `end`.
#[inline]
pub(super) fn next_after(end: usize) -> Option<NextOffset> {
    NextOffset::new(end + 1)
}

/// Trims and parses the decoded text of a value that is not a string.
pub(super) fn parse_text<T>(
    text: &str,
    parse: impl FnOnce(&[u8]) -> Result<T, Reason>,
) -> Result<T, Reason> {
    match text.len() > MAX_LEN {
        true => Err(Reason::TooLong),
        false => parse(trim(text.as_bytes())),
    }
}

/// Decodes, trims and parses a value that is not a string. Invalid UTF-8 takes precedence over the
/// reason that `parse` returns.
pub(super) fn parse_encoded<T>(
    value: Encoded<'_>,
    parse: impl FnOnce(&[u8]) -> Result<T, Reason>,
) -> Result<T, Reason> {
    let raw = value.raw();
    if raw.len() > MAX_LEN {
        return Err(Reason::TooLong);
    }
    let parse = |text: &[u8]| {
        parse(trim(text)).map_err(|reason| match core::str::from_utf8(text) {
            Ok(_) => reason,
            Err(_) => Reason::InvalidUtf8,
        })
    };
    if find_escape(raw).is_none() {
        return parse(raw);
    }
    // Two buffers, because zeroing the large one costs more than decoding a typical value.
    let (mut small, mut large);
    let buffer: &mut [u8] = if raw.len() <= 64 {
        small = [0; 64];
        &mut small
    } else {
        large = [0; MAX_LEN];
        &mut large
    };
    parse(percent::decode_into(raw, buffer).ok_or(Reason::MalformedEscape)?)
}

/// Clamps a number to bounds, of which `min` is not above `max`. Zero keeps its sign: −0 is not below 0.
#[inline]
pub(super) fn clamp<T: PartialOrd>(number: T, min: T, max: T) -> (T, Option<Adjustment>) {
    if min <= number && number <= max {
        (number, None)
    } else if number < min {
        (min, Some(Adjustment::Min))
    } else {
        (max, Some(Adjustment::Max))
    }
}

/// Trims ASCII white space, which Arduino's `dtostrf` pads numbers with.
pub(super) fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

/// Parses `[sign]`, where `sign = "+" / "-"`. Returns whether it is a minus sign, and the rest.
pub(super) fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}
