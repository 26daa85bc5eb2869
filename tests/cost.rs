//! The cost of hostile queries: it grows in a straight line, whatever they hold.
//!
//! No time is compared with a limit, only the cost of a byte in a large query with that in a
//! smaller one. `cargo test --release --test cost -- --ignored --nocapture` prints the table.
#![allow(missing_docs)]

#[path = "cost/family.rs"]
mod family;

use std::hint::black_box;
use std::time::{Duration, Instant};

use family::{Hostile, family, friendly};
use pinquery::{Datastream, Template, Value, VirtualPin};

const SMALL: usize = 1 << 10;
const MIDDLE: usize = 1 << 15;
const LARGE: usize = 1 << 20;

/// How much dearer a byte may be in a query that is 32 times larger; a quadratic one is 32 times.
const STEEPEST: f64 = 4.0;

/// Every type, strings of any length, on every pin: `v0` an integer, `v1` a double, ...
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

/// Judges a query.
fn judge(query: &[u8], template: &Template) {
    let token = |token: &str| (token.len() < 100).then_some(template);
    black_box(pinquery::parse(black_box(query), token)).ok();
}

/// Judges a query and reads every string that comes of it.
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

/// The time of one run, the least of a few.
fn time(mut run: impl FnMut()) -> Duration {
    let mut least = Duration::MAX;
    let mut spent = Duration::ZERO;
    // The first run warms up; short ones are repeated until there is something to measure.
    for _ in 0..3 {
        let mut runs = 1;
        loop {
            let start = Instant::now();
            (0..runs).for_each(|_| run());
            let elapsed = start.elapsed();
            spent += elapsed;
            if elapsed >= Duration::from_micros(200) || runs >= 1 << 16 {
                least = least.min(elapsed / runs);
                break;
            }
            runs *= 4;
        }
        if spent > Duration::from_millis(100) {
            break;
        }
    }
    least
}

/// Nanoseconds for each byte of a query.
fn cost(query: &[u8], mut run: impl FnMut(&[u8])) -> f64 {
    time(|| run(query)).as_nanos() as f64 / query.len() as f64
}

/// What merely reading a byte costs, in a query too large for the nearest caches.
fn reading() -> f64 {
    cost(&vec![b'a'; LARGE], |query| {
        black_box(query.iter().fold(0, |sum, byte| sum ^ byte));
    })
}

/// The growth from one size to the next, as a reason to complain.
fn steepness(hostile: &Hostile, template: &Template, floor: f64) -> Result<(), String> {
    let queries = [SMALL, MIDDLE, LARGE].map(|size| hostile.query(size));
    let costs = queries.map(|query| cost(&query, |query| judge_and_read(query, template)));
    let [small, middle, large] = costs;
    // Bytes that are passed over are cheaper in a cache, so less than one read plainly is no cost.
    let is_straight = |from: f64, to: f64| to <= STEEPEST * from.max(floor);
    if is_straight(small, middle) && is_straight(middle, large) {
        return Ok(());
    }
    Err(format!(
        "{}: {costs:.2?} ns a byte, read in {floor:.2}",
        hostile.name
    ))
}

#[test]
fn the_cost_of_hostile_queries_grows_in_a_straight_line() {
    let template = template();
    let floor = reading();
    for hostile in family() {
        // A busy machine may spoil a measurement, though not each of five.
        let complaints: Vec<String> = (0..5)
            .map_while(|_| steepness(&hostile, &template, floor).err())
            .collect();
        assert!(complaints.len() < 5, "{}", complaints.join("\n"));
    }
}

#[test]
#[ignore = "prints a table, for --release"]
fn the_cost_of_a_byte_beside_that_of_the_friendly_query() {
    let template = template();
    println!(
        "{:<44}{:>9}{:>9}{:>9}  ns a byte",
        "", "1 KiB", "32 KiB", "1 MiB"
    );
    let mut dearest = (0.0, "");
    let cost = |query: Vec<u8>| cost(&query, |query| judge(query, &template));
    let friend = cost(friendly());
    println!(
        "{:<44}{friend:>9.2}  ({} bytes)",
        "friendly",
        friendly().len()
    );
    for hostile in family() {
        let costs = [SMALL, MIDDLE, LARGE].map(|size| cost(hostile.query(size)));
        let [small, middle, large] = costs;
        println!("{:<44}{small:>9.2}{middle:>9.2}{large:>9.2}", hostile.name);
        for cost in costs {
            if cost > dearest.0 {
                dearest = (cost, hostile.name);
            }
        }
    }
    let (cost, name) = dearest;
    println!(
        "the dearest, {name}: {:.1} times the friendly one",
        cost / friend
    );
}
