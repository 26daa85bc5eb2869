//! Integers and doubles: the complete grammar, then the value.

use nom::branch::alt;
use nom::character::complete::{char, digit0, digit1};
use nom::combinator::opt;
use nom::{IResult, Parser};

use crate::scan;

/// An integer of any length, as far as an `i64` can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integer {
    Exact(i64),
    BelowAll,
    AboveAll,
}

/// `integer = [sign] 1*DIGIT`
pub(crate) fn integer(text: &[u8]) -> Option<Integer> {
    let (text, negative) = sign(text).ok()?;
    let (rest, digits) = digits(text).ok()?;
    rest.is_empty().then(|| nearest_integer(negative, digits))
}

/// `double = [sign] (1*DIGIT ["." *DIGIT] / "." 1*DIGIT) [("e" / "E") [sign] 1*DIGIT]`, as the
/// nearest `f64`, ties to even; beyond the finite ones, infinity.
pub(crate) fn double(text: &[u8]) -> Option<f64> {
    let (rest, ()) = double_grammar(text).ok()?;
    if !rest.is_empty() {
        return None;
    }
    nearest_double(text)
}

/// The nearest `f64` to what [`double_grammar`] accepts: ASCII, and a part of what `str::parse`
/// accepts.
pub(crate) fn nearest_double(text: &[u8]) -> Option<f64> {
    let text = scan::ascii(text)?;
    if cfg!(pinquery_no_panic_proof) {
        // Nothing is known of `core`'s parser: the optimiser cannot rule its panics out.
        return core::hint::black_box(None);
    }
    text.parse().ok()
}

fn double_grammar(input: &[u8]) -> IResult<&[u8], ()> {
    let (input, _) = sign(input)?;
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
    let (input, _) = sign(input)?;
    let (input, _) = digit1(input)?;
    Ok((input, ()))
}

/// `sign = "+" / "-"`, if any: whether it is a minus.
fn sign(input: &[u8]) -> IResult<&[u8], bool> {
    let (input, sign) = opt(alt((char('+'), char('-')))).parse(input)?;
    Ok((input, sign == Some('-')))
}

fn digits(input: &[u8]) -> IResult<&[u8], &[u8]> {
    digit1(input)
}

fn nearest_integer(negative: bool, digits: &[u8]) -> Integer {
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
