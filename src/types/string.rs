//! Strings: UTF-8 up to a maximum length, without U+0000.

use core::ops::Range;

use super::Type;
use super::datastream::Datastream;
use super::error::DatastreamError;
use super::parts::DatastreamParts;
use super::raw::{Declined, Parsed, next_after};
use crate::error::Reason;
use crate::pin::VirtualPin;
use crate::query::SEPARATOR;
use crate::query::ascii::{ascii_between, ascii_within};
use crate::query::encoded::Encoded;
use crate::query::input::NextOffset;
use crate::query::scanned_text::ScannedText;
use crate::query::stops::{CHUNK, next_stop, stops_at};
use crate::query::text::Text;
use crate::update::updates::Updates;
use crate::update::value::Value;

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

    /// Parses text of fewer than 32 bytes without stops, and calls another function for any other.
    /// Each of these functions pushes the update itself, and its arguments fit in registers.
    #[inline(never)]
    pub(super) fn parse_fast<'q>(
        query: &'q [u8],
        start: usize,
        pin: VirtualPin,
        updates: &mut Updates<'q>,
        this: &Self,
    ) -> Result<NextOffset, Declined> {
        let stops = stops_at(query, start);
        if stops == 0 {
            return parse_long(query, start, pin, updates, this.max_len);
        }
        let end = start + stops.trailing_zeros() as usize;
        parse_plain::<CHUNK>(query, start..end, pin, updates, this.max_len)
    }

    pub(super) fn parse_encoded<'q>(&self, value: Encoded<'q>) -> Result<Parsed<'q>, Reason> {
        let text = scan(value.raw(), 0, self.max_len)?;
        Ok((Value::String(text), None))
    }

    pub(super) fn parse_text<'t>(&self, text: &'t str) -> Result<Parsed<'t>, Reason> {
        let text = check(ScannedText::plain(text), self.max_len)?;
        Ok((Value::String(text), None))
    }

    pub(super) fn fits<S: AsRef<str>>(&self, value: &Value<S>) -> bool {
        matches!(value, Value::String(text) if self.parse_text(text.as_ref()).is_ok())
    }
}

/// Parses text whose first 32 bytes have no stops.
#[inline(never)]
fn parse_long<'q>(
    query: &'q [u8],
    start: usize,
    pin: VirtualPin,
    updates: &mut Updates<'q>,
    max_len: usize,
) -> Result<NextOffset, Declined> {
    let end = next_stop(query, start + CHUNK);
    parse_plain::<128>(query, start..end, pin, updates, max_len)
}

/// Parses text whose first stop is at the end of `range`. Texts of at most `N` bytes need no loop.
#[inline(always)]
fn parse_plain<'q, const N: usize>(
    query: &'q [u8],
    Range { start, end }: Range<usize>,
    pin: VirtualPin,
    updates: &mut Updates<'q>,
    max_len: usize,
) -> Result<NextOffset, Declined> {
    if query.get(end).is_some_and(|&byte| byte != SEPARATOR) {
        return parse_any(query, start, pin, updates, max_len);
    }
    if end - start > max_len {
        return Err(Reason::TooLong.into());
    }
    match ascii_within::<N>(query, start, end) {
        Some(text) => push(Text::plain(text), pin, updates),
        None => parse_ascii(query, start, end, pin, updates),
    }
}

/// Parses text without stops that ends at `end`.
#[inline(never)]
fn parse_ascii<'q>(
    query: &'q [u8],
    start: usize,
    end: usize,
    pin: VirtualPin,
    updates: &mut Updates<'q>,
) -> Result<NextOffset, Declined> {
    let text = ascii_between(query, start, end).ok_or(Declined::UNDECIDED)?;
    push(Text::plain(text), pin, updates)
}

/// Parses any text.
#[inline(never)]
fn parse_any<'q>(
    query: &'q [u8],
    start: usize,
    pin: VirtualPin,
    updates: &mut Updates<'q>,
    max_len: usize,
) -> Result<NextOffset, Declined> {
    push(scan(query, start, max_len)?, pin, updates)
}

#[inline(always)]
fn push<'q>(
    text: Text<'q>,
    pin: VirtualPin,
    updates: &mut Updates<'q>,
) -> Result<NextOffset, Declined> {
    updates
        .try_push(pin, Value::String(text), None)
        .and_then(|()| next_after(text.raw().len()))
        .ok_or(Declined::UNDECIDED)
}

#[inline(always)]
fn scan(query: &[u8], start: usize, max_len: usize) -> Result<Text<'_>, Reason> {
    check(ScannedText::new(query, start)?, max_len)
}

/// Rejects a text that is too long or contains NUL.
#[inline(always)]
fn check(scanned: ScannedText<'_>, max_len: usize) -> Result<Text<'_>, Reason> {
    let ScannedText { text, len, has_nul } = scanned;
    if len > max_len {
        Err(Reason::TooLong)
    } else if has_nul {
        Err(Reason::Nul)
    } else {
        Ok(text)
    }
}
