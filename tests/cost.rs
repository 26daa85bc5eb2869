//! The cost of hostile queries: it grows in a straight line, whatever they hold, and the memory
//! does not grow at all.
//!
//! Work is counted in instructions. A clock tells more of the machine than of the code, and the
//! library takes bytes and no iterator, so that nothing in the process could count its steps:
//! valgrind does, in a second run of this binary. A count is the same each time and on a busy
//! machine. Where valgrind is not installed, work is not counted; `REQUIRE_VALGRIND=1` makes that
//! a failure.
//!
//! `cargo test --release --test cost -- --nocapture` counts up to 1 MiB and prints the table;
//! without `--release`, which takes 20 times the instructions, up to 32 KiB.
#![allow(missing_docs)]

#[path = "cost/counted.rs"]
mod counted;
#[path = "cost/family.rs"]
mod family;

use std::hint::black_box;

use counted::Counted;
use family::{Hostile, family, friendly};
use pinquery::{Datastream, Pairs, Template, Value, VirtualPin};
use pinquery_test_support::convert::UPDATE_SIZE;

const SMALL: usize = 1 << 10;
const LARGE: usize = if cfg!(debug_assertions) {
    1 << 15
} else {
    1 << 20
};

/// How many more instructions a byte of the large query may take than one of the small query.
const STEEPEST: f64 = 1.2;

/// The types, strings of any length, on every pin: `v0` an integer, `v1` a double, ...
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

/// Judges a query and reads every string that comes of it. Valgrind counts what happens in here.
#[inline(never)]
fn judge_and_read(query: &[u8], template: &Template) {
    let updates = pinquery::parse(black_box(query), |token| {
        (token.len() < 100).then_some(template)
    });
    for update in updates.iter().flatten() {
        if let Value::String(text) = update.value {
            black_box((text.len(), text.chars().count()));
        }
    }
    black_box(updates).ok();
}

/// All that is counted, in this order: a friendly query, then each hostile one, small and large.
fn queries() -> impl Iterator<Item = Vec<u8>> {
    let sizes = |hostile: Hostile| [SMALL, LARGE].map(|size| hostile.query(size));
    std::iter::once(friendly()).chain(family().flat_map(sizes))
}

#[test]
#[ignore = "what valgrind runs"]
fn judge_the_queries() {
    let template = template();
    // Once before counting: a first call looks for what the processor can do.
    pinquery::parse(&friendly(), |_| Some(&template)).unwrap();
    queries().for_each(|query| judge_and_read(&query, &template));
}

/// Instructions for each byte of each query.
fn costs() -> Option<Vec<f64>> {
    let counts = match counted::count("judge_the_queries", "*::judge_and_read") {
        Counted::Instructions(counts) => counts,
        Counted::NoValgrind => return None,
    };
    let lengths: Vec<usize> = queries().map(|query| query.len()).collect();
    assert_eq!(counts.len(), lengths.len(), "a count for each query");
    let each = counts.iter().zip(lengths);
    Some(
        each.map(|(&count, length)| count as f64 / length as f64)
            .collect(),
    )
}

#[test]
fn the_work_of_hostile_queries_grows_in_a_straight_line() {
    let Some(costs) = costs() else { return };
    let (friend, hostile) = costs.split_first().unwrap();
    println!(
        "{:<44}{:>9} {:>9} KiB",
        "instructions a byte",
        1,
        LARGE >> 10
    );
    println!("{:<44}{friend:>9.1}", "friendly");
    let mut steep = Vec::new();
    for (Hostile { name, .. }, cost) in family().zip(hostile.chunks_exact(2)) {
        let (small, large) = (cost[0], cost[1]);
        println!("{name:<44}{small:>9.1} {large:>9.1}");
        if large > STEEPEST * small {
            steep.push(format!("{name}: {small:.1}, then {large:.1}"));
        }
    }
    assert!(steep.is_empty(), "{}", steep.join("\n"));
}

#[test]
fn the_memory_of_hostile_queries_does_not_grow_with_them() {
    let template = template();
    for hostile in family() {
        for size in [SMALL, 1 << 15, 1 << 20] {
            let query = hostile.query(size);
            let used = allocation_counter::measure(|| judge_and_read(&query, &template));
            let most = 256 * UPDATE_SIZE + decoded_token(&query);
            let name = hostile.name;
            assert!(used.bytes_max <= most as u64, "{name} of {size}: {used:?}");
            assert!(used.count_total <= 1, "{name} of {size}: {used:?}");
        }
    }
}

/// The room for a token with escapes, which is decoded to be looked up.
fn decoded_token(query: &[u8]) -> usize {
    let token = Pairs::new(query).find(|pair| pair.is_token());
    let raw = token.map_or(&[][..], |token| token.value.raw());
    if raw.contains(&b'%') { raw.len() } else { 0 }
}
