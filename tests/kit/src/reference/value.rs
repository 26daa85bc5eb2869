//! Section 4 of the contract: values, each by its datastream.

use super::query::decode;
use super::{Adjustment, Datastream, Value};

/// The most bytes, as written in the query, of a value that is not a string.
const LONGEST: usize = 4096;

/// A whole value, a location's both halves included, and what was done to it; `None` where it does
/// not fit.
pub(crate) fn judge(raw: &[u8], datastream: &Datastream) -> Option<(Value, Option<Adjustment>)> {
    match datastream {
        Datastream::Integer { min, max } => {
            let (number, adjusted) = clamp_integer(integer(&trimmed(raw)?)?, *min, *max);
            Some((Value::Integer(number), adjusted))
        }
        Datastream::Double { min, max } => {
            let (number, adjusted) = clamp_double(double(&trimmed(raw)?)?, *min, *max);
            Some((Value::Double(number), adjusted))
        }
        Datastream::String { max_len } => {
            let text = decode(raw).ok()?;
            let fits = text.len() <= *max_len && !text.contains('\0');
            fits.then_some((Value::String(text), None))
        }
        Datastream::Enumerable { values, fallback } => {
            let number = integer(&trimmed(raw)?)?;
            match values.iter().find(|&&value| i128::from(value) == number) {
                Some(value) => Some((Value::Enumerable(*value), None)),
                None => fallback
                    .map(|fallback| (Value::Enumerable(fallback), Some(Adjustment::Fallback))),
            }
        }
        Datastream::Location => {
            let text = trimmed(raw)?;
            let (longitude, latitude) = text.split_once(',')?;
            let location =
                Value::Location(coordinate(longitude, 180.0)?, coordinate(latitude, 90.0)?);
            Some((location, None))
        }
        Datastream::Boolean => {
            let flag = boolean(&trimmed(raw)?)?;
            Some((Value::Boolean(flag), None))
        }
    }
}

/// Whether a location's value holds both halves, well formed or not.
pub(crate) fn has_comma(raw: &[u8]) -> bool {
    decode(raw).is_ok_and(|text| text.contains(','))
}

/// A location's first half where it stands alone.
pub(crate) fn longitude(raw: &[u8]) -> Option<f64> {
    coordinate(&trimmed(raw)?, 180.0)
}

/// A location's second half where it stands alone.
pub(crate) fn latitude(raw: &[u8]) -> Option<f64> {
    coordinate(&trimmed(raw)?, 90.0)
}

/// What is left to read of a value that is not a string.
fn trimmed(raw: &[u8]) -> Option<String> {
    if raw.len() > LONGEST {
        return None;
    }
    Some(trim(&decode(raw).ok()?).to_owned())
}

/// Not `str::trim`, which takes every white space of Unicode and the vertical tab.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\x0C', '\r'])
}

fn coordinate(text: &str, limit: f64) -> Option<f64> {
    double(trim(text)).filter(|number| -limit <= *number && *number <= limit)
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// `[+-]?[0-9]+`, exact within 19 digits and beyond every `i64` otherwise, on the side of its sign.
fn integer(text: &str) -> Option<i128> {
    let digits = without_sign(text);
    if !is_digits(digits) {
        return None;
    }
    let mut magnitude: i128 = 0;
    let significant = digits.trim_start_matches('0');
    if significant.len() > 19 {
        // The least number of twenty digits stands for all of them: no bound and no value gets there.
        magnitude = 10_000_000_000_000_000_000;
    } else {
        for digit in significant.bytes() {
            magnitude = magnitude * 10 + i128::from(digit - b'0');
        }
    }
    Some(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

fn clamp_integer(number: i128, min: i64, max: i64) -> (i64, Option<Adjustment>) {
    if number < i128::from(min) {
        return (min, Some(Adjustment::Min));
    }
    match i64::try_from(number) {
        Ok(number) if number <= max => (number, None),
        _ => (max, Some(Adjustment::Max)),
    }
}

/// `[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?`, rounded to the nearest.
///
/// `core` takes more than this grammar, `inf` for one, and is asked only once the grammar holds.
fn double(text: &str) -> Option<f64> {
    let unsigned = without_sign(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let mantissa_holds = match mantissa.split_once('.') {
        Some((whole, "")) => is_digits(whole),
        Some(("", fraction)) => is_digits(fraction),
        Some((whole, fraction)) => is_digits(whole) && is_digits(fraction),
        None => is_digits(mantissa),
    };
    let exponent_holds = match exponent {
        Some(exponent) => is_digits(without_sign(exponent)),
        None => true,
    };
    if !(mantissa_holds && exponent_holds) {
        return None;
    }
    text.parse().ok()
}

fn clamp_double(number: f64, min: f64, max: f64) -> (f64, Option<Adjustment>) {
    if number < min {
        (min, Some(Adjustment::Min))
    } else if number > max {
        (max, Some(Adjustment::Max))
    } else {
        (number, None)
    }
}

fn without_sign(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

/// `[0-9]+`
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
