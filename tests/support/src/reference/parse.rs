//! Sections 2 and 3 of the contract: names, and the order of checks.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::ops::Range;
use std::slice;

use pinquery::VirtualPin;

use super::query::{Segment, decode, split};
use crate::plain::{Outcome, Rejection, Template, Update, Value};
use crate::types::{Datastream, Location, Parsed, Type};

/// Parses a query.
///
/// `template_of` is called at most once, with a valid token, and returns `None` for an unknown one.
///
/// # Errors
///
/// Returns the first failure in the contract's order: the first token, every other segment, and last
/// a query without pins.
pub fn parse<'t>(query: &[u8], template_of: impl FnOnce(&str) -> Option<&'t Template>) -> Outcome {
    results(query, template_of)?.into_iter().collect()
}

/// Returns the outcome of every segment except the first token's, in query order. Two segments that
/// form a location are one item.
///
/// # Errors
///
/// Returns the failure of the first token.
pub fn results<'t>(
    query: &[u8],
    template_of: impl FnOnce(&str) -> Option<&'t Template>,
) -> Result<Vec<Result<Update, Rejection>>, Rejection> {
    let segments = split(query);
    let end = query.len()..query.len();

    let is_token = |segment: &&Segment| name(query, segment) == Name::Token;
    let Some(first_token) = segments.iter().find(is_token) else {
        return reject("missing_token", &end);
    };
    let Some(token) = token(&query[first_token.value.clone()]) else {
        return reject("invalid_token", &first_token.value);
    };
    let Some(template) = template_of(&token) else {
        return reject("unknown_token", &first_token.value);
    };

    let mut results = Vec::new();
    let mut seen = BTreeSet::new();
    let mut rest = segments.iter().peekable();
    while let Some(segment) = rest.next() {
        if segment != first_token {
            results.push(result(query, segment, &mut rest, template, &mut seen));
        }
    }
    if results.is_empty() {
        results.push(reject("no_pins", &end));
    }
    Ok(results)
}

/// Parses a segment, and takes the next one from `rest` if it is the latitude of a location.
fn result(
    query: &[u8],
    segment: &Segment,
    rest: &mut Peekable<slice::Iter<'_, Segment>>,
    template: &Template,
    seen: &mut BTreeSet<u8>,
) -> Result<Update, Rejection> {
    let pin = match name(query, segment) {
        Name::Pin(pin) => pin,
        Name::Token => return reject("duplicate_token", &segment.name),
        Name::Neither => return reject("invalid_pin", &segment.name),
    };
    let Some(datastream) = template.get(&pin) else {
        return reject_pin("unknown_pin", pin, &segment.name);
    };
    // A pin is seen from here on, even if its value is invalid.
    if !seen.insert(pin) {
        return reject_pin("duplicate_pin", pin, &segment.name);
    }
    let raw = &query[segment.value.clone()];
    if matches!(datastream, Datastream::Location(_)) && !Location::is_whole(raw) {
        return location_in_two(query, pin, segment, rest);
    }
    update(pin, datastream.parse(raw), &segment.value)
}

fn update(pin: u8, parsed: Parsed<Value>, span: &Range<usize>) -> Result<Update, Rejection> {
    let (value, adjusted) = parsed.map_err(|reason| invalid_value(pin, reason, span))?;
    let pin = VirtualPin(pin);
    Ok(Update {
        pin,
        value,
        adjusted,
    })
}

/// Parses a location whose second half is next in `rest`, if that is a segment of the same pin.
fn location_in_two(
    query: &[u8],
    pin: u8,
    first: &Segment,
    rest: &mut Peekable<slice::Iter<'_, Segment>>,
) -> Result<Update, Rejection> {
    let longitude = Location::longitude(&query[first.value.clone()])
        .map_err(|reason| invalid_value(pin, reason, &first.value))?;
    let Some(second) = rest.next_if(|next| name(query, next) == Name::Pin(pin)) else {
        return Err(invalid_value(pin, "no_latitude", &first.value));
    };
    let latitude = Location::latitude(&query[second.value.clone()])
        .map_err(|reason| invalid_value(pin, reason, &second.value))?;
    Ok(Update {
        pin: VirtualPin(pin),
        value: Location::value((longitude, latitude)),
        adjusted: None,
    })
}

#[derive(PartialEq)]
enum Name {
    Token,
    Pin(u8),
    Neither,
}

fn name(query: &[u8], segment: &Segment) -> Name {
    let Ok(name) = decode(&query[segment.name.clone()]) else {
        return Name::Neither;
    };
    if name == "token" {
        return Name::Token;
    }
    match name.strip_prefix(['v', 'V']).map(str::parse::<u8>) {
        // `parse` also accepts a sign and leading zeros.
        Some(Ok(pin)) if name[1..] == pin.to_string() => Name::Pin(pin),
        _ => Name::Neither,
    }
}

fn token(raw: &[u8]) -> Option<String> {
    let token = decode(raw).ok()?;
    let every_byte_allowed = token.bytes().all(|byte| (0x21..=0x7E).contains(&byte));
    (!token.is_empty() && every_byte_allowed).then_some(token)
}

fn reject<T>(kind: &'static str, span: &Range<usize>) -> Result<T, Rejection> {
    Err(Rejection {
        kind,
        span: span.clone(),
        pin: None,
        reason: None,
    })
}

fn reject_pin<T>(kind: &'static str, pin: u8, span: &Range<usize>) -> Result<T, Rejection> {
    reject(kind, span).map_err(|rejection| Rejection {
        pin: Some(pin),
        ..rejection
    })
}

fn invalid_value(pin: u8, reason: &'static str, span: &Range<usize>) -> Rejection {
    Rejection {
        kind: "invalid_value",
        span: span.clone(),
        pin: Some(pin),
        reason: Some(reason),
    }
}
