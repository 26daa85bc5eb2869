//! Queries of public programs: those of `tests/spec/real.txt` with other digits.
//!
//! Pins, their order and case, the types, and the length of every value are unchanged.

use std::sync::Arc;

use fastrand::Rng;
use pinquery::Adjustment;
use pinquery_test_support::{reference, spec};

use super::{Request, token};
use crate::device::{Datastream, Device};

const SPEC: &str = include_str!("../../tests/spec/real.txt");

/// Maximum attempts to find digits with the same outcome as the original's.
const TRIES: usize = 64;

struct Original {
    device: Arc<Device>,
    segments: Vec<(String, String)>,
}

pub(super) fn all(rng: &mut Rng, queries: usize) -> Vec<Request> {
    vary(rng, queries, &originals())
}

pub(super) fn numbers(rng: &mut Rng, queries: usize) -> Vec<Request> {
    let mut originals = originals();
    originals.retain(|original| !original.datastreams().any(is_string_or_location));
    vary(rng, queries, &originals)
}

fn is_string_or_location(datastream: &Datastream) -> bool {
    matches!(datastream, Datastream::String(_) | Datastream::Location(_))
}

/// Returns the accepted queries of the spec that an HTTP server passes on. Some devices send a raw
/// space or a raw `°`, which most servers reject before there is a query.
fn originals() -> Vec<Original> {
    let originals = spec::cases(SPEC).filter_map(|(_, case)| {
        let device = Device::from_notation(&case.template);
        let is_plain = case.query.iter().all(u8::is_ascii_graphic);
        let is_accepted = reference::parse(&case.query, |_| Some(&device.plain)).is_ok();
        let query = String::from_utf8(case.query).ok()?;
        let segments = query.split('&').filter_map(|s| s.split_once('='));
        (is_plain && is_accepted).then(|| Original {
            device: Arc::new(device),
            segments: segments
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
    });
    originals.collect()
}

impl Original {
    fn datastreams(&self) -> impl Iterator<Item = &Datastream> {
        self.segments
            .iter()
            .filter_map(|(name, _)| self.device.datastream(pin(name)?))
    }
}

fn vary(rng: &mut Rng, queries: usize, originals: &[Original]) -> Vec<Request> {
    // In random order, because the branch predictor would learn any other.
    let requests = (0..queries).map(|_| {
        let original = &originals[rng.usize(..originals.len())];
        let segments: Vec<_> = original
            .segments
            .iter()
            .map(|(name, value)| format!("{name}={}", other_value(rng, original, name, value)))
            .collect();
        (segments.join("&"), Some(Arc::clone(&original.device)))
    });
    requests.collect()
}

fn other_value(rng: &mut Rng, original: &Original, name: &str, value: &str) -> String {
    let Some(pin) = pin(name) else {
        return other_token(rng, value);
    };
    match original.device.datastream(pin) {
        Some(Datastream::Boolean(_)) if value.len() == 1 => rng.u8(..2).to_string(),
        // Keeps the first digits, so that the location remains on earth.
        Some(Datastream::Location(_)) => other_digits(rng, value, true),
        Some(_) => {
            let wanted = outcome(&original.device, pin, value);
            (0..TRIES)
                .map(|_| other_digits(rng, value, false))
                .find(|other| outcome(&original.device, pin, other) == wanted)
                .unwrap_or_else(|| value.to_owned())
        }
        None => value.to_owned(),
    }
}

/// Returns whether the value is accepted, and how it is adjusted.
fn outcome(device: &Device, pin: u8, value: &str) -> Result<Option<Adjustment>, ()> {
    let query = format!("token=t&v{pin}={value}");
    let updates = reference::parse(query.as_bytes(), |_| Some(&device.plain));
    updates.map(|updates| updates[0].adjusted).map_err(drop)
}

/// Generates a token of the same form: some clients put theirs in braces.
fn other_token(rng: &mut Rng, value: &str) -> String {
    match value.strip_prefix('{') {
        Some(_) => format!("{{{}}}", token(rng, value.len() - 2)),
        None => token(rng, value.len()),
    }
}

/// Replaces the digits that are not part of an escape. A leading zero stays, and no other leading
/// digit becomes zero.
fn other_digits(rng: &mut Rng, value: &str, keep_first: bool) -> String {
    let mut escape = 0;
    let mut leads = true;
    let digits = value.chars().map(|character| {
        if character == '%' {
            escape = 3;
        }
        escape = usize::saturating_sub(escape, 1);
        let first = leads && character.is_ascii_digit();
        if first || character == ',' {
            leads = character == ',';
        }
        match character {
            '0'..='9' if escape > 0 => character,
            '0' if first => '0',
            '1'..='9' if first && keep_first => character,
            '1'..='9' if first => char::from(b'0' + rng.u8(1..=9)),
            '0'..='9' => char::from(b'0' + rng.u8(..=9)),
            _ => character,
        }
    });
    digits.collect()
}

fn pin(name: &str) -> Option<u8> {
    name.strip_prefix(['v', 'V'])?.parse().ok()
}
