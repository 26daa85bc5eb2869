//! Rejected queries: every kind of error, in the first segments and in the last.

use std::sync::Arc;

use fastrand::Rng;

use super::{Request, distinct_pins, numbers, query, texts, token, uniform};
use crate::device::{Datastream, Device, Integer, Text};

/// The number of pins in a query, one of which is wrong.
const PINS: usize = 12;

/// Every kind of error, at the beginning or at the end of a query.
pub(super) fn all(rng: &mut Rng, queries: usize) -> Vec<Request> {
    const KINDS: usize = 9;
    let datastream = Datastream::Integer(Integer { min: 0, max: 100 });
    let device = Device::new((0..100).map(|pin| (pin, datastream.clone())));
    let device = Arc::new(device);
    let requests = (0..queries).map(|_| {
        let kind = rng.usize(..KINDS);
        rejected(rng, kind, &device)
    });
    requests.collect()
}

fn rejected(rng: &mut Rng, kind: usize, device: &Arc<Device>) -> Request {
    let late = rng.bool();
    let mut pins: Vec<_> = distinct_pins(rng, PINS, 100)
        .into_iter()
        .map(|pin| format!("v{pin}={}", numbers::integer(rng)))
        .collect();
    let at = if late { PINS - 1 } else { 1 };
    let token = format!("token={}", token(rng, 32));
    let mut known = Some(Arc::clone(device));
    let mut tokens = vec![token];
    match kind {
        0 => tokens.clear(),
        1 => tokens[0] = bad_token(rng),
        2 => known = None,
        3 => pins.insert(at, tokens[0].clone()),
        4 => pins[at] = bad_name(rng),
        5 => pins[at] = format!("v{}=1", rng.u8(100..=255)),
        6 => pins[at] = pins[0].clone(),
        7 => pins[at] = bad_value(rng, &pins[at]),
        _ => pins.clear(),
    }
    // An invalid token may also be the last segment.
    let token_at = if kind == 1 && late { pins.len() } else { 0 };
    pins.splice(token_at..token_at, tokens);
    (pins.join("&"), known)
}

fn bad_token(rng: &mut Rng) -> String {
    ["token=", "token=%20", "token=a%00b", "token=%C3%A9"][rng.usize(..4)].to_owned()
}

fn bad_name(rng: &mut Rng) -> String {
    let bad = [
        "v256",
        "v01",
        "pin",
        "dataStreamId",
        "v",
        "v1[]",
        "Token",
        "",
    ];
    format!("{}=1", bad[rng.usize(..bad.len())])
}

fn bad_value(rng: &mut Rng, segment: &str) -> String {
    let bad = ["", "nan", "1.5", "1e3", "0x10", "None", "12a", "1%002"];
    let (name, _) = segment.split_once('=').expect("a segment has a value");
    format!("{name}={}", bad[rng.usize(..bad.len())])
}

/// Malformed escapes, or escapes that are not UTF-8: most parsers repair these.
const BAD_ESCAPES: [&str; 8] = ["%", "%4", "%zz", "%+5", "%-1", "%FF", "%C3", "%C0%80"];

/// One of three values ends with one of `BAD_ESCAPES`.
pub(super) fn escapes(rng: &mut Rng, queries: usize) -> Vec<Request> {
    let device = Arc::new(texts::device());
    let requests = (0..queries).map(|_| {
        let mut segments: Vec<_> = distinct_pins(rng, 3, 40)
            .into_iter()
            .map(|pin| format!("v{pin}={}", texts::escaped_text(rng)))
            .collect();
        segments[rng.usize(..3)].push_str(BAD_ESCAPES[rng.usize(..BAD_ESCAPES.len())]);
        let query = format!("token={}&{}", token(rng, 32), segments.join("&"));
        (query, Some(Arc::clone(&device)))
    });
    requests.collect()
}

/// The error is in the first of eight strings, so the others need not be read. In one query of nine,
/// that string is too long.
pub(super) fn first(rng: &mut Rng, queries: usize) -> Vec<Request> {
    let device = Arc::new(uniform(&Datastream::String(Text { max_len: 128 })));
    let requests = (0..queries).map(|_| {
        let pins = distinct_pins(rng, 8, 40).into_iter();
        let mut segments: Vec<_> = pins.map(|pin| (pin, texts::plain_text(rng, 100))).collect();
        let bad = BAD_ESCAPES.get(rng.usize(..=BAD_ESCAPES.len()));
        // Without the dot, the text could complete a truncated escape.
        let bad = bad.map_or_else(|| texts::plain_text(rng, 100), |bad| format!("{bad}."));
        segments[0].1.insert_str(rng.usize(..=100), &bad);
        (query(rng, segments), Some(Arc::clone(&device)))
    });
    requests.collect()
}
