//! Workloads of text.

use std::sync::Arc;

use fastrand::Rng;

use super::{Workload, different_pins, query, uniform};
use crate::device::{Stream, Text};

/// How many bytes all queries of one `bytes_N` workload have together. What a byte costs is to be
/// seen, not what the memory behind the caches costs.
const TEXT_AT_ONCE: usize = 1 << 20;

/// Three text values as libraries for the web write them: spaces as `+` or `%20`, and what is not
/// ASCII as `%C3%A9`.
pub(super) fn escaped(rng: &mut Rng, queries: usize) -> Workload {
    let device = uniform(&Stream::String(Text { max_len: 1_024 }));
    let requests = (0..queries).map(|_| {
        let segments: Vec<_> = different_pins(rng, 3, 40)
            .into_iter()
            .map(|pin| (pin, escaped_text(rng)))
            .collect();
        (query(rng, segments), Some(Arc::clone(&device)))
    });
    Workload::new("escaped", requests)
}

pub(super) fn long(rng: &mut Rng, queries: usize) -> Workload {
    let device = uniform(&Stream::String(Text { max_len: 1_024 }));
    let requests = (0..queries).map(|_| {
        let segments: Vec<_> = different_pins(rng, 16, 40)
            .into_iter()
            .map(|pin| (pin, plain_text(rng, 128)))
            .collect();
        (query(rng, segments), Some(Arc::clone(&device)))
    });
    Workload::new("long_text", requests)
}

/// One text of so many bytes.
pub(super) fn one(rng: &mut Rng, queries: usize, bytes: usize) -> Workload {
    let device = uniform(&Stream::String(Text { max_len: bytes }));
    let queries = queries.min(TEXT_AT_ONCE / bytes);
    let requests = (0..queries).map(|_| {
        let pin = rng.u8(..100);
        let segments = [(pin, plain_text(rng, bytes))];
        (query(rng, segments), Some(Arc::clone(&device)))
    });
    Workload::new(&format!("bytes_{bytes}"), requests)
}

/// Text that needs no escapes.
fn plain_text(rng: &mut Rng, bytes: usize) -> String {
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
    // A client writes all its spaces in the same way.
    let space = if rng.bool() { "+" } else { "%20" };
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
