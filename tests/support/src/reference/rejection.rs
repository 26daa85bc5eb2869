//! What the client of a refused query is summary.

use std::collections::BTreeSet;

use crate::types;

/// The contract's names for why a query is refused.
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

/// What may be wrong with a value of more than one type.
const REASONS: [&str; 3] = ["too_long", "malformed_escape", "invalid_utf8"];

/// The contract's names for what is wrong with a value.
pub fn reasons() -> BTreeSet<&'static str> {
    let of_types = types::REASONS.iter().copied().flatten().copied();
    REASONS.into_iter().chain(of_types).collect()
}

/// The vendor's message for a kind.
///
/// # Panics
///
/// When `kind` is none of the contract's nine.
pub fn message(kind: &str) -> &'static str {
    match kind {
        "missing_token" | "invalid_token" | "unknown_token" | "duplicate_token" => "Invalid token.",
        "invalid_pin" | "duplicate_pin" | "no_pins" => "Wrong pin format.",
        "unknown_pin" => "No datastream setup for that pin.",
        "invalid_value" => "Value doesn't match the Datastream data type",
        _ => panic!("the contract has no such kind"),
    }
}

/// The body of the answer for a kind, byte for byte.
///
/// # Panics
///
/// When `kind` is none of the contract's nine.
pub fn body(kind: &str) -> String {
    format!(r#"{{"error":{{"message":"{}"}}}}"#, message(kind))
}
