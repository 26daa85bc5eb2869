//! Section 1 of the contract: splitting and decoding.

use std::ops::Range;

/// Where a segment's name and value stand in the query, both as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The bytes before the first `=`, or all of them.
    pub name: Range<usize>,
    /// The bytes after the first `=`, or none at the segment's end.
    pub value: Range<usize>,
}

/// Why a name or a value cannot be decoded.
///
/// Where both hold it is the malformed escape: UTF-8 is asked of decoded bytes, and there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// A `%` that two hexadecimal digits do not follow.
    MalformedEscape,
    /// The decoded bytes are not UTF-8.
    InvalidUtf8,
}

/// The segments of a query in order, without the empty ones.
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

/// A name or a value, decoded once.
///
/// # Errors
///
/// `%4` and `%zz` are malformed escapes, `%FF` is not UTF-8.
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
