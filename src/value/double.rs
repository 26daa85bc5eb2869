//! Doubles: decimal numbers as the nearest `f64`, clamped to the bounds of their datastream.

use nom::branch::alt;
use nom::character::complete::{char, digit0, digit1};
use nom::combinator::opt;
use nom::{IResult, Parser};

use super::digits::{self, Run, eight_digits, non_digits};
use super::integer::sign;
use super::{Behind, Converted, behind, number};
use crate::device::pin::VirtualPin;
use crate::error::Reason;
use crate::query::view::{self, SEPARATOR, View, repeat};
use crate::update::Adjustment;
use crate::update::updates::Updates;
use crate::update::value::Value;

/// The short form.
#[inline(always)]
pub(super) fn add_short(
    view: View<'_>,
    offset: usize,
    min: f64,
    max: f64,
    pin: VirtualPin,
    updates: &mut Updates<'_>,
) -> Option<Behind> {
    let (double, end) = short(view, offset)?;
    if view.byte(end) != SEPARATOR {
        return None;
    }
    let (double, adjusted) = clamp(double, min, max);
    updates.add(pin, Value::Double(double), adjusted)?;
    behind(end)
}

/// Reads `[-](1*DIGIT ["." *DIGIT] / "." 1*DIGIT)`, as far as a `u64` holds the digits, and where
/// it ends in the view.
#[inline(always)]
pub(super) fn short(view: View<'_>, offset: usize) -> Option<(f64, usize)> {
    match view.word(offset)? {
        // Signs are rare: a branch costs less than the steps that would spare it.
        word if word as u8 == b'-' => {
            let (double, end) = short_negative(view, offset + 1)?;
            Some((-double, end))
        }
        word => short_unsigned(view, word, offset),
    }
}

#[inline(never)]
fn short_negative(view: View<'_>, offset: usize) -> Option<(f64, usize)> {
    short_unsigned(view, view.word(offset)?, offset)
}

/// Up to eight characters in front of `&` or `,`, without a loop, and without a branch on the point
/// or on whether there are eight, which go either way.
#[inline(always)]
fn short_unsigned(view: View<'_>, word: u64, offset: usize) -> Option<(f64, usize)> {
    let word = word ^ repeat(b'0');
    let stops = non_digits(word);
    // The bits of the bytes before the first byte that is no digit, which may be the point.
    let whole = stops.trailing_zeros();
    let has_point = word.wrapping_shr(whole) as u8 == b'.' ^ b'0';
    // The point is no stop: the lowest one is taken away if there is one.
    let stops = stops & stops.wrapping_sub(u64::from(has_point));
    let end = stops.trailing_zeros();
    let point = u32::from(has_point) * 8;
    let length = end.wrapping_sub(point);
    let behind = offset + end as usize / 8;
    if length == 0 || !matches!(view.byte(behind), SEPARATOR | b',') {
        return long(view, offset);
    }
    let before = u64::MAX.wrapping_shl(whole);
    let digits = word & !before | word >> point & before;
    let digits = eight_digits(digits.wrapping_shl(64 - length));
    let fraction = length.wrapping_sub(whole) as usize / 8;
    let double = digits as i64 as f64 / EXACT_POWERS_OF_TEN[fraction % 8];
    Some((double, behind))
}

/// Numbers of nine characters and more, which are rare, and those in front of other bytes.
#[inline(never)]
fn long(view: View<'_>, offset: usize) -> Option<(f64, usize)> {
    let Run {
        mut digits,
        mut end,
    } = digits::run(view, offset)?;
    let whole = end - offset;
    let mut fraction = 0;
    if view.byte(end) == b'.' {
        let run = digits::run(view, end + 1)?;
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
        _ => nearest(view.bytes(offset, end)?)?,
    };
    Some((double, end))
}

/// Every whole number up to this one is a double, and so a quotient of two such numbers is rounded
/// once, as Clinger showed. It fits an `i64`, too, which one instruction converts.
const MAX_EXACT: u64 = 1 << 53;

/// Those that a double holds exactly.
const EXACT_POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The complete form.
pub(super) fn convert(raw: &[u8], min: f64, max: f64) -> Result<Converted<'static>, Reason> {
    let (double, adjusted) = clamp(number(raw, Reason::NotADouble, double)?, min, max);
    Ok((Value::Double(double), adjusted))
}

/// Zero keeps its sign: −0 is not below 0.
#[inline(always)]
fn clamp(double: f64, min: f64, max: f64) -> (f64, Option<Adjustment>) {
    if min <= double && double <= max {
        (double, None)
    } else if double < min {
        (min, Some(Adjustment::Min))
    } else {
        (max, Some(Adjustment::Max))
    }
}

/// `double = [sign] (1*DIGIT ["." *DIGIT] / "." 1*DIGIT) [("e" / "E") [sign] 1*DIGIT]`, as the
/// nearest `f64`, ties to even; an overflow is infinity.
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

/// The nearest `f64` to what [`grammar`] accepts: ASCII, and a part of what `str::parse` accepts.
fn nearest(text: &[u8]) -> Option<f64> {
    let text = view::ascii(text)?;
    if cfg!(pinquery_no_panic_proof) {
        // Nothing is known of `core`'s parser: the optimiser cannot rule its panics out.
        return core::hint::black_box(None);
    }
    text.parse().ok()
}
