//! Doubles: the nearest `f64`, clamped to the bounds of their datastream.

use core::ops::{Bound, RangeBounds};

use nom::branch::alt;
use nom::character::complete::{char, digit0, digit1};
use nom::combinator::opt;
use nom::{IResult, Parser};

use super::Type;
use super::datastream::Datastream;
use super::digits::{self, eight_digits, non_digits};
use super::error::DatastreamError;
use super::parts::{DatastreamParts, Number, inclusive};
use super::raw::{Parsed, clamp, next_after, sign};
use crate::error::Reason;
use crate::query::SEPARATOR;
use crate::query::ascii::ascii;
use crate::query::input::{FastInput, NextOffset, Window};
use crate::query::swar::repeat;
use crate::update::updates::Updates;
use crate::update::value::Value;

#[derive(Clone, PartialEq)]
pub(crate) struct Double {
    min: f64,
    max: f64,
}

impl Datastream {
    /// Creates a double datastream, which clamps values to `bounds`. An open end of the range means
    /// `f64::MIN` or `f64::MAX`, so that `1e999` becomes a finite number and is reported as clamped.
    ///
    /// # Errors
    ///
    /// Returns [`DatastreamError::BoundNotFinite`] for `f64::NAN..`,
    /// [`DatastreamError::MinAboveMax`] for `1.0..=0.0`, and [`DatastreamError::BoundExcluded`] for
    /// `0.0..1.0`.
    ///
    /// ```
    /// # use pinquery::{Datastream, DatastreamError};
    /// assert!(Datastream::double(-40.0..=125.0).is_ok());
    /// assert_eq!(Datastream::double(..=f64::INFINITY), Err(DatastreamError::BoundNotFinite));
    /// ```
    pub fn double(bounds: impl RangeBounds<f64>) -> Result<Self, DatastreamError> {
        Double::new(bounds).map(|double| Self(Type::Double(double)))
    }
}

impl Double {
    pub(super) const NAME: &'static str = "double";

    fn new(bounds: impl RangeBounds<f64>) -> Result<Self, DatastreamError> {
        let min = inclusive(bounds.start_bound())?.unwrap_or(f64::MIN);
        let max = inclusive(bounds.end_bound())?.unwrap_or(f64::MAX);
        if !(min.is_finite() && max.is_finite()) {
            return Err(DatastreamError::BoundNotFinite);
        }
        match min > max {
            true => Err(DatastreamError::MinAboveMax),
            false => Ok(Self { min, max }),
        }
    }

    pub(super) fn from_parts(parts: &mut DatastreamParts<'_>) -> Result<Self, DatastreamError> {
        let bound = |bound| match bound {
            None => Bound::Unbounded,
            Some(Number::Integer(integer)) => Bound::Included(integer as f64),
            Some(Number::Double(double)) => Bound::Included(double),
        };
        Self::new((bound(parts.min.take()), bound(parts.max.take())))
    }

    pub(super) fn to_parts(&self) -> DatastreamParts<'_> {
        DatastreamParts {
            min: Some(Number::Double(self.min)),
            max: Some(Number::Double(self.max)),
            ..DatastreamParts::default()
        }
    }

    #[inline(always)]
    pub(super) fn parse_fast(
        &self,
        input: FastInput<'_, '_>,
        updates: &mut Updates<'_>,
    ) -> Option<NextOffset> {
        let (double, end) = fast_double(input.window, input.value)?;
        if input.window.byte(end) != SEPARATOR {
            return None;
        }
        let (double, adjusted) = clamp(double, self.min, self.max);
        updates.try_push(input.pin, Value::Double(double), adjusted)?;
        next_after(end)
    }

    pub(super) fn parse_trimmed(&self, text: &[u8]) -> Result<Parsed<'static>, Reason> {
        let double = double(text).ok_or(Reason::NotADouble)?;
        let (double, adjusted) = clamp(double, self.min, self.max);
        Ok((Value::Double(double), adjusted))
    }

    pub(super) fn fits<S: AsRef<str>>(&self, value: &Value<S>) -> bool {
        matches!(value, Value::Double(double) if (self.min..=self.max).contains(double))
    }
}

/// Parses `["-"] (1*DIGIT ["." *DIGIT] / "." 1*DIGIT)`, if the digits fit a `u64`. Returns the
/// offset of the byte after it as well.
#[inline(always)]
pub(super) fn fast_double(window: Window<'_>, offset: usize) -> Option<(f64, usize)> {
    match window.word(offset)? {
        // Signs are rare: a branch costs less than branch-free code for them.
        word if word as u8 == b'-' => {
            let (double, end) = fast_negative(window, offset + 1)?;
            Some((-double, end))
        }
        word => fast_unsigned(window, word, offset),
    }
}

fn fast_negative(window: Window<'_>, offset: usize) -> Option<(f64, usize)> {
    fast_unsigned(window, window.word(offset)?, offset)
}

/// Parses up to eight characters before `&` or `,`, without a loop. Branch-free, because neither
/// the position of the point nor its presence is predictable.
#[inline(always)]
fn fast_unsigned(window: Window<'_>, word: u64, offset: usize) -> Option<(f64, usize)> {
    let word = word ^ repeat(b'0');
    let stops = non_digits(word);
    // The number of bits before the first byte that is not a digit, which may be the point.
    let whole = stops.trailing_zeros();
    let has_point = word.wrapping_shr(whole) as u8 == b'.' ^ b'0';
    // Subtracting one clears the lowest stop, so that a point does not end the number.
    let stops = stops & stops.wrapping_sub(u64::from(has_point));
    let end = stops.trailing_zeros();
    let point = u32::from(has_point) * 8;
    let length = end.wrapping_sub(point);
    let next = offset + end as usize / 8;
    if length == 0 || !matches!(window.byte(next), SEPARATOR | b',') {
        return fast_long(window, offset);
    }
    let before = u64::MAX.wrapping_shl(whole);
    let digits = word & !before | word >> point & before;
    let digits = eight_digits(digits.wrapping_shl(64 - length));
    let fraction = length.wrapping_sub(whole) as usize / 8;
    let double = digits as i64 as f64 / EXACT_POWERS_OF_TEN[fraction % 8];
    Some((double, next))
}

/// Parses numbers of nine or more characters, or followed by another byte. Both are rare.
fn fast_long(window: Window<'_>, offset: usize) -> Option<(f64, usize)> {
    let run = digits::run(window, offset)?;
    let (mut digits, mut end) = (run.digits, run.end);
    let whole = end - offset;
    let mut fraction = 0;
    if window.byte(end) == b'.' {
        let run = digits::run(window, end + 1)?;
        fraction = run.end - end - 1;
        let power = *digits::POWERS_OF_TEN.get(fraction)?;
        digits = digits.checked_mul(power)?.checked_add(run.digits)?;
        end = run.end;
    }
    if whole + fraction == 0 {
        return None;
    }
    let double = match EXACT_POWERS_OF_TEN.get(fraction) {
        Some(power) if digits <= MAX_EXACT => digits as i64 as f64 / power,
        _ => nearest(window.bytes(offset, end)?)?,
    };
    Some((double, end))
}

/// Every integer up to this one is exact in an `f64`, so the quotient of two such numbers is rounded
/// only once (Clinger, 1990). It fits an `i64` as well, which a single instruction converts.
const MAX_EXACT: u64 = 1 << 53;

/// Powers of ten that are exact in an `f64`.
const EXACT_POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Parses `double = [sign] (1*DIGIT ["." *DIGIT] / "." 1*DIGIT) [("e" / "E") [sign] 1*DIGIT]` as the
/// nearest `f64`, ties to even. An overflow is infinity.
pub(super) fn double(text: &[u8]) -> Option<f64> {
    match grammar(text) {
        Ok(([], ())) => nearest(text),
        _ => None,
    }
}

fn grammar(input: &[u8]) -> IResult<&[u8], ()> {
    let (_, input) = sign(input);
    let (input, ()) = alt((
        (digit1, opt((char('.'), digit0))).map(drop),
        (char('.'), digit1).map(drop),
    ))
    .parse(input)?;
    let (input, _) = opt(exponent).parse(input)?;
    Ok((input, ()))
}

fn exponent(input: &[u8]) -> IResult<&[u8], ()> {
    let (input, _) = alt((char('e'), char('E'))).parse(input)?;
    let (_, input) = sign(input);
    let (input, _) = digit1(input)?;
    Ok((input, ()))
}

/// Returns the nearest `f64`. What [`grammar`] accepts, `str::parse` accepts as well.
fn nearest(text: &[u8]) -> Option<f64> {
    let text = ascii(text)?;
    if cfg!(pinquery_no_panic_check) {
        // Stubbed out: the optimiser cannot prove that `core`'s parser never panics.
        return core::hint::black_box(None);
    }
    text.parse().ok()
}
