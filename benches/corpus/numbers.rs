//! Workloads of numbers, truth values and places.

use std::sync::Arc;

use fastrand::Rng;

use super::{Request, Workload, different_pins, query, uniform};
use crate::device::{Boolean, Device, Double, Enumerable, Integer, Location, Stream, Text};

const INTEGER: Stream = Stream::Integer(Integer {
    min: -20_000,
    max: 20_000,
});
const DOUBLE: Stream = Stream::Double(Double {
    min: -1_000.0,
    max: 1_000.0,
});

/// How many devices the mixed workload has: few enough that their templates stay in the nearest
/// cache. More are in `server_like`.
const DEVICES: usize = 64;

pub(super) fn vendor_example(rng: &mut Rng, queries: usize) -> Workload {
    let device = uniform(&INTEGER);
    let requests = (0..queries).map(|_| {
        let pins = different_pins(rng, 2, 100);
        let segments: Vec<_> = pins.into_iter().map(|pin| (pin, integer(rng))).collect();
        (query(rng, segments), Some(Arc::clone(&device)))
    });
    Workload::new("vendor_example", requests)
}

/// `v1=33&v2=44` with other digits: the example on the vendor's page.
pub(super) fn vendor_page(rng: &mut Rng, queries: usize) -> Workload {
    let device = uniform(&INTEGER);
    let requests = (0..queries).map(|_| {
        let segments: Vec<_> = [1, 2].map(|pin| (pin, rng.u32(10..100).to_string())).into();
        (query(rng, segments), Some(Arc::clone(&device)))
    });
    Workload::new("vendor_page", requests)
}

pub(super) fn doubles_4(rng: &mut Rng, queries: usize) -> Workload {
    let device = uniform(&DOUBLE);
    let requests = (0..queries).map(|_| {
        let pins = different_pins(rng, 4, 100);
        let segments: Vec<_> = pins.into_iter().map(|pin| (pin, double(rng))).collect();
        (query(rng, segments), Some(Arc::clone(&device)))
    });
    Workload::new("doubles_4", requests)
}

/// Numbers too large for their types, which are clamped, and words for such, which are refused.
/// It is not timed: all contenders have to agree on it.
pub(super) fn overflow() -> Workload {
    let values = [
        "1e999",
        "-1e999",
        "+.1E400",
        "1e-999",
        "inf",
        "-inf",
        "infinity",
        "nan",
        "NaN",
        "9e18",
        "99999999999999999999",
        "-99999999999999999999",
    ];
    let device = Device::new([(0, INTEGER), (1, DOUBLE), (2, Stream::Location(Location))]);
    let device = Arc::new(device);
    let requests = values.iter().flat_map(|value| {
        let queries = [
            format!("token=t&v0={value}"),
            format!("token=t&v1={value}"),
            format!("token=t&v2={value},1"),
        ];
        queries.map(|query| (query, Some(Arc::clone(&device))))
    });
    Workload::new("overflow", requests)
}

pub(super) fn mixed(rng: &mut Rng, queries: usize) -> Workload {
    let devices: Vec<_> = (0..DEVICES)
        .map(|_| {
            let streams = mixed_streams(rng);
            let device = Arc::new(Device::new(streams.iter().cloned()));
            (streams, device)
        })
        .collect();
    let requests = (0..queries).map(|_| {
        let (streams, device) = &devices[rng.usize(..DEVICES)];
        let segments: Vec<_> = streams
            .iter()
            .map(|(pin, stream)| (*pin, value(rng, stream)))
            .collect();
        (query(rng, segments), Some(Arc::clone(device)))
    });
    Workload::new("mixed_1_12", requests)
}

/// So many pins, integers and doubles in equal parts.
pub(super) fn pins(rng: &mut Rng, queries: usize, pins: usize) -> Workload {
    let device = Arc::new(Device::new((0..=255).map(|pin| {
        let stream = if pin % 2 == 0 { INTEGER } else { DOUBLE };
        (pin, stream)
    })));
    let requests = (0..queries).map(|_| {
        let segments: Vec<_> = different_pins(rng, pins, 256)
            .into_iter()
            .map(|pin| {
                (
                    pin,
                    if pin % 2 == 0 {
                        integer(rng)
                    } else {
                        double(rng)
                    },
                )
            })
            .collect();
        (query(rng, segments), Some(Arc::clone(&device)))
    });
    Workload::new(&format!("pins_{pins}"), requests)
}

pub(super) fn location(rng: &mut Rng, queries: usize) -> Workload {
    let requests = located(rng, queries, |longitude, latitude, segments| {
        segments.push((5, format!("{longitude},{latitude}")));
    });
    Workload::new("location", requests.into_iter())
}

pub(super) fn location_pairs(rng: &mut Rng, queries: usize) -> Workload {
    let requests = located(rng, queries, |longitude, latitude, segments| {
        segments.push((5, longitude));
        segments.push((5, latitude));
    });
    Workload::new("location_pairs", requests.into_iter())
}

fn located(
    rng: &mut Rng,
    queries: usize,
    push: impl Fn(String, String, &mut Vec<(u8, String)>),
) -> Vec<Request> {
    let device = Device::new([(3, DOUBLE), (5, Stream::Location(Location)), (14, DOUBLE)]);
    let device = Arc::new(device);
    let requests = (0..queries).map(|_| {
        let mut segments = Vec::new();
        let place_at = rng.usize(..3);
        for (index, pin) in [5, 14, 3].into_iter().enumerate() {
            if index == place_at {
                let (longitude, latitude) = (degrees(rng, 180), degrees(rng, 90));
                push(longitude, latitude, &mut segments);
            }
            if pin != 5 {
                segments.push((pin, double(rng)));
            }
        }
        (query(rng, segments), Some(Arc::clone(&device)))
    });
    requests.collect()
}

/// What the pins of one device of the mixed workloads hold.
pub(super) fn mixed_streams(rng: &mut Rng) -> Vec<(u8, Stream)> {
    let count = rng.usize(1..=12);
    different_pins(rng, count, 40)
        .into_iter()
        .map(|pin| (pin, mixed_stream(rng)))
        .collect()
}

fn mixed_stream(rng: &mut Rng) -> Stream {
    match rng.usize(..5) {
        0 => INTEGER,
        1 => DOUBLE,
        2 => Stream::Boolean(Boolean),
        3 => Stream::Enumerable(Enumerable {
            values: vec![0, 1, 2, 3, 25, 50],
            fallback: Some(0),
        }),
        _ => Stream::String(Text { max_len: 32 }),
    }
}

/// A value that such a datastream is sent.
pub(super) fn value(rng: &mut Rng, stream: &Stream) -> String {
    match stream {
        Stream::Integer(_) => integer(rng),
        Stream::Double(_) => double(rng),
        Stream::Boolean(_) => ["0", "1", "true", "false"][rng.usize(..4)].to_owned(),
        // One in six is none of the values.
        Stream::Enumerable(Enumerable { values, .. }) => {
            match values.get(rng.usize(..=values.len())) {
                Some(value) => value.to_string(),
                None => "7".to_owned(),
            }
        }
        Stream::String(_) => word(rng),
        other => unreachable!("no device of the mixed workloads has {other:?}"),
    }
}

/// One to five digits, a fifth of them negative. Now and then out of bounds.
pub(super) fn integer(rng: &mut Rng) -> String {
    let digits = rng.u32(1..=5);
    let magnitude = rng.i64(0..10_i64.pow(digits));
    let sign = if rng.usize(..5) == 0 { -1 } else { 1 };
    (sign * magnitude).to_string()
}

/// One to four digits before the point and none to five behind it, two being the most common, as
/// with the `%.2f` and `String(x)` of real clients. Now and then out of bounds.
pub(super) fn double(rng: &mut Rng) -> String {
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
