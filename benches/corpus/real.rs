//! What public programs send: the queries of `tests/spec/real.txt` with other digits.
//!
//! Pins, their order and case, the types, and the length of every value stay as they are.

use std::sync::Arc;

use fastrand::Rng;
use pinquery::Adjustment;
use pinquery_test_support::{reference, spec};

use super::{Request, Workload, token};
use crate::device::{Device, Stream};

const SPEC: &str = include_str!("../../tests/spec/real.txt");

/// How often other digits are drawn until they are judged like the original's.
const TRIES: usize = 64;

struct Original {
    device: Arc<Device>,
    segments: Vec<(String, String)>,
}

pub(super) fn all(rng: &mut Rng, queries: usize) -> Workload {
    let requests = vary(rng, queries, &originals());
    Workload::new("real", requests.into_iter())
}

pub(super) fn numbers(rng: &mut Rng, queries: usize) -> Workload {
    let originals: Vec<_> = originals()
        .into_iter()
        .filter(|original| !original.streams().any(is_text_or_place))
        .collect();
    let requests = vary(rng, queries, &originals);
    Workload::new("real_numbers", requests.into_iter())
}

fn is_text_or_place(stream: &Stream) -> bool {
    matches!(stream, Stream::String(_) | Stream::Location(_))
}

/// All accepted queries of the spec that an HTTP server hands on. A few devices send a raw space
/// or a raw `°`, which ends most servers' patience before there is a query.
fn originals() -> Vec<Original> {
    let originals = spec::cases(SPEC).filter_map(|(_, case)| {
        let usual = case.query.iter().all(u8::is_ascii_graphic);
        let query = String::from_utf8(case.query).ok()?;
        let segments = query.split('&').filter_map(|s| s.split_once('='));
        (usual && case.outcome.starts_with("ok")).then(|| Original {
            device: Arc::new(Device::from_notation(&case.template)),
            segments: segments
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
    });
    originals.collect()
}

impl Original {
    fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.segments
            .iter()
            .filter_map(|(name, _)| self.device.stream(pin(name)?))
    }
}

fn vary(rng: &mut Rng, queries: usize, originals: &[Original]) -> Vec<Request> {
    // In no order, or the branch predictor would learn it.
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
    match original.device.stream(pin) {
        Some(Stream::Boolean(_)) if value.len() == 1 => rng.u8(..2).to_string(),
        // A place has two values, which are judged together: its first digits stay.
        Some(Stream::Location(_)) => other_digits(rng, value, true),
        Some(_) => {
            let wanted = judge(&original.device, pin, value);
            (0..TRIES)
                .map(|_| other_digits(rng, value, false))
                .find(|other| judge(&original.device, pin, other) == wanted)
                .unwrap_or_else(|| value.to_owned())
        }
        None => value.to_owned(),
    }
}

/// Whether the value is accepted, and what is done to it.
fn judge(device: &Device, pin: u8, value: &str) -> Result<Option<Adjustment>, ()> {
    let query = format!("token=t&v{pin}={value}");
    let updates = reference::parse(query.as_bytes(), |_| Some(&device.plain));
    updates.map(|updates| updates[0].adjusted).map_err(drop)
}

/// Another token of the same form: a client or two put theirs into braces.
fn other_token(rng: &mut Rng, value: &str) -> String {
    match value.strip_prefix('{') {
        Some(_) => format!("{{{}}}", token(rng, value.len() - 2)),
        None => token(rng, value.len()),
    }
}

/// Other digits, where they are not part of an escape. A leading zero stays one, and no other
/// digit becomes one.
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
