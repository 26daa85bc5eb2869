//! What a seed reaches, by the contract's names.

use std::collections::BTreeSet;

use pinquery_test_support::Device;
use pinquery_test_support::json::{self, Json};
use pinquery_test_support::plain::Outcome;
use pinquery_test_support::targets::{FUZZ_TEMPLATE, device};

/// Whether the target is about updates of every type.
pub fn has_updates(target: &str) -> bool {
    matches!(
        target,
        "parse" | "against_reference" | "roundtrip" | "template"
    )
}

/// The types and adjustments of the updates, or the kind and the reason of the rejection.
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

/// What becomes of the query in an input.
fn outcome(target: &str, input: &[u8]) -> Option<Outcome> {
    match target {
        "parse" => Some(FUZZ_TEMPLATE.parse(input)),
        "against_reference" => {
            let (device, query) = device(input)?;
            Some(device.parse(query))
        }
        "roundtrip" => {
            let (device, rest) = device(input)?;
            let (_knobs, query) = cut(rest, b'\n')?;
            Some(device.parse(query))
        }
        "template" => {
            let (text, query) = cut(input, 0)?;
            let Json::Object(entries) = serde_json::from_slice(text).ok()? else {
                return None;
            };
            Some(Device::new(json::template(&entries).ok()?).parse(query))
        }
        _ => None,
    }
}

fn cut(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == at)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}
