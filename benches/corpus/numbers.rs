//! Workloads of numbers, booleans and locations.

use std::sync::Arc;

use fastrand::Rng;

use super::{Request, distinct_pins, query, requests, uniform};
use crate::device::{Boolean, Datastream, Device, Double, Enumerable, Integer, Location, Text};

const INTEGER: Datastream = Datastream::Integer(Integer {
    min: -20_000,
    max: 20_000,
});
const DOUBLE: Datastream = Datastream::Double(Double {
    min: -1_000.0,
    max: 1_000.0,
});

/// The number of devices in `mixed_1_12`, small enough for their templates to stay cached.
const DEVICES: usize = 64;

pub(super) fn vendor_example(rng: &mut Rng, queries: usize) -> Vec<Request> {
    let pins = |rng: &mut Rng| distinct_pins(rng, 2, 100);
    requests(rng, queries, uniform(&INTEGER), pins, value)
}

/// `v1=33&v2=44` with other digits: the example on Blynk's page.
pub(super) fn vendor_page(rng: &mut Rng, queries: usize) -> Vec<Request> {
    let value = |rng: &mut Rng, _: &_| rng.u32(10..100).to_string();
    requests(rng, queries, uniform(&INTEGER), |_| vec![1, 2], value)
}

pub(super) fn doubles_4(rng: &mut Rng, queries: usize) -> Vec<Request> {
    let pins = |rng: &mut Rng| distinct_pins(rng, 4, 100);
    requests(rng, queries, uniform(&DOUBLE), pins, value)
}

/// Types in a period of four: easy to predict for branches, hard for some indirect jumps.
pub(super) fn alternating(rng: &mut Rng, queries: usize) -> Vec<Request> {
    let period = [DOUBLE, INTEGER, INTEGER, DOUBLE];
    let device = Device::new((0..32).zip(period.into_iter().cycle()));
    requests(rng, queries, device, |_| (0..32).collect(), value)
}

/// Integers and doubles in equal parts, in random order.
pub(super) fn pins(
    rng: &mut Rng,
    queries: usize,
    count: impl Fn(&mut Rng) -> usize,
) -> Vec<Request> {
    let datastreams = [INTEGER, DOUBLE].into_iter().cycle();
    let device = Device::new((0..=255).zip(datastreams));
    let pins = |rng: &mut Rng| {
        let count = count(rng);
        distinct_pins(rng, count, 256)
    };
    requests(rng, queries, device, pins, value)
}

/// Random types and pins: neither the next type nor the next name is predictable.
pub(super) fn random_types(rng: &mut Rng, queries: usize) -> Vec<Request> {
    let device = Device::new((0..=255).map(|pin| (pin, mixed_datastream(rng))));
    let pins = |rng: &mut Rng| distinct_pins(rng, 32, 256);
    requests(rng, queries, device, pins, value)
}

/// Numbers too large for their types, which are clamped, and words such as `nan`, which are
/// rejected. Not timed, only checked for agreement.
pub(super) fn overflow() -> Vec<Request> {
    const VALUES: &str = "1e999 -1e999 +.1E400 1e-999 inf -inf infinity nan NaN 9e18 \
        99999999999999999999 -99999999999999999999";
    let device = Device::new([
        (0, INTEGER),
        (1, DOUBLE),
        (2, Datastream::Location(Location)),
    ]);
    let device = Arc::new(device);
    let requests = VALUES.split(' ').flat_map(|value| {
        let queries = [
            format!("token=t&v0={value}"),
            format!("token=t&v1={value}"),
            format!("token=t&v2={value},1"),
        ];
        queries.map(|query| (query, Some(Arc::clone(&device))))
    });
    requests.collect()
}

pub(super) fn mixed(rng: &mut Rng, queries: usize) -> Vec<Request> {
    let devices: Vec<_> = (0..DEVICES)
        .map(|_| {
            let datastreams = mixed_datastreams(rng);
            let device = Arc::new(Device::new(datastreams.iter().cloned()));
            (datastreams, device)
        })
        .collect();
    let requests = (0..queries).map(|_| {
        let (datastreams, device) = &devices[rng.usize(..DEVICES)];
        let segments: Vec<_> = datastreams
            .iter()
            .map(|(pin, datastream)| (*pin, value(rng, datastream)))
            .collect();
        (query(rng, segments), Some(Arc::clone(device)))
    });
    requests.collect()
}

/// Two doubles, and a location at a random position: as `lon,lat`, or as two segments.
pub(super) fn location(rng: &mut Rng, queries: usize, as_pair: bool) -> Vec<Request> {
    let device = Device::new([
        (3, DOUBLE),
        (5, Datastream::Location(Location)),
        (14, DOUBLE),
    ]);
    let device = Arc::new(device);
    let requests = (0..queries).map(|_| {
        let mut segments = Vec::new();
        let location_at = rng.usize(..3);
        for (index, pin) in [5, 14, 3].into_iter().enumerate() {
            if index == location_at {
                let (longitude, latitude) = (degrees(rng, 180), degrees(rng, 90));
                if as_pair {
                    segments.extend([(5, longitude), (5, latitude)]);
                } else {
                    segments.push((5, format!("{longitude},{latitude}")));
                }
            }
            if pin != 5 {
                segments.push((pin, value(rng, &DOUBLE)));
            }
        }
        (query(rng, segments), Some(Arc::clone(&device)))
    });
    requests.collect()
}

/// Returns the datastreams of a device of the mixed workloads.
pub(super) fn mixed_datastreams(rng: &mut Rng) -> Vec<(u8, Datastream)> {
    let count = rng.usize(1..=12);
    distinct_pins(rng, count, 40)
        .into_iter()
        .map(|pin| (pin, mixed_datastream(rng)))
        .collect()
}

fn mixed_datastream(rng: &mut Rng) -> Datastream {
    match rng.usize(..5) {
        0 => INTEGER,
        1 => DOUBLE,
        2 => Datastream::Boolean(Boolean),
        3 => Datastream::Enumerable(Enumerable {
            values: vec![0, 1, 2, 3, 25, 50],
            fallback: Some(0),
        }),
        _ => Datastream::String(Text { max_len: 32 }),
    }
}

/// Generates a value for such a datastream.
pub(super) fn value(rng: &mut Rng, datastream: &Datastream) -> String {
    match datastream {
        Datastream::Integer(_) => integer(rng),
        Datastream::Double(_) => double(rng),
        Datastream::Boolean(_) => ["0", "1", "true", "false"][rng.usize(..4)].to_owned(),
        // One in seven is not in the list.
        Datastream::Enumerable(Enumerable { values, .. }) => {
            match values.get(rng.usize(..=values.len())) {
                Some(value) => value.to_string(),
                None => "7".to_owned(),
            }
        }
        Datastream::String(_) => word(rng),
        other => unreachable!("no device of these workloads has {other:?}"),
    }
}

/// One to five digits, a fifth of them negative. Occasionally out of bounds.
pub(super) fn integer(rng: &mut Rng) -> String {
    let digits = rng.u32(1..=5);
    let magnitude = rng.i64(0..10_i64.pow(digits));
    let sign = if rng.usize(..5) == 0 { -1 } else { 1 };
    (sign * magnitude).to_string()
}

/// One to four digits and up to five decimals, most often two, as with the `%.2f` and `String(x)`
/// of real clients. Occasionally out of bounds.
fn double(rng: &mut Rng) -> String {
    let decimals = [0, 1, 1, 2, 2, 2, 3, 5][rng.usize(..8)];
    let magnitude = rng.f64() * [10.0, 100.0, 100.0, 1_000.0, 1_200.0][rng.usize(..5)];
    let sign = if rng.usize(..5) == 0 { "-" } else { "" };
    format!("{sign}{magnitude:.decimals$}")
}

fn degrees(rng: &mut Rng, limit: u32) -> String {
    let decimals = rng.usize(3..=6);
    let degrees = (rng.f64() * 2.0 - 1.0) * (f64::from(limit) - 0.001);
    format!("{degrees:.decimals$}")
}

fn word(rng: &mut Rng) -> String {
    let length = rng.usize(2..=12);
    (0..length).map(|_| rng.alphanumeric()).collect()
}
