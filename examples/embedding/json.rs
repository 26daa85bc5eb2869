//! Values as JSON.

use pinquery::{Value, VirtualPin};

/// Writes values as a JSON object: `{"v1":33,"v2":44.0}`. With the feature `serde` of `pinquery`, a
/// map of values serializes to the same.
pub fn object<'v>(values: impl Iterator<Item = (VirtualPin, &'v Value)>) -> String {
    let members = values.map(|(pin, value)| match value {
        Value::String(text) => format!("\"{pin}\":\"{}\"", escape(text)),
        Value::Location { .. } => format!("\"{pin}\":[{value}]"),
        // A double is finite, and its `Display` is valid JSON.
        _ => format!("\"{pin}\":{value}"),
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Escapes text for a JSON string.
fn escape(text: &str) -> String {
    let escaped = text.chars().map(|character| match character {
        '"' | '\\' => format!("\\{character}"),
        '\0'..' ' => format!("\\u{:04x}", u32::from(character)),
        _ => character.to_string(),
    });
    escaped.collect()
}
