//! Section 1 of the contract: splitting and decoding.

use std::ops::Range;

/// The spans of a segment's name and value in the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The bytes before the first `=`, or all of them.
    pub name: Range<usize>,
    /// The bytes after the first `=`, or the end of the segment, empty.
    pub value: Range<usize>,
}

/// An error in the encoding of a name or a value. A malformed escape takes precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// A `%` is not followed by two hexadecimal digits.
    MalformedEscape,
    /// The decoded bytes are not UTF-8.
    InvalidUtf8,
}

/// Splits a query into its segments, in order, without empty ones.
pub fn split(query: &[u8]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut start = 0;
    for bytes in query.split(|&byte| byte == b'&') {
        let end = start + bytes.len();
        if !bytes.is_empty() {
            segments.push(match bytes.iter().position(|&byte| byte == b'=') {
                Some(at) => Segment {
                    name: start..start + at,
                    value: start + at + 1..end,
                },
                None => Segment {
                    name: start..end,
                    value: end..end,
                },
            });
        }
        start = end + 1;
    }
    segments
}

/// Decodes a name or a value, once.
///
/// # Errors
///
/// Returns [`DecodeError::MalformedEscape`] for `%4` and `%zz`, and [`DecodeError::InvalidUtf8`] for
/// `%FF`.
pub fn decode(raw: &[u8]) -> Result<String, DecodeError> {
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < raw.len() {
        match raw[at] {
            b'+' => {
                decoded.push(b' ');
                at += 1;
            }
            b'%' => {
                let high = raw.get(at + 1).copied().and_then(hexadecimal);
                let low = raw.get(at + 2).copied().and_then(hexadecimal);
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(DecodeError::MalformedEscape);
                };
                decoded.push(high * 16 + low);
                at += 3;
            }
            byte => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    match std::str::from_utf8(&decoded) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(DecodeError::InvalidUtf8),
    }
}

fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
