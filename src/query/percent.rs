//! The percent-decoder: strict, in one pass, without copying.

use alloc::vec::Vec;
use core::fmt;

/// The error returned when a percent-encoded name or value cannot be decoded.
///
/// A malformed escape takes precedence over invalid UTF-8, even if it comes later.
///
/// ```
/// use pinquery::{DecodeError, Pairs};
///
/// let error = |query| Pairs::new(query).next().unwrap().value.decode().unwrap_err();
/// assert_eq!(error("v1=%zz"), DecodeError::MalformedEscape);
/// assert_eq!(error("v1=%FF"), DecodeError::InvalidUtf8);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeError {
    /// A `%` is not followed by two hexadecimal digits: `%`, `%4`, `%zz`, `%+5`.
    MalformedEscape,
    /// The decoded bytes are not valid UTF-8: `%FF`, `%C0%80`, `%ED%A0%80`.
    InvalidUtf8,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MalformedEscape => "`%` is not followed by two hexadecimal digits",
            Self::InvalidUtf8 => "decoded bytes are not valid UTF-8",
        })
    }
}

impl core::error::Error for DecodeError {}

/// An iterator over the decoded bytes.
#[derive(Clone)]
pub(crate) struct Decoded<'q> {
    pub(crate) rest: &'q [u8],
}

impl<'q> Decoded<'q> {
    #[inline]
    pub(crate) fn new(raw: &'q [u8]) -> Self {
        Self { rest: raw }
    }

    /// Returns the next character, which may begin in an escape and end in raw bytes.
    #[inline]
    pub(crate) fn next_char(&mut self) -> Option<Result<char, DecodeError>> {
        match self.next()? {
            Ok(byte @ 0..=0x7F) => Some(Ok(char::from(byte))),
            Ok(byte) => Some(self.long_char(byte)),
            Err(error) => Some(Err(error)),
        }
    }

    /// Returns the multi-byte character that begins with `first`.
    pub(crate) fn long_char(&mut self, first: u8) -> Result<char, DecodeError> {
        let (width, bits) = match first {
            0xC2..=0xDF => (2, first & 0x1F),
            0xE0..=0xEF => (3, first & 0x0F),
            0xF0..=0xF4 => (4, first & 0x07),
            _ => return Err(DecodeError::InvalidUtf8),
        };
        let mut code_point = u32::from(bits);
        for _ in 1..width {
            let byte = self.next().ok_or(DecodeError::InvalidUtf8)??;
            if byte & 0xC0 != 0x80 {
                return Err(DecodeError::InvalidUtf8);
            }
            code_point = code_point << 6 | u32::from(byte & 0x3F);
        }
        // Rejects surrogates, code points above U+10FFFF and overlong encodings.
        char::from_u32(code_point)
            .filter(|character| character.len_utf8() == width)
            .ok_or(DecodeError::InvalidUtf8)
    }
}

impl Iterator for Decoded<'_> {
    type Item = Result<u8, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (&first, rest) = self.rest.split_first()?;
        let byte = match (first, rest) {
            (b'%', [high, low, rest @ ..]) => match decode_digits(*high, *low) {
                Some(byte) => {
                    self.rest = rest;
                    return Some(Ok(byte));
                }
                None => return Some(Err(DecodeError::MalformedEscape)),
            },
            (b'%', _) => return Some(Err(DecodeError::MalformedEscape)),
            (b'+', _) => b' ',
            _ => first,
        };
        self.rest = rest;
        Some(Ok(byte))
    }
}

/// Returns the byte that two hexadecimal digits, of either case, encode.
#[inline]
pub(super) fn decode_digits(high: u8, low: u8) -> Option<u8> {
    let (high, low) = (DIGITS[usize::from(high)], DIGITS[usize::from(low)]);
    (high | low <= 0xF).then_some(high << 4 | low)
}

/// The value of each hexadecimal digit; 0xFF for any other byte.
const DIGITS: [u8; 256] = {
    let mut digits = [0xFF; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        digits[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

/// Returns `true` if every escape is well formed.
pub(crate) fn is_well_formed(raw: &[u8]) -> bool {
    Decoded::new(raw).all(|byte| byte.is_ok())
}

/// Decodes into a vector of exactly the decoded length. `None` if an escape is malformed.
pub(crate) fn decode_to_vec(raw: &[u8]) -> Option<Vec<u8>> {
    let length = Decoded::new(raw).take_while(Result::is_ok).count();
    // For `tests/no_panic`: the bound, which no slice exceeds, shows that the capacity does not
    // overflow, and the check before each push that the vector does not grow.
    let mut decoded = Vec::with_capacity(length.min(isize::MAX as usize));
    for byte in Decoded::new(raw) {
        let byte = byte.ok()?;
        if decoded.len() < decoded.capacity() {
            decoded.push(byte);
        }
    }
    Some(decoded)
}

/// Decodes into `buffer`. `None` if an escape is malformed or the buffer is too small.
pub(crate) fn decode_into<'b>(raw: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let mut bytes = Decoded::new(raw);
    let mut length = 0;
    for slot in buffer.iter_mut() {
        match bytes.next() {
            None => break,
            Some(byte) => *slot = byte.ok()?,
        }
        length += 1;
    }
    match bytes.next() {
        None => buffer.get(..length),
        Some(_) => None,
    }
}
