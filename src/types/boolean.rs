//! Booleans: `true` or `false` in any ASCII case, `1` or `0`.

use super::Type;
use super::datastream::Datastream;
use super::error::DatastreamError;
use super::parts::DatastreamParts;
use super::raw::{Parsed, next_after};
use crate::error::Reason;
use crate::pin::VirtualPin;
use crate::query::SEPARATOR;
use crate::query::input::{Input, NextOffset};
use crate::update::updates::Updates;
use crate::update::value::Value;

#[derive(Clone, PartialEq)]
pub(crate) struct Boolean;

impl Datastream {
    /// Creates a boolean datastream, which accepts `true` or `false` in any ASCII case, `1` and `0`.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, Value, VirtualPin, parse};
    /// let template = Template::new().with(VirtualPin(6), Datastream::boolean());
    /// let updates = parse("token=t&v6=True", |_| Some(&template)).unwrap();
    /// assert_eq!(updates[0].value, Value::Boolean(true));
    /// ```
    #[must_use]
    pub const fn boolean() -> Self {
        Self(Type::Boolean(Boolean))
    }
}

impl Boolean {
    pub(super) const NAME: &'static str = "boolean";

    pub(super) fn from_parts(_: &mut DatastreamParts<'_>) -> Result<Self, DatastreamError> {
        Ok(Self)
    }

    pub(super) fn to_parts(&self) -> DatastreamParts<'_> {
        DatastreamParts::default()
    }

    /// Branch-free, because booleans are unpredictable.
    #[inline(never)]
    pub(super) fn parse_fast<'q>(
        input: &Input<'q>,
        text: &'q [u8],
        pin: VirtualPin,
        updates: &mut Updates<'q>,
        _: &Self,
    ) -> Option<NextOffset> {
        const TRUE: u64 = u64::from_le_bytes(*b"true&\0\0\0");
        const FALSE: u64 = u64::from_le_bytes(*b"false&\0\0");
        const LETTERS: u64 = u64::from_le_bytes([0x20; 8]);

        let word = input.window(text)?.word(0)?;
        let is_digit = word as u16 | 1 == u16::from_le_bytes([b'1', SEPARATOR]);
        // The separator after the letters has no case.
        let is_true = (word | LETTERS >> 32) << 24 == TRUE << 24;
        let is_false = (word | LETTERS >> 24) << 16 == FALSE << 16;
        let length = usize::from(is_digit) + 4 * usize::from(is_true) + 5 * usize::from(is_false);
        let value = Value::Boolean(is_true | is_digit & (word & 1 == 1));
        if length == 0 {
            return None;
        }
        updates.try_push(pin, value, None)?;
        next_after(length)
    }

    pub(super) fn parse_trimmed(&self, text: &[u8]) -> Result<Parsed<'static>, Reason> {
        let boolean = boolean(text).ok_or(Reason::NotABoolean)?;
        Ok((Value::Boolean(boolean), None))
    }

    pub(super) fn fits<S: AsRef<str>>(&self, value: &Value<S>) -> bool {
        matches!(value, Value::Boolean(_))
    }
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
