//! Sections 2 and 3 of the contract: names, and the order of judgement.

use std::collections::BTreeSet;
use std::ops::Range;

use pinquery::VirtualPin;

use super::query::{Segment, decode, split};
use crate::plain::{Outcome, Rejection, Template, Update, Updates};
use crate::types::{Datastream, Location, Type};

/// The updates of a query in query order, or the first reason to refuse it whole.
///
/// `template_of` is asked at most once, with a valid token, and answers `None` where it knows no
/// such device.
///
/// # Errors
///
/// The contract's nine kinds, in its order: the first token, every other segment, and last a batch
/// without a pin.
pub fn parse<'t>(query: &[u8], template_of: impl FnOnce(&str) -> Option<&'t Template>) -> Outcome {
    let segments = split(query);
    let end = query.len()..query.len();

    let Some(first_token) = segments
        .iter()
        .position(|segment| name(query, segment) == Name::Token)
    else {
        return refuse("missing_token", &end);
    };
    let token_span = &segments[first_token].value;
    let Some(token) = token(&query[token_span.clone()]) else {
        return refuse("invalid_token", token_span);
    };
    let Some(template) = template_of(&token) else {
        return refuse("unknown_token", token_span);
    };

    let updates = parse_pins(query, &segments, first_token, template)?;

    if updates.is_empty() {
        return refuse("no_pins", &end);
    }
    Ok(Updates(updates))
}

/// Every segment but the first token, in query order.
fn parse_pins(
    query: &[u8],
    segments: &[Segment],
    first_token: usize,
    template: &Template,
) -> Result<Vec<Update>, Rejection> {
    let mut updates = Vec::new();
    let mut seen = BTreeSet::new();
    let mut at = 0;
    while at < segments.len() {
        if at == first_token {
            at += 1;
            continue;
        }
        let segment = &segments[at];
        let pin = match name(query, segment) {
            Name::Pin(pin) => pin,
            Name::Token => return refuse("duplicate_token", &segment.name),
            Name::Neither => return refuse("invalid_pin", &segment.name),
        };
        let Some(datastream) = template.get(&pin) else {
            return refuse_pin("unknown_pin", pin, &segment.name);
        };
        if !seen.insert(pin) {
            return refuse_pin("duplicate_pin", pin, &segment.name);
        }
        let raw = &query[segment.value.clone()];
        if matches!(datastream, Datastream::Location(_)) && !Location::is_whole(raw) {
            updates.push(location_in_two(query, pin, segment, segments.get(at + 1))?);
            at += 2;
        } else {
            let parsed = datastream.parse(raw);
            let (value, adjusted) =
                parsed.map_err(|reason| invalid_value(pin, reason, &segment.value))?;
            updates.push(Update {
                pin: VirtualPin(pin),
                value,
                adjusted,
            });
            at += 1;
        }
    }
    Ok(updates)
}

/// A location whose second half is `next`, which may be anything or missing.
fn location_in_two(
    query: &[u8],
    pin: u8,
    first: &Segment,
    next: Option<&Segment>,
) -> Result<Update, Rejection> {
    let longitude = Location::longitude(&query[first.value.clone()])
        .map_err(|reason| invalid_value(pin, reason, &first.value))?;
    let Some(second) = next.filter(|next| name(query, next) == Name::Pin(pin)) else {
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
        // `parse` takes a sign and leading zeros; only the canonical form is written back the same.
        Some(Ok(pin)) if name[1..] == pin.to_string() => Name::Pin(pin),
        _ => Name::Neither,
    }
}

fn token(raw: &[u8]) -> Option<String> {
    let token = decode(raw).ok()?;
    let every_byte_allowed = token.bytes().all(|byte| (0x21..=0x7E).contains(&byte));
    (!token.is_empty() && every_byte_allowed).then_some(token)
}

fn refuse<T>(kind: &'static str, span: &Range<usize>) -> Result<T, Rejection> {
    Err(Rejection {
        kind,
        span: span.clone(),
        pin: None,
        reason: None,
    })
}

fn refuse_pin<T>(kind: &'static str, pin: u8, span: &Range<usize>) -> Result<T, Rejection> {
    refuse(kind, span).map_err(|rejection| Rejection {
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
