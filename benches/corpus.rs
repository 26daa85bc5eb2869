//! The workloads: what clients send, made from a fixed seed.
//!
//! Every workload is thousands of *different* queries. Over one unchanging query a branch
//! predictor learns the answer by heart, and every parser looks twice as fast as it is.

mod numbers;
mod real;
mod refused;
mod texts;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use fastrand::Rng;
use http::Uri;

use crate::device::{Device, Stream};

/// How many queries a workload has.
pub const QUERIES: usize = 4_096;

/// How many devices the workload `server_like` has.
const DEVICES: usize = 10_000;

/// One request.
#[derive(Debug)]
pub struct Case {
    /// The query. A workload's queries lie one behind the other, and a case is small: a server has
    /// just read its query, so that waiting for memory is not to be measured.
    pub query: &'static str,
    /// The same as a URI, which is what one of the rivals reads. There is none for a query that
    /// is too long for one.
    pub uri: Option<Box<Uri>>,
    /// The device behind its token, if the server knows it.
    pub device: Option<Arc<Device>>,
}

/// Many different requests of one sort.
#[derive(Debug)]
pub struct Workload {
    /// As in the tables.
    pub name: String,
    /// The requests.
    pub cases: Vec<Case>,
    /// The devices by token, where looking them up is part of the work. Else a contender is given
    /// the device at once: finding it is the server's job, and would only blur the figures.
    pub devices: Option<HashMap<String, Arc<Device>>>,
}

impl Workload {
    fn new(name: &str, requests: impl Iterator<Item = Request>) -> Self {
        let requests: Vec<_> = requests.collect();
        let all: String = requests.iter().map(|(query, _)| &**query).collect();
        // A workload lives as long as the process, or nearly.
        let mut rest: &'static str = all.leak();
        let cases = requests.into_iter().map(|(own, device)| {
            let (query, others) = rest.split_at(own.len());
            rest = others;
            let uri = format!("/external/api/batch/update?{query}").parse();
            Case {
                query,
                uri: uri.ok().map(Box::new),
                device,
            }
        });
        Self {
            name: name.to_owned(),
            cases: cases.collect(),
            devices: None,
        }
    }
}

/// A query, and the device behind its token, if the server knows it.
type Request = (String, Option<Arc<Device>>);

/// The names of all workloads, in the order of the tables.
pub const NAMES: [&str; 14] = [
    "vendor_example",
    "doubles_4",
    "real_numbers",
    "real",
    "mixed_1_12",
    "pins_32",
    "pins_200",
    "location",
    "location_pairs",
    "escaped",
    "long_text",
    "refused",
    "refused_escapes",
    "server_like",
];

/// The workload of that name, with so many queries.
///
/// # Panics
///
/// If there is none.
#[must_use]
pub fn workload(name: &str, queries: usize) -> Workload {
    // Each has its own seed, so that a change to one leaves the others and their figures alone.
    let seed = name
        .bytes()
        .fold(0x70696E, |seed, byte| seed * 31 + u64::from(byte));
    let rng = &mut Rng::with_seed(seed);
    match name {
        "vendor_example" => numbers::vendor_example(rng, queries),
        "vendor_page" => numbers::vendor_page(rng, queries),
        "doubles_4" => numbers::doubles_4(rng, queries),
        "mixed_1_12" => numbers::mixed(rng, queries),
        "location" => numbers::location(rng, queries),
        "location_pairs" => numbers::location_pairs(rng, queries),
        "real_numbers" => real::numbers(rng, queries),
        "real" => real::all(rng, queries),
        "escaped" => texts::escaped(rng, queries),
        "long_text" => texts::long(rng, queries),
        "refused" => refused::all(rng, queries),
        "refused_escapes" => refused::escapes(rng, queries),
        "server_like" => server_like(rng, queries),
        "overflow" => numbers::overflow(),
        _ => match name.split_once('_').map(|(kind, n)| (kind, n.parse())) {
            Some(("pins", Ok(pins))) => numbers::pins(rng, queries, pins),
            Some(("bytes", Ok(bytes))) => texts::one(rng, queries, bytes),
            _ => panic!("there is no workload {name}"),
        },
    }
}

/// Numbers for as many devices as a server has, each with its own token and template: now the
/// look-up is part of the work, and neither queries nor templates stay in the nearest cache.
fn server_like(rng: &mut Rng, queries: usize) -> Workload {
    let mut devices = HashMap::new();
    let mut known = Vec::new();
    for _ in 0..DEVICES {
        let streams = numbers::mixed_streams(rng);
        let device = Arc::new(Device::new(streams.iter().cloned()));
        let token = token(rng, 32);
        devices.insert(token.clone(), Arc::clone(&device));
        known.push((token, streams, device));
    }
    let requests = (0..queries).map(|_| {
        let (token, streams, device) = &known[rng.usize(..known.len())];
        let mut query = format!("token={token}");
        for (pin, stream) in streams {
            let value = numbers::value(rng, stream);
            write!(query, "&v{pin}={value}").expect("a string takes everything");
        }
        (query, Some(Arc::clone(device)))
    });
    Workload {
        devices: Some(devices),
        ..Workload::new("server_like", requests)
    }
}

/// A token as the vendor makes them.
fn token(rng: &mut Rng, length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    (0..length)
        .map(|_| char::from(ALPHABET[rng.usize(..64)]))
        .collect()
}

/// Different pins below `end`, in no order: 12 of 58 real queries do not sort theirs either.
fn different_pins(rng: &mut Rng, count: usize, end: u16) -> Vec<u8> {
    let mut pins: Vec<u8> = (0..end).filter_map(|pin| u8::try_from(pin).ok()).collect();
    rng.shuffle(&mut pins);
    pins.truncate(count);
    pins
}

/// A query with these segments behind a token.
fn query(rng: &mut Rng, segments: impl IntoIterator<Item = (u8, String)>) -> String {
    let mut query = format!("token={}", token(rng, 32));
    // A client writes all its pins in the same case.
    let v = if rng.bool() { 'v' } else { 'V' };
    for (pin, value) in segments {
        write!(query, "&{v}{pin}={value}").expect("a string takes everything");
    }
    query
}

/// A device whose pins all hold the same.
fn uniform(stream: &Stream) -> Arc<Device> {
    Arc::new(Device::new((0..=255).map(|pin| (pin, stream.clone()))))
}
