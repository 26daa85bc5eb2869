//! Integers: whole numbers, clamped to the bounds of their datastream.

use nom::character::complete::digit1;

use super::digits::{self, Run, eight_digits, non_digits};
use super::{Behind, Converted, behind, number};
use crate::device::pin::VirtualPin;
use crate::error::Reason;
use crate::query::view::{SEPARATOR, View, repeat};
use crate::update::Adjustment;
use crate::update::updates::Updates;
use crate::update::value::Value;

/// The short form.
#[inline(always)]
pub(super) fn add_short(
    view: View<'_>,
    offset: usize,
    min: i64,
    max: i64,
    pin: VirtualPin,
    updates: &mut Updates<'_>,
) -> Option<Behind> {
    let (integer, end) = short(view, offset)?;
    let (integer, adjusted) = clamp(integer, min, max);
    updates.add(pin, Value::Integer(integer), adjusted)?;
    behind(end)
}

/// Reads `[-]1*19DIGIT` up to a separator, and where that is.
#[inline(always)]
pub(super) fn short(view: View<'_>, offset: usize) -> Option<(i64, usize)> {
    match view.word(offset)? {
        // Signs are rare: a branch costs less than the steps that would spare it.
        word if word as u8 == b'-' => {
            let (integer, end) = short_negative(view, offset + 1)?;
            Some((-integer, end))
        }
        word => short_unsigned(view, word, offset),
    }
}

#[inline(never)]
fn short_negative(view: View<'_>, offset: usize) -> Option<(i64, usize)> {
    short_unsigned(view, view.word(offset)?, offset)
}

/// Up to seven digits without a loop.
#[inline(always)]
fn short_unsigned(view: View<'_>, word: u64, offset: usize) -> Option<(i64, usize)> {
    let word = word ^ repeat(b'0');
    let bits = non_digits(word).trailing_zeros();
    let end = offset + bits as usize / 8;
    if bits == 0 || view.byte(end) != SEPARATOR {
        return long(view, offset);
    }
    let digits = eight_digits(word.wrapping_shl(64 - bits));
    Some((digits as i64, end))
}

#[inline(never)]
fn long(view: View<'_>, offset: usize) -> Option<(i64, usize)> {
    let Run { digits, end } = digits::run(view, offset)?;
    let integer = i64::try_from(digits).ok()?;
    (end > offset && view.byte(end) == SEPARATOR).then_some((integer, end))
}

/// The complete form.
pub(super) fn convert(raw: &[u8], min: i64, max: i64) -> Result<Converted<'static>, Reason> {
    let (integer, adjusted) = match number(raw, Reason::NotAnInteger, integer)? {
        Integer::Exact(integer) => clamp(integer, min, max),
        Integer::BelowAll => (min, Some(Adjustment::Min)),
        Integer::AboveAll => (max, Some(Adjustment::Max)),
    };
    Ok((Value::Integer(integer), adjusted))
}

#[inline(always)]
fn clamp(integer: i64, min: i64, max: i64) -> (i64, Option<Adjustment>) {
    if min <= integer && integer <= max {
        (integer, None)
    } else if integer < min {
        (min, Some(Adjustment::Min))
    } else {
        (max, Some(Adjustment::Max))
    }
}

/// An integer of any length, as far as an `i64` can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Integer {
    Exact(i64),
    BelowAll,
    AboveAll,
}

/// `integer = [sign] 1*DIGIT`
pub(super) fn integer(text: &[u8]) -> Option<Integer> {
    let (negative, text) = sign(text);
    match digit1::<_, nom::error::Error<&[u8]>>(text) {
        Ok(([], digits)) => Some(nearest(negative, digits)),
        _ => None,
    }
}

/// `sign = "+" / "-"`, if any: whether it is a minus, and what is behind it.
pub(super) fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', behind @ ..] => (true, behind),
        [b'+', behind @ ..] => (false, behind),
        _ => (false, text),
    }
}

fn nearest(negative: bool, digits: &[u8]) -> Integer {
    let magnitude = digits.iter().try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    });
    let exact = magnitude.and_then(|magnitude| match negative {
        true => 0_i64.checked_sub_unsigned(magnitude),
        false => 0_i64.checked_add_unsigned(magnitude),
    });
    match (exact, negative) {
        (Some(integer), _) => Integer::Exact(integer),
        (None, true) => Integer::BelowAll,
        (None, false) => Integer::AboveAll,
    }
}
