//! Workloads of strings.

use std::ops::RangeInclusive;

use fastrand::Rng;

use super::{Request, distinct_pins, requests, uniform};
use crate::device::{Datastream, Device, Text};

/// Maximum total size of a workload `bytes_N`, to measure the cost of a byte, not of a cache miss.
const TOTAL_BYTES: usize = 1 << 20;

/// Three strings as web libraries encode them: a space as `+` or `%20`, `é` as `%C3%A9`.
pub(super) fn escaped(rng: &mut Rng, queries: usize) -> Vec<Request> {
    strings(rng, queries, 3, escaped_text)
}

/// Three strings of Cyrillic words. Either all bytes of the letters are escaped or none are.
pub(super) fn cyrillic(rng: &mut Rng, queries: usize, escape: bool) -> Vec<Request> {
    strings(rng, queries, 3, |rng| {
        let words = (0..rng.usize(2..=5)).map(|_| {
            let letters = rng.usize(1..=9);
            (0..letters).map(|_| rng.char('а'..='я')).collect()
        });
        let words: Vec<String> = words.collect();
        let text = words.join(space(rng));
        if !escape {
            return text;
        }
        let bytes = text.bytes().map(|byte| match byte {
            0x80.. => format!("%{byte:02X}"),
            _ => char::from(byte).to_string(),
        });
        bytes.collect()
    })
}

/// Four strings of varying length, because the length determines which code scans a text.
pub(super) fn plain(rng: &mut Rng, queries: usize, bytes: RangeInclusive<usize>) -> Vec<Request> {
    strings(rng, queries, 4, |rng| {
        let bytes = rng.usize(bytes.clone());
        plain_text(rng, bytes)
    })
}

/// Four strings, half of which contain escapes or `+`: less than one in ten characters.
pub(super) fn mixed(rng: &mut Rng, queries: usize) -> Vec<Request> {
    strings(rng, queries, 4, |rng| {
        let characters = rng.usize(1..=300);
        let text = plain_text(rng, characters);
        if rng.bool() {
            return text;
        }
        let text = text.replace(['-', '.', '~'], space(rng));
        text.replace(':', "%3A").replace(',', "%C3%A9")
    })
}

pub(super) fn long(rng: &mut Rng, queries: usize) -> Vec<Request> {
    strings(rng, queries, 16, |rng| plain_text(rng, 128))
}

/// One string of `bytes` bytes.
pub(super) fn one(rng: &mut Rng, queries: usize, bytes: usize) -> Vec<Request> {
    let queries = queries.min(TOTAL_BYTES / bytes);
    strings(rng, queries, 1, |rng| plain_text(rng, bytes))
}

fn strings(
    rng: &mut Rng,
    queries: usize,
    count: usize,
    text: impl Fn(&mut Rng) -> String,
) -> Vec<Request> {
    let pins = |rng: &mut Rng| distinct_pins(rng, count, 40);
    requests(rng, queries, device(), pins, |rng, _| text(rng))
}

/// A device that accepts any text of these workloads on every pin.
pub(super) fn device() -> Device {
    uniform(&Datastream::String(Text { max_len: 1 << 20 }))
}

/// Returns one of the two encodings of a space. A client writes all its spaces alike.
fn space(rng: &mut Rng) -> &'static str {
    if rng.bool() { "+" } else { "%20" }
}

/// Text that needs no escapes.
pub(super) fn plain_text(rng: &mut Rng, bytes: usize) -> String {
    const OTHERS: [char; 6] = ['-', '_', '.', '~', ':', ','];
    (0..bytes)
        .map(|_| match rng.usize(..8) {
            0 => OTHERS[rng.usize(..OTHERS.len())],
            _ => rng.alphanumeric(),
        })
        .collect()
}

pub(super) fn escaped_text(rng: &mut Rng) -> String {
    const LETTERS: [&str; 6] = [
        "%C3%A9",
        "%C2%B0",
        "%c3%bc",
        "%E2%82%AC",
        "%F0%9F%8C%B1",
        "%3A",
    ];
    let space = space(rng);
    let words = rng.usize(2..=5);
    let mut text = String::new();
    for word in 0..words {
        if word > 0 {
            text.push_str(space);
        }
        text.extend((0..rng.usize(1..=9)).map(|_| rng.alphanumeric()));
        if rng.usize(..3) == 0 {
            text.push_str(LETTERS[rng.usize(..LETTERS.len())]);
        }
    }
    text
}
