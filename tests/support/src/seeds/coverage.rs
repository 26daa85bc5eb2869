//! Outcomes that the seeds of a target reach, by the contract's names.

use std::collections::BTreeSet;

use pinquery::{Adjustment, Datastream, VirtualPin};

use crate::Device;
use crate::json::{self, Json};
use crate::plain::{Outcome, Rejection, Update, Updates, Value};
use crate::reference::{KINDS, reasons};
use crate::targets::{self, FUZZ_TEMPLATE, device};
use crate::types::Parsed;

/// Returns every type, kind, reason and adjustment that the target covers but no input reaches.
pub fn missing<'a>(
    target: &str,
    inputs: impl IntoIterator<Item = &'a Vec<u8>>,
) -> BTreeSet<&'static str> {
    let mut missing = BTreeSet::new();
    if !matches!(target, "against_form_urlencoded" | "number") {
        missing.extend(Datastream::TYPES);
        missing.extend(Adjustment::ALL.iter().map(|adjusted| adjusted.name()));
    }
    if matches!(target, "parse" | "against_reference" | "results") {
        missing.extend(KINDS);
    }
    if matches!(target, "parse" | "against_reference" | "results" | "value") {
        missing.extend(reasons());
    }
    for input in inputs {
        for name in reached(target, input) {
            missing.remove(name);
        }
    }
    missing
}

/// Returns the types and adjustments of the updates, or the kind and reason of the rejection.
#[must_use]
pub fn reached(target: &str, input: &[u8]) -> BTreeSet<&'static str> {
    match outcome(target, input) {
        Some(Ok(updates)) => {
            let types = updates.iter().map(|update| update.value.type_name());
            let adjusted = updates.iter().filter_map(|update| update.adjusted);
            types
                .chain(adjusted.map(|adjusted| adjusted.name()))
                .collect()
        }
        Some(Err(rejection)) => [rejection.kind]
            .into_iter()
            .chain(rejection.reason)
            .collect(),
        None => BTreeSet::new(),
    }
}

/// Returns the outcome of the query in an input.
fn outcome(target: &str, input: &[u8]) -> Option<Outcome> {
    match target {
        "parse" => Some(FUZZ_TEMPLATE.parse(input)),
        "against_reference" | "results" => {
            let (device, query) = device(input)?;
            Some(device.parse(query))
        }
        "roundtrip" => {
            let (device, rest) = device(input)?;
            let (_choices, query) = split_at(rest, b'\n')?;
            Some(device.parse(query))
        }
        "template" => {
            let (text, query) = split_at(input, 0)?;
            let Json::Object(entries) = serde_json::from_slice(text).ok()? else {
                return None;
            };
            Some(Device::new(json::template(&entries).ok()?).parse(query))
        }
        "value" => {
            let (datastreams, _choice, value) = targets::split_value(input)?;
            let is_value = !value.contains(&b'&');
            is_value.then(|| one(datastreams.parse_encoded(value)))
        }
        _ => None,
    }
}

/// Returns the outcome of a query with this value only.
fn one(parsed: Parsed<Value>) -> Outcome {
    let pin = VirtualPin(0);
    match parsed {
        Ok((value, adjusted)) => Ok(Updates(vec![Update {
            pin,
            value,
            adjusted,
        }])),
        Err(reason) => Err(Rejection {
            kind: "invalid_value",
            span: 0..0,
            pin: Some(pin.0),
            reason: Some(reason),
        }),
    }
}

fn split_at(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == separator)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}
