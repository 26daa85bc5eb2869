//! Section 4 of the contract: values, each by its datastream.

use super::query::{DecodeError, decode};
use super::{Adjustment, Datastream, Value};

/// The most bytes, as written in the query, of a value that is not a string.
const LONGEST: usize = 4096;

/// The contract's name for why a value does not fit.
type Reason = &'static str;

/// A whole value, a location's both halves included, and what was done to it.
pub(crate) fn judge(
    raw: &[u8],
    datastream: &Datastream,
) -> Result<(Value, Option<Adjustment>), Reason> {
    match datastream {
        Datastream::Integer { min, max } => {
            let number = integer(&trimmed(raw)?).ok_or("not_an_integer")?;
            let (number, adjusted) = clamp_integer(number, *min, *max);
            Ok((Value::Integer(number), adjusted))
        }
        Datastream::Double { min, max } => {
            let number = double(&trimmed(raw)?).ok_or("not_a_double")?;
            let (number, adjusted) = clamp_double(number, *min, *max);
            Ok((Value::Double(number), adjusted))
        }
        Datastream::String { max_len } => Ok((Value::String(text(raw, *max_len)?), None)),
        Datastream::Enumerable { values, fallback } => {
            let number = integer(&trimmed(raw)?).ok_or("not_an_integer")?;
            match values.iter().find(|&&value| i128::from(value) == number) {
                Some(value) => Ok((Value::Enumerable(*value), None)),
                None => match fallback {
                    Some(fallback) => {
                        Ok((Value::Enumerable(*fallback), Some(Adjustment::Fallback)))
                    }
                    None => Err("not_a_value"),
                },
            }
        }
        Datastream::Location => {
            let text = trimmed(raw)?;
            let (longitude, latitude) = text.split_once(',').ok_or("no_latitude")?;
            let longitude = coordinate(longitude, 180.0)?;
            Ok((
                Value::Location(longitude, coordinate(latitude, 90.0)?),
                None,
            ))
        }
        Datastream::Boolean => {
            let flag = boolean(&trimmed(raw)?).ok_or("not_a_boolean")?;
            Ok((Value::Boolean(flag), None))
        }
    }
}

fn text(raw: &[u8], max_len: usize) -> Result<String, Reason> {
    let text = decoded(raw)?;
    if text.len() > max_len {
        return Err("too_long");
    }
    if text.contains('\0') {
        return Err("nul");
    }
    Ok(text)
}

/// Whether a location's value holds both halves, well formed or not.
pub(crate) fn has_comma(raw: &[u8]) -> bool {
    decode(raw).is_ok_and(|text| text.contains(','))
}

/// A location's first half where it stands alone.
pub(crate) fn longitude(raw: &[u8]) -> Result<f64, Reason> {
    coordinate(&trimmed(raw)?, 180.0)
}

/// A location's second half where it stands alone.
pub(crate) fn latitude(raw: &[u8]) -> Result<f64, Reason> {
    coordinate(&trimmed(raw)?, 90.0)
}

/// What is left to read of a value that is not a string.
fn trimmed(raw: &[u8]) -> Result<String, Reason> {
    if raw.len() > LONGEST {
        return Err("too_long");
    }
    Ok(trim(&decoded(raw)?).to_owned())
}

fn decoded(raw: &[u8]) -> Result<String, Reason> {
    decode(raw).map_err(|error| match error {
        DecodeError::MalformedEscape => "malformed_escape",
        DecodeError::InvalidUtf8 => "invalid_utf8",
    })
}

/// Not `str::trim`, which takes every white space of Unicode and the vertical tab.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\x0C', '\r'])
}

fn coordinate(text: &str, limit: f64) -> Result<f64, Reason> {
    let number = double(trim(text)).ok_or("not_a_double")?;
    if -limit <= number && number <= limit {
        Ok(number)
    } else {
        Err("out_of_range")
    }
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
