//! Strings: UTF-8 up to a maximum length, without U+0000.

use super::Type;
use super::datastream::Datastream;
use super::error::DatastreamError;
use super::parts::DatastreamParts;
use super::raw::{Parsed, next_after};
use crate::error::Reason;
use crate::pin::VirtualPin;
use crate::query::SEPARATOR;
use crate::query::input::{Input, NextOffset, SlowInput};
use crate::query::swar;
use crate::query::text::{ScannedText, Text};
use crate::update::updates::Updates;
use crate::update::value::Value;

/// Number of bytes checked without a loop.
const SHORT: usize = 24;

#[derive(Clone, PartialEq)]
pub(crate) struct String {
    max_len: usize,
}

impl Datastream {
    /// Default maximum length of a string in bytes, as defined by Blynk.
    ///
    /// ```
    /// assert_eq!(pinquery::Datastream::DEFAULT_MAX_LEN, 1024);
    /// ```
    pub const DEFAULT_MAX_LEN: usize = 1024;

    /// Creates a string datastream with the maximum length [`DEFAULT_MAX_LEN`](Self::DEFAULT_MAX_LEN).
    ///
    /// ```
    /// # use pinquery::Datastream;
    /// assert_eq!(Datastream::string(), Datastream::string_up_to(1024));
    /// ```
    #[must_use]
    pub const fn string() -> Self {
        Self::string_up_to(Self::DEFAULT_MAX_LEN)
    }

    /// Creates a string datastream that accepts up to `max_len` bytes of UTF-8, counted after
    /// decoding. Longer values are rejected, not truncated.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, VirtualPin, parse};
    /// let template = Template::new().with(VirtualPin(3), Datastream::string_up_to(4));
    /// assert!(parse("token=t&v3=%C3%A9%C3%A9", |_| Some(&template)).is_ok());
    /// assert!(parse("token=t&v3=hello", |_| Some(&template)).is_err());
    /// ```
    #[must_use]
    pub const fn string_up_to(max_len: usize) -> Self {
        Self(Type::String(String { max_len }))
    }
}

impl String {
    pub(super) const NAME: &'static str = "string";

    pub(super) fn from_parts(parts: &mut DatastreamParts<'_>) -> Result<Self, DatastreamError> {
        let max_len = parts.max_len.take().unwrap_or(Datastream::DEFAULT_MAX_LEN);
        Ok(Self { max_len })
    }

    pub(super) fn to_parts(&self) -> DatastreamParts<'_> {
        DatastreamParts {
            max_len: Some(self.max_len),
            ..DatastreamParts::default()
        }
    }

    #[inline(never)]
    pub(super) fn parse_fast<'q>(
        input: &Input<'q>,
        text: &'q [u8],
        pin: VirtualPin,
        updates: &mut Updates<'q>,
        this: &Self,
    ) -> Option<NextOffset> {
        let text = fast_text(input, text, this.max_len)?;
        updates.try_push(pin, Value::String(text), None)?;
        next_after(text.raw().len())
    }

    pub(super) fn parse_slow<'q>(&self, input: &mut SlowInput<'q>) -> Result<Parsed<'q>, Reason> {
        let ScannedText { text, len, has_nul } = ScannedText::new(input.value.raw(), 0)?;
        if len > self.max_len {
            Err(Reason::TooLong)
        } else if has_nul {
            Err(Reason::Nul)
        } else {
            Ok((Value::String(text), None))
        }
    }
}

#[inline]
fn fast_text<'q>(input: &Input<'q>, bytes: &'q [u8], max_len: usize) -> Option<Text<'q>> {
    let window = input.window(bytes)?;
    let mut length = 0;
    for word in [window.word(0)?, window.word(8)?, window.word(16)?] {
        let stops = swar::text_stops(word);
        if stops != 0 {
            let bits = stops.trailing_zeros() & 0x38;
            length += bits as usize / 8;
            if (word >> bits) as u8 != SEPARATOR {
                return fast_any(bytes, length, max_len);
            }
            if length > max_len {
                return None;
            }
            let start = input.offset_of(bytes);
            let text = swar::short_ascii(input.query(), start, start + length)?;
            return Some(Text::plain(text));
        }
        length += 8;
    }
    fast_long(bytes, max_len)
}

/// Parses ASCII text of any length whose first bytes are known to be plain.
fn fast_long(bytes: &[u8], max_len: usize) -> Option<Text<'_>> {
    let length = SHORT + swar::plain_text(bytes.get(SHORT..)?);
    let (text, rest) = bytes.split_at_checked(length)?;
    if rest.first().is_some_and(|&byte| byte != SEPARATOR) {
        return fast_any(bytes, length, max_len);
    }
    if length > max_len {
        return None;
    }
    swar::ascii(text).map(Text::plain)
}

/// Parses any text whose first `plain` bytes are known to be plain.
fn fast_any(bytes: &[u8], plain: usize, max_len: usize) -> Option<Text<'_>> {
    let ScannedText { text, len, has_nul } = ScannedText::new(bytes, plain).ok()?;
    (len <= max_len && !has_nul).then_some(text)
}
