//! Kinds, reasons and bodies of rejections.

use std::collections::BTreeSet;

use crate::types;

/// The contract's names of the kinds of error.
pub const KINDS: [&str; 9] = [
    "missing_token",
    "invalid_token",
    "unknown_token",
    "duplicate_token",
    "invalid_pin",
    "unknown_pin",
    "duplicate_pin",
    "invalid_value",
    "no_pins",
];

/// The reasons that apply to several types.
const REASONS: [&str; 3] = ["too_long", "malformed_escape", "invalid_utf8"];

/// Returns the contract's names of all reasons.
pub fn reasons() -> BTreeSet<&'static str> {
    let of_types = types::REASONS.iter().copied().flatten().copied();
    REASONS.into_iter().chain(of_types).collect()
}

/// Returns Blynk's message for a kind.
///
/// # Panics
///
/// If the kind is unknown.
pub fn message(kind: &str) -> &'static str {
    match kind {
        "missing_token" | "invalid_token" | "unknown_token" | "duplicate_token" => "Invalid token.",
        "invalid_pin" | "duplicate_pin" | "no_pins" => "Wrong pin format.",
        "unknown_pin" => "No datastream setup for that pin.",
        "invalid_value" => "Value doesn't match the Datastream data type",
        _ => panic!("unknown kind: {kind}"),
    }
}

/// Returns the body of the response for a kind.
///
/// # Panics
///
/// If the kind is unknown.
pub fn body(kind: &str) -> String {
    format!(r#"{{"error":{{"message":"{}"}}}}"#, message(kind))
}
