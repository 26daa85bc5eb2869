//! Section 4 of the contract: what the values of several types have in common. The rest is with
//! each type, in `types`.

use super::query::{DecodeError, decode};
use crate::types::Reason;

/// The most bytes, as written in the query, of a value that is not a string.
const LONGEST: usize = 4096;

/// What is left to read of a value that is not a string.
pub(crate) fn trimmed(raw: &[u8]) -> Result<String, Reason> {
    if raw.len() > LONGEST {
        return Err("too_long");
    }
    Ok(trim(&decoded(raw)?).to_owned())
}

pub(crate) fn decoded(raw: &[u8]) -> Result<String, Reason> {
    decode(raw).map_err(|error| match error {
        DecodeError::MalformedEscape => "malformed_escape",
        DecodeError::InvalidUtf8 => "invalid_utf8",
    })
}

/// Not `str::trim`, which takes every white space of Unicode and the vertical tab.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\x0C', '\r'])
}

pub(crate) fn without_sign(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

/// `[0-9]+`
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
