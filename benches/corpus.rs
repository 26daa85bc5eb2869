//! The workloads: what clients send, generated from a fixed seed.
//!
//! Each consists of thousands of *different* queries: a branch predictor memorises a single query,
//! which makes every parser look twice as fast as it is.

mod numbers;
mod real;
mod rejected;
mod texts;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use fastrand::Rng;
use http::Uri;

use crate::device::{Datastream, Device};

/// The number of queries in a workload.
pub const QUERIES: usize = 4_096;

/// The number of devices in the workload `server_like`.
const DEVICES: usize = 10_000;

/// The names and descriptions of the workloads that are timed.
pub const WORKLOADS: [(&str, &str); 24] = [
    ("vendor_example", "two integers, as in Blynk's example"),
    ("doubles_4", "four doubles"),
    ("real_numbers", "`real`, without strings and locations"),
    ("real", "queries of public programs with other digits"),
    ("mixed_1_12", "1 to 12 pins of any type but location"),
    (
        "alternating",
        "32 pins: double, integer, integer, double, …",
    ),
    ("pins_9_16", "9 to 16 pins: integers and doubles at random"),
    ("pins_32", "32 pins: integers and doubles at random"),
    ("pins_200", "200 pins: integers and doubles at random"),
    ("random_types", "32 pins: any type but location"),
    ("location", "a location as `lon,lat`, and two doubles"),
    ("location_pairs", "the same, the location as two segments"),
    ("escaped", "three strings with `%20`, `+` and escaped UTF-8"),
    ("cyrillic", "three strings of Cyrillic words, escaped"),
    ("cyrillic_raw", "the same, only the spaces are escaped"),
    ("texts_1_40", "four strings of 1 to 40 bytes"),
    ("texts_40_192", "four strings of 40 to 192 bytes"),
    ("texts_200_1000", "four strings of 200 to 1,000 bytes"),
    (
        "mixed_text",
        "four strings of 1 to 300 characters, half of them with escapes",
    ),
    ("long_text", "16 strings of 128 bytes"),
    (
        "refused",
        "every kind of error, early or late among 12 pins",
    ),
    ("refused_escapes", "three strings, one of them malformed"),
    (
        "refused_first",
        "eight strings of 100 bytes, the first malformed or too long",
    ),
    (
        "server_like",
        "`mixed_1_12` for 10,000 devices in a `HashMap`",
    ),
];

/// One request.
#[derive(Debug)]
pub struct Case {
    /// The query. The queries of a workload are adjacent in memory, and a case is small: a server
    /// has just read its query, so waiting for memory must not be measured.
    pub query: &'static str,
    /// The same as a URI, for the rival that takes one; `None` if the query is too long for it.
    pub uri: Option<Box<Uri>>,
    /// The device that the token belongs to, if the server knows it.
    pub device: Option<Arc<Device>>,
}

/// Many different requests of one kind.
#[derive(Debug)]
pub struct Workload {
    /// The name, as in the tables.
    pub name: String,
    /// The requests.
    pub cases: Vec<Case>,
    /// The devices by token, if the lookup is part of the work. Otherwise contenders get the device
    /// without a lookup, which would cost all of them the same.
    pub devices: Option<HashMap<String, Arc<Device>>>,
}

impl Workload {
    fn new(name: &str, requests: &[Request]) -> Self {
        let all: String = requests.iter().map(|(query, _)| &**query).collect();
        // A workload lives about as long as the process.
        let mut rest: &'static str = all.leak();
        let cases = requests.iter().map(|(text, device)| {
            let (query, next) = rest.split_at(text.len());
            rest = next;
            let uri = format!("/external/api/batch/update?{query}").parse();
            Case {
                query,
                uri: uri.ok().map(Box::new),
                device: device.clone(),
            }
        });
        Self {
            name: name.to_owned(),
            cases: cases.collect(),
            devices: None,
        }
    }
}

/// A query, and the device that its token belongs to, if the server knows it.
type Request = (String, Option<Arc<Device>>);

/// Generates a workload: one of [`WORKLOADS`], `vendor_page`, `overflow`, `pins_N` or `bytes_N`.
///
/// # Panics
///
/// If the name is unknown.
#[must_use]
pub fn workload(name: &str, queries: usize) -> Workload {
    // Each name has its own seed, so that a change to one workload leaves the others alone.
    let seed = name.bytes().fold(0x70696E_u64, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let rng = &mut Rng::with_seed(seed);
    let requests = match name {
        "vendor_example" => numbers::vendor_example(rng, queries),
        "vendor_page" => numbers::vendor_page(rng, queries),
        "doubles_4" => numbers::doubles_4(rng, queries),
        "mixed_1_12" => numbers::mixed(rng, queries),
        "alternating" => numbers::alternating(rng, queries),
        "pins_9_16" => numbers::pins(rng, queries, |rng| rng.usize(9..=16)),
        "random_types" => numbers::random_types(rng, queries),
        "location" => numbers::location(rng, queries, false),
        "location_pairs" => numbers::location(rng, queries, true),
        "overflow" => numbers::overflow(),
        "real_numbers" => real::numbers(rng, queries),
        "real" => real::all(rng, queries),
        "escaped" => texts::escaped(rng, queries),
        "cyrillic" => texts::cyrillic(rng, queries, true),
        "cyrillic_raw" => texts::cyrillic(rng, queries, false),
        "texts_1_40" => texts::plain(rng, queries, 1..=40),
        "texts_40_192" => texts::plain(rng, queries, 40..=192),
        "texts_200_1000" => texts::plain(rng, queries, 200..=1_000),
        "mixed_text" => texts::mixed(rng, queries),
        "long_text" => texts::long(rng, queries),
        "refused" => rejected::all(rng, queries),
        "refused_escapes" => rejected::escapes(rng, queries),
        "refused_first" => rejected::first(rng, queries),
        "server_like" => return server_like(rng, queries),
        _ => match name.split_once('_').map(|(kind, n)| (kind, n.parse())) {
            Some(("pins", Ok(pins))) => numbers::pins(rng, queries, |_| pins),
            Some(("bytes", Ok(bytes))) => texts::one(rng, queries, bytes),
            _ => panic!("unknown workload {name}"),
        },
    };
    Workload::new(name, &requests)
}

/// Generates requests for many devices, each with its own token and template. The lookup is part
/// of the work, and neither queries nor templates stay cached.
fn server_like(rng: &mut Rng, queries: usize) -> Workload {
    let mut devices = HashMap::new();
    let mut known = Vec::new();
    for _ in 0..DEVICES {
        let datastreams = numbers::mixed_datastreams(rng);
        let device = Arc::new(Device::new(datastreams.iter().cloned()));
        let token = token(rng, 32);
        devices.insert(token.clone(), Arc::clone(&device));
        known.push((token, datastreams, device));
    }
    let requests = (0..queries).map(|_| {
        let (token, datastreams, device) = &known[rng.usize(..known.len())];
        let mut query = format!("token={token}");
        for (pin, datastream) in datastreams {
            let value = numbers::value(rng, datastream);
            write!(query, "&v{pin}={value}").expect("writing to a string does not fail");
        }
        (query, Some(Arc::clone(device)))
    });
    Workload {
        devices: Some(devices),
        ..Workload::new("server_like", &requests.collect::<Vec<_>>())
    }
}

/// Generates requests for one device, with values for its datastreams.
fn requests(
    rng: &mut Rng,
    queries: usize,
    device: Device,
    mut pins: impl FnMut(&mut Rng) -> Vec<u8>,
    value: impl Fn(&mut Rng, &Datastream) -> String,
) -> Vec<Request> {
    let device = Arc::new(device.with_limit());
    let requests = (0..queries).map(|_| {
        let pins = pins(rng).into_iter();
        let segments: Vec<_> = pins
            .map(|pin| {
                let datastream = device.datastream(pin).expect("only known pins are sent");
                (pin, value(rng, datastream))
            })
            .collect();
        (query(rng, segments), Some(Arc::clone(&device)))
    });
    requests.collect()
}

/// Generates a token that looks like Blynk's.
fn token(rng: &mut Rng, length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    (0..length)
        .map(|_| char::from(ALPHABET[rng.usize(..64)]))
        .collect()
}

/// Returns distinct pins below `end`, unsorted, as in 12 of 58 queries of public programs.
fn distinct_pins(rng: &mut Rng, count: usize, end: u16) -> Vec<u8> {
    let mut pins: Vec<u8> = (0..end).filter_map(|pin| u8::try_from(pin).ok()).collect();
    rng.shuffle(&mut pins);
    pins.truncate(count);
    pins
}

/// Writes a query: a token, followed by these segments.
fn query(rng: &mut Rng, segments: impl IntoIterator<Item = (u8, String)>) -> String {
    let mut query = format!("token={}", token(rng, 32));
    // A client writes all its pins in the same case.
    let v = if rng.bool() { 'v' } else { 'V' };
    for (pin, value) in segments {
        write!(query, "&{v}{pin}={value}").expect("writing to a string does not fail");
    }
    query
}

/// Returns a device with the same datastream on all pins.
fn uniform(datastream: &Datastream) -> Device {
    Device::new((0..=255).map(|pin| (pin, datastream.clone())))
}
