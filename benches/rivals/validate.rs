//! Validates decoded pairs with the standard library's parsers: the half of the work that no query
//! parser does. It makes the contract's checks and is written for speed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::num::IntErrorKind;

use pinquery::{Adjustment, ErrorKind, VirtualPin};
use smallvec::SmallVec;

use crate::device::{Datastream, Device, Double, Enumerable, Integer, Text};

/// The rivals' updates: eight of them inline, like the library's.
pub(crate) type Updates<'q> = SmallVec<[Update<'q>; 8]>;

/// One pin and its value, in the library's type: the layout is not compared.
pub(crate) type Update<'q> = pinquery::Update<Cow<'q, str>>;
type Value<'q> = pinquery::Value<Cow<'q, str>>;

type Pair<'q> = (Cow<'q, str>, Cow<'q, str>);
type Parsed<'q> = (Value<'q>, Option<Adjustment>);

/// Validates pairs: the first token, then every other pair in query order.
#[inline]
pub(super) fn validate_pairs<'q, 'd>(
    mut pairs: impl Iterator<Item = Result<Pair<'q>, ErrorKind>>,
    lookup: impl FnOnce(&str) -> Option<&'d Device>,
    updates: &mut Updates<'q>,
) -> Result<(), ErrorKind> {
    match pairs.next() {
        None => Err(ErrorKind::MissingToken),
        Some(Ok((name, token))) if name == "token" => {
            let device = device(&token, lookup)?;
            validate_pins(pairs, device, updates)
        }
        Some(first) => {
            let mut all: Vec<_> = [first].into_iter().chain(pairs).collect();
            let is_token =
                |pair: &Result<Pair, _>| matches!(pair, Ok((name, _)) if name == "token");
            let at = all.iter().position(is_token);
            let (_, token) = all.remove(at.ok_or(ErrorKind::MissingToken)?)?;
            let device = device(&token, lookup)?;
            validate_pins(all.into_iter(), device, updates)
        }
    }
}

/// Validates pairs from a map, which has neither their order nor duplicate names.
pub(super) fn validate_map<'d>(
    mut map: HashMap<String, String>,
    lookup: impl FnOnce(&str) -> Option<&'d Device>,
    updates: &mut Updates<'_>,
) -> Result<(), ErrorKind> {
    let token = map.remove("token").ok_or(ErrorKind::MissingToken)?;
    let device = device(&token, lookup)?;
    let pairs = map.into_iter();
    validate_pins(
        pairs.map(|(name, value)| Ok((Cow::Owned(name), Cow::Owned(value)))),
        device,
        updates,
    )
}

#[inline]
fn device<'d>(
    token: &str,
    lookup: impl FnOnce(&str) -> Option<&'d Device>,
) -> Result<&'d Device, ErrorKind> {
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ErrorKind::InvalidToken);
    }
    lookup(token).ok_or(ErrorKind::UnknownToken)
}

#[inline]
fn validate_pins<'q>(
    mut pairs: impl Iterator<Item = Result<Pair<'q>, ErrorKind>>,
    device: &Device,
    updates: &mut Updates<'q>,
) -> Result<(), ErrorKind> {
    let mut seen = [false; 256];
    while let Some(pair) = pairs.next() {
        let (name, value) = pair?;
        let Some(pin) = pin(&name) else {
            return Err(match &*name {
                "token" => ErrorKind::DuplicateToken,
                _ => ErrorKind::InvalidPin,
            });
        };
        let datastream = device.datastream(pin).ok_or(ErrorKind::UnknownPin)?;
        if std::mem::replace(&mut seen[usize::from(pin)], true) {
            return Err(ErrorKind::DuplicatePin);
        }
        let parsed = match datastream {
            Datastream::Location(_) => location(pin, &value, &mut pairs),
            _ => convert(datastream, value),
        };
        let (value, adjusted) = parsed.ok_or(ErrorKind::InvalidValue)?;
        updates.push(Update {
            pin: VirtualPin(pin),
            value,
            adjusted,
        });
    }
    if updates.is_empty() {
        return Err(ErrorKind::NoPins);
    }
    Ok(())
}

#[inline]
fn pin(name: &str) -> Option<u8> {
    let digits = name.strip_prefix(['v', 'V'])?;
    let canonical = !digits.starts_with('+') && (digits == "0" || !digits.starts_with('0'));
    if canonical { digits.parse().ok() } else { None }
}

#[inline]
fn convert<'q>(datastream: &Datastream, text: Cow<'q, str>) -> Option<Parsed<'q>> {
    Some(match datastream {
        Datastream::Integer(Integer { min, max }) => {
            let (integer, adjusted) = clamp(integer(&text)?, *min, *max);
            (Value::Integer(integer), adjusted)
        }
        Datastream::Double(Double { min, max }) => {
            let (double, adjusted) = clamp(double(&text)?, *min, *max);
            (Value::Double(double), adjusted)
        }
        Datastream::String(Text { max_len }) => {
            let fits = text.len() <= *max_len && !text.contains('\0');
            return fits.then_some((Value::String(text), None));
        }
        Datastream::Enumerable(Enumerable { values, fallback }) => {
            let integer = integer(&text)?;
            if values.contains(&integer) {
                (Value::Enumerable(integer), None)
            } else {
                (Value::Enumerable((*fallback)?), Some(Adjustment::Fallback))
            }
        }
        Datastream::Boolean(_) => (Value::Boolean(boolean(&text)?), None),
        // A location may take two pairs and is parsed by the caller; no workload has other types.
        _ => return None,
    })
}

/// Saturates, so that a number too large for an `i64` is clamped like any other.
fn integer(text: &str) -> Option<i64> {
    match text.trim_ascii().parse() {
        Ok(integer) => Some(integer),
        Err(error) => match error.kind() {
            IntErrorKind::PosOverflow => Some(i64::MAX),
            IntErrorKind::NegOverflow => Some(i64::MIN),
            _ => None,
        },
    }
}

/// Accepts a number that overflows to infinity, which is clamped, but not `nan` and `inf`, which the
/// standard library also parses.
fn double(text: &str) -> Option<f64> {
    let double = text.trim_ascii().parse::<f64>().ok()?;
    let is_number = double.is_finite() || text.bytes().any(|byte| byte.is_ascii_digit());
    is_number.then_some(double)
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim_ascii() {
        "1" => Some(true),
        "0" => Some(false),
        word if word.eq_ignore_ascii_case("true") => Some(true),
        word if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn clamp<T: PartialOrd>(value: T, min: T, max: T) -> (T, Option<Adjustment>) {
    if value < min {
        (min, Some(Adjustment::Min))
    } else if value > max {
        (max, Some(Adjustment::Max))
    } else {
        (value, None)
    }
}

fn location<'q>(
    pin_of_first: u8,
    text: &str,
    pairs: &mut impl Iterator<Item = Result<Pair<'q>, ErrorKind>>,
) -> Option<Parsed<'q>> {
    let (longitude, latitude) = match text.split_once(',') {
        Some((longitude, latitude)) => (double(longitude)?, double(latitude)?),
        None => {
            let longitude = double(text)?;
            let (name, value) = pairs.next()?.ok()?;
            if pin(&name) != Some(pin_of_first) {
                return None;
            }
            (longitude, double(&value)?)
        }
    };
    let on_earth = (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude);
    let location = Value::Location {
        longitude,
        latitude,
    };
    on_earth.then_some((location, None))
}
