//! Integers, clamped to the bounds of their datastream.

use core::ops::{Bound, RangeBounds};

use nom::character::complete::digit1;

use super::Type;
use super::datastream::Datastream;
use super::digits::{self, Run, eight_digits, non_digits};
use super::error::DatastreamError;
use super::parts::{DatastreamParts, Number, inclusive};
use super::raw::{Parsed, clamp, next_after, sign};
use crate::error::Reason;
use crate::query::SEPARATOR;
use crate::query::input::{FastInput, NextOffset, Window};
use crate::query::swar::repeat;
use crate::update::Adjustment;
use crate::update::updates::Updates;
use crate::update::value::Value;

#[derive(Clone, PartialEq)]
pub(crate) struct Integer {
    min: i64,
    max: i64,
}

impl Datastream {
    /// Default minimum of an integer, as defined by Blynk.
    ///
    /// ```
    /// assert_eq!(pinquery::Datastream::DEFAULT_MIN, i64::from(i32::MIN));
    /// ```
    pub const DEFAULT_MIN: i64 = -2_147_483_648;
    /// Default maximum of an integer, as defined by Blynk.
    ///
    /// ```
    /// assert_eq!(pinquery::Datastream::DEFAULT_MAX, i64::from(i32::MAX));
    /// ```
    pub const DEFAULT_MAX: i64 = 2_147_483_647;

    /// Creates an integer datastream, which clamps values to `bounds`. An open end of the range
    /// means [`DEFAULT_MIN`](Self::DEFAULT_MIN) or [`DEFAULT_MAX`](Self::DEFAULT_MAX).
    ///
    /// # Errors
    ///
    /// Returns [`DatastreamError::MinAboveMax`] for `9..=1` or `3_000_000_000..`, and
    /// [`DatastreamError::BoundExcluded`] for `0..100`.
    ///
    /// ```
    /// # use pinquery::{Datastream, DatastreamError};
    /// assert!(Datastream::integer(..).is_ok());
    /// assert!(Datastream::integer(0..=i64::MAX).is_ok());
    /// assert_eq!(Datastream::integer(3_000_000_000..), Err(DatastreamError::MinAboveMax));
    /// assert_eq!(Datastream::integer(0..100), Err(DatastreamError::BoundExcluded));
    /// ```
    pub fn integer(bounds: impl RangeBounds<i64>) -> Result<Self, DatastreamError> {
        Integer::new(bounds).map(|integer| Self(Type::Integer(integer)))
    }
}

impl Integer {
    pub(super) const NAME: &'static str = "integer";

    fn new(bounds: impl RangeBounds<i64>) -> Result<Self, DatastreamError> {
        let min = inclusive(bounds.start_bound())?.unwrap_or(Datastream::DEFAULT_MIN);
        let max = inclusive(bounds.end_bound())?.unwrap_or(Datastream::DEFAULT_MAX);
        match min > max {
            true => Err(DatastreamError::MinAboveMax),
            false => Ok(Self { min, max }),
        }
    }

    pub(super) fn from_parts(parts: &mut DatastreamParts<'_>) -> Result<Self, DatastreamError> {
        let bound = |bound| match bound {
            None => Ok(Bound::Unbounded),
            Some(Number::Integer(integer)) => Ok(Bound::Included(integer)),
            Some(Number::Double(_)) => Err(DatastreamError::BoundNotAnInteger),
        };
        Self::new((bound(parts.min.take())?, bound(parts.max.take())?))
    }

    pub(super) fn to_parts(&self) -> DatastreamParts<'_> {
        DatastreamParts {
            min: Some(Number::Integer(self.min)),
            max: Some(Number::Integer(self.max)),
            ..DatastreamParts::default()
        }
    }

    #[inline(always)]
    pub(super) fn parse_fast(
        &self,
        input: FastInput<'_, '_>,
        updates: &mut Updates<'_>,
    ) -> Option<NextOffset> {
        let (integer, end) = fast_integer(input.window, input.value)?;
        let (integer, adjusted) = clamp(integer, self.min, self.max);
        updates.try_push(input.pin, Value::Integer(integer), adjusted)?;
        next_after(end)
    }

    pub(super) fn parse_trimmed(&self, text: &[u8]) -> Result<Parsed<'static>, Reason> {
        let (integer, adjusted) = match integer(text).ok_or(Reason::NotAnInteger)? {
            Unbounded::Exact(integer) => clamp(integer, self.min, self.max),
            Unbounded::BelowAll => (self.min, Some(Adjustment::Min)),
            Unbounded::AboveAll => (self.max, Some(Adjustment::Max)),
        };
        Ok((Value::Integer(integer), adjusted))
    }

    pub(super) fn fits<S: AsRef<str>>(&self, value: &Value<S>) -> bool {
        matches!(value, Value::Integer(integer) if (self.min..=self.max).contains(integer))
    }
}

/// Parses `["-"] 1*19DIGIT` before a separator. Returns the offset of the separator as well.
#[inline(always)]
pub(super) fn fast_integer(window: Window<'_>, offset: usize) -> Option<(i64, usize)> {
    match window.word(offset)? {
        // Signs are rare: a branch costs less than branch-free code for them.
        word if word as u8 == b'-' => {
            let (integer, end) = fast_negative(window, offset + 1)?;
            Some((-integer, end))
        }
        word => fast_unsigned(window, word, offset),
    }
}

#[inline]
fn fast_negative(window: Window<'_>, offset: usize) -> Option<(i64, usize)> {
    fast_unsigned(window, window.word(offset)?, offset)
}

/// Parses up to seven digits without a loop.
#[inline(always)]
fn fast_unsigned(window: Window<'_>, word: u64, offset: usize) -> Option<(i64, usize)> {
    let word = word ^ repeat(b'0');
    let bits = non_digits(word).trailing_zeros();
    let end = offset + bits as usize / 8;
    if bits == 0 || window.byte(end) != SEPARATOR {
        return fast_long(window, offset);
    }
    let digits = eight_digits(word.wrapping_shl(64 - bits));
    Some((digits as i64, end))
}

/// Parses up to 19 digits. Inlined, it costs 2 % more instructions.
#[inline(never)]
fn fast_long(window: Window<'_>, offset: usize) -> Option<(i64, usize)> {
    let Run { digits, end } = digits::run(window, offset)?;
    let integer = i64::try_from(digits).ok()?;
    (end > offset && window.byte(end) == SEPARATOR).then_some((integer, end))
}

/// An integer of any length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unbounded {
    /// It fits an `i64`.
    Exact(i64),
    /// It is below `i64::MIN`.
    BelowAll,
    /// It is above `i64::MAX`.
    AboveAll,
}

/// Parses `integer = [sign] 1*DIGIT`.
pub(super) fn integer(text: &[u8]) -> Option<Unbounded> {
    let (negative, text) = sign(text);
    match digit1::<_, nom::error::Error<&[u8]>>(text) {
        Ok(([], digits)) => Some(unbounded(negative, digits)),
        _ => None,
    }
}

fn unbounded(negative: bool, digits: &[u8]) -> Unbounded {
    let magnitude = digits.iter().try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    });
    let exact = magnitude.and_then(|magnitude| match negative {
        true => 0_i64.checked_sub_unsigned(magnitude),
        false => 0_i64.checked_add_unsigned(magnitude),
    });
    match (exact, negative) {
        (Some(integer), _) => Unbounded::Exact(integer),
        (None, true) => Unbounded::BelowAll,
        (None, false) => Unbounded::AboveAll,
    }
}
