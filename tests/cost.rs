//! The cost of hostile queries: work grows linearly with their length, and memory does not grow.
//!
//! Work is measured in instructions rather than time, so results are the same on a busy machine.
//! Valgrind counts them in a second run of this binary. Without valgrind the test passes with a note;
//! with `REQUIRE_VALGRIND=1` it fails.
//!
//! `cargo test --release --test cost -- --nocapture` counts queries of up to 1 MiB and prints the
//! table. Without `--release`, which takes several times the instructions, the limit is 32 KiB.
#![allow(missing_docs)]

#[path = "cost/counted.rs"]
mod counted;
#[path = "cost/family.rs"]
mod family;

use std::hint::black_box;

use counted::Counted;
use family::{Hostile, family, friendly};
use pinquery::{BatchUpdate, Datastream, Pairs, Template, Text, Update, Value, VirtualPin};
use pinquery_test_support::convert::UPDATE_SIZE;

const SMALL: usize = 1 << 10;
const LARGE: usize = if cfg!(debug_assertions) {
    1 << 15
} else {
    1 << 20
};

/// Maximum instructions per byte of the large query, as a multiple of the small query's.
const MAX_GROWTH: f64 = 1.2;

/// Returns a template with all pins, cycling through the types: `v0` is an integer, `v1` a double, ...
fn template() -> Template {
    let types = [
        Datastream::integer(..).unwrap(),
        Datastream::double(..).unwrap(),
        Datastream::string_up_to(usize::MAX),
        Datastream::enumerable_or(0..100, 0).unwrap(),
        Datastream::boolean(),
        Datastream::location(),
        Datastream::string(),
    ];
    (0..=255)
        .map(VirtualPin)
        .zip(types.into_iter().cycle())
        .collect()
}

/// A function that parses a query and reads the strings of the result.
type Parse = fn(&[u8], &Template);

/// All or nothing, and every outcome.
const PARSES: [Parse; 2] = [all_or_nothing, every_outcome];

/// Valgrind counts the instructions of each call.
#[inline(never)]
fn parse_and_read(parse: Parse, query: &[u8], template: &Template) {
    parse(black_box(query), template);
}

fn all_or_nothing(query: &[u8], template: &Template) {
    let updates = pinquery::parse(query, |token| (token.len() < 100).then_some(template));
    updates.iter().flatten().for_each(read);
    black_box(updates).ok();
}

fn every_outcome(query: &[u8], template: &Template) {
    let request = BatchUpdate::parse(query).ok();
    let results = request.map(|request| request.results(template));
    for result in results.into_iter().flatten() {
        result.iter().for_each(read);
        black_box(result).ok();
    }
}

fn read(update: &Update<Text<'_>>) {
    if let Value::String(text) = update.value {
        black_box((text.len(), text.chars().count()));
    }
}

/// Returns the queries that are counted: the friendly one, then each hostile one, small and large.
fn queries() -> impl Iterator<Item = Vec<u8>> {
    let sizes = |hostile: Hostile| [SMALL, LARGE].map(|size| hostile.query(size));
    std::iter::once(friendly()).chain(family().flat_map(sizes))
}

#[test]
#[ignore = "started under valgrind by the test below"]
fn parse_the_queries() {
    let template = template();
    // The first call detects processor features, which must not be counted.
    pinquery::parse(&friendly(), |_| Some(&template)).unwrap();
    for query in queries() {
        for parse in PARSES {
            parse_and_read(parse, &query, &template);
        }
    }
}

/// Returns the instructions per byte of each query and each of [`PARSES`], or `None` without valgrind.
fn costs() -> Option<Vec<f64>> {
    let counts = match counted::count("parse_the_queries", "*::parse_and_read") {
        Counted::Instructions(counts) => counts,
        Counted::NoValgrind => return None,
    };
    let lengths = queries().flat_map(|query| [query.len(); PARSES.len()]);
    let lengths: Vec<usize> = lengths.collect();
    assert_eq!(counts.len(), lengths.len(), "a count per query and parse");
    let each = counts.iter().zip(lengths);
    Some(
        each.map(|(&count, length)| count as f64 / length as f64)
            .collect(),
    )
}

#[test]
fn work_grows_linearly_with_hostile_queries() {
    let Some(costs) = costs() else { return };
    let (friend, hostile) = costs.split_at(PARSES.len());
    let size = LARGE >> 10;
    println!("instructions per byte, all or nothing and every outcome");
    println!("{:<44}{:>9} {size:>9} {:>9} {size:>9} KiB", "", 1, 1);
    println!("{:<44}{:>9.1} {:>19.1}", "friendly", friend[0], friend[1]);
    let mut failures = Vec::new();
    for (Hostile { name, .. }, cost) in family().zip(hostile.chunks_exact(2 * PARSES.len())) {
        print!("{name:<44}");
        let (small, large) = cost.split_at(PARSES.len());
        for (&small, &large) in small.iter().zip(large) {
            print!("{small:>9.1} {large:>9.1} ");
            if large > MAX_GROWTH * small {
                failures.push(format!("{name}: {small:.1}, large: {large:.1}"));
            }
        }
        println!();
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn memory_does_not_grow_with_hostile_queries() {
    let template = template();
    for hostile in family() {
        for size in [SMALL, 1 << 15, 1 << 20] {
            let query = hostile.query(size);
            for (parse, updates) in PARSES.into_iter().zip([256, 0]) {
                let used = allocation_counter::measure(|| parse(&query, &template));
                let max = updates * UPDATE_SIZE + token_capacity(&query);
                let name = hostile.name;
                assert!(used.bytes_max <= max as u64, "{name} of {size}: {used:?}");
                assert!(used.count_total <= 1, "{name} of {size}: {used:?}");
            }
        }
    }
}

/// Returns the size of the buffer that an escaped token is decoded into for the lookup.
fn token_capacity(query: &[u8]) -> usize {
    let token = Pairs::new(query).find(|pair| pair.is_token());
    let raw = token.map_or(&[][..], |token| token.value.raw());
    if raw.contains(&b'%') { raw.len() } else { 0 }
}
