//! Section 4 of the contract: rules that several types share.

use super::query::{DecodeError, decode};
use crate::types::Reason;

pub(crate) fn decoded(raw: &[u8]) -> Result<String, Reason> {
    decode(raw).map_err(|error| match error {
        DecodeError::MalformedEscape => "malformed_escape",
        DecodeError::InvalidUtf8 => "invalid_utf8",
    })
}

/// Trims ASCII white space. `str::trim` would also remove Unicode white space and vertical tabs.
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
