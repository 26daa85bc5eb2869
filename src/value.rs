//! How a value becomes what its datastream holds: conversion and clamping, complete.
//!
//! Each function takes a value as the query has it, of any length, with or without escapes. What
//! does not fit is nothing.

use crate::datastream::{Enumerable, Kind};
use crate::encoded::decode_into;
use crate::number::{self, Integer};
use crate::scan;
use crate::text::{Measured, Text};
use crate::update::{Adjustment, Value};

/// How long a value other than a string may be, as written. No real number is longer, and `core`'s
/// parser of `f64` goes wrong where digits make up for exponents beyond some 65,000.
const MAX_LEN: usize = 4096;

/// A value and what was done to it.
pub(crate) type Judged<'q> = (Value<'q>, Option<Adjustment>);

/// Judges the value of one segment. A location of two segments is judged by its halves instead,
/// and is none here.
pub(crate) fn judge<'q>(kind: &Kind, raw: &'q [u8]) -> Option<Judged<'q>> {
    let judged = match kind {
        Kind::Integer { min, max } => clamp_integer(number(raw, number::integer)?, *min, *max),
        Kind::Double { min, max } => clamp_double(number(raw, number::double)?, *min, *max),
        Kind::String { max_len } => (Value::String(string(raw, *max_len)?), None),
        Kind::Enumerable(stream) => choose(number(raw, number::integer)?, stream)?,
        Kind::Boolean => (Value::Boolean(number(raw, boolean)?), None),
        Kind::Location => match place(raw)? {
            Place::Whole(location) => (location, None),
            Place::Longitude(_) => return None,
        },
    };
    Some(judged)
}

/// What the value of a location's first segment can be.
pub(crate) enum Place {
    /// Both halves, separated by a comma.
    Whole(Value<'static>),
    /// The longitude; the next segment has the latitude.
    Longitude(f64),
}

/// Judges the value of a location's first segment.
pub(crate) fn place(raw: &[u8]) -> Option<Place> {
    number(raw, |text| {
        let Some(comma) = text.iter().position(|&byte| byte == b',') else {
            return longitude(text).map(Place::Longitude);
        };
        let (first, second) = text.split_at_checked(comma)?;
        Some(Place::Whole(Value::Location {
            longitude: longitude(first.trim_ascii())?,
            latitude: latitude(second.get(1..)?.trim_ascii())?,
        }))
    })
}

/// Judges the value of a location's second segment.
pub(crate) fn second_half(raw: &[u8]) -> Option<f64> {
    number(raw, latitude)
}

fn longitude(text: &[u8]) -> Option<f64> {
    number::double(text).filter(is_longitude)
}

fn latitude(text: &[u8]) -> Option<f64> {
    number::double(text).filter(is_latitude)
}

pub(crate) fn is_longitude(degrees: &f64) -> bool {
    (-180.0..=180.0).contains(degrees)
}

pub(crate) fn is_latitude(degrees: &f64) -> bool {
    (-90.0..=90.0).contains(degrees)
}

/// An integer within the bounds.
#[inline(always)]
pub(crate) fn clamp_integer(integer: Integer, min: i64, max: i64) -> Judged<'static> {
    let (integer, adjusted) = match integer {
        Integer::Exact(integer) if min <= integer && integer <= max => (integer, None),
        Integer::Exact(integer) if integer < min => (min, Some(Adjustment::Min)),
        Integer::Exact(_) | Integer::AboveAll => (max, Some(Adjustment::Max)),
        Integer::BelowAll => (min, Some(Adjustment::Min)),
    };
    (Value::Integer(integer), adjusted)
}

/// A double within the bounds. Zero keeps its sign: -0 is not below 0.
#[inline(always)]
pub(crate) fn clamp_double(double: f64, min: f64, max: f64) -> Judged<'static> {
    let (double, adjusted) = if min <= double && double <= max {
        (double, None)
    } else if double < min {
        (min, Some(Adjustment::Min))
    } else {
        (max, Some(Adjustment::Max))
    };
    (Value::Double(double), adjusted)
}

/// One of the values, else the fallback.
#[inline]
pub(crate) fn choose(integer: Integer, stream: &Enumerable) -> Option<Judged<'static>> {
    match integer {
        Integer::Exact(integer) if stream.contains(integer) => {
            Some((Value::Enumerable(integer), None))
        }
        _ => Some((
            Value::Enumerable(stream.fallback()?),
            Some(Adjustment::Fallback),
        )),
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

/// A text of at most `max_len` decoded bytes and without U+0000, which separates values in the
/// vendor's protocol.
fn string(raw: &[u8], max_len: usize) -> Option<Text<'_>> {
    let Measured { text, len, has_nul } = Measured::new(raw).ok()?;
    (len <= max_len && !has_nul).then_some(text)
}

/// Reads a value that is no string: decoded, and without the white space around it.
fn number<T>(raw: &[u8], read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    if raw.len() > MAX_LEN {
        return None;
    }
    if scan::escape(raw).is_none() {
        return read(raw.trim_ascii());
    }
    // Filling the large buffer with zeros costs more than decoding what it mostly holds.
    if raw.len() <= 64 {
        read(decode_into(raw, &mut [0; 64])?.trim_ascii())
    } else {
        read(decode_into(raw, &mut [0; MAX_LEN])?.trim_ascii())
    }
}
