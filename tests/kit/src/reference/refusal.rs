//! What the client of a refused query is told.

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

/// The contract's names for what is wrong with a value.
pub const REASONS: [&str; 10] = [
    "too_long",
    "malformed_escape",
    "invalid_utf8",
    "nul",
    "not_an_integer",
    "not_a_double",
    "not_a_boolean",
    "not_a_value",
    "out_of_range",
    "no_latitude",
];

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
