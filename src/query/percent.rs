//! The one percent-decoder: strict, once, and without a copy.

use alloc::vec::Vec;
use core::fmt;

/// Why a percent-encoded name or value has no meaning as text.
///
/// Where both hold, the escape is reported: it is met before the bytes are looked at as UTF-8.
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
    /// A `%` without two hexadecimal digits behind it: `%`, `%4`, `%zz`, `%+5`.
    MalformedEscape,
    /// The decoded bytes are not UTF-8: `%FF`, `%C0%80`, `%ED%A0%80`.
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

/// The bytes that percent-encoded bytes mean, one at a time.
#[derive(Clone)]
pub(crate) struct Decoded<'q> {
    pub(crate) rest: &'q [u8],
}

impl<'q> Decoded<'q> {
    #[inline]
    pub(crate) fn new(raw: &'q [u8]) -> Self {
        Self { rest: raw }
    }

    /// The next character, which may begin in an escape and end in raw bytes.
    #[inline]
    pub(crate) fn next_char(&mut self) -> Option<Result<char, DecodeError>> {
        match self.next()? {
            Ok(byte @ 0..=0x7F) => Some(Ok(char::from(byte))),
            Ok(byte) => Some(self.long_char(byte)),
            Err(error) => Some(Err(error)),
        }
    }

    /// The character of several bytes that begins with `first`.
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
        // No surrogates, nothing above U+10FFFF, and nothing that fewer bytes would do for.
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
            (b'%', [high, low, rest @ ..]) => match escaped(*high, *low) {
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

/// The byte that two hexadecimal digits of either case mean.
#[inline(always)]
fn escaped(high: u8, low: u8) -> Option<u8> {
    let (high, low) = (DIGITS[usize::from(high)], DIGITS[usize::from(low)]);
    (high | low <= 0xF).then_some(high << 4 | low)
}

/// The value of each hexadecimal digit, and 0xFF for every other byte.
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

/// Whether every escape is well formed.
pub(crate) fn is_well_formed(raw: &[u8]) -> bool {
    Decoded::new(raw).all(|byte| byte.is_ok())
}

/// Decodes into a vector of just that size. `None`: an escape is malformed.
pub(crate) fn decode_to_vec(raw: &[u8]) -> Option<Vec<u8>> {
    let length = Decoded::new(raw).take_while(Result::is_ok).count();
    // The bound, which no slice exceeds, and the look before each push are for `tests/no_panic`:
    // the capacity cannot overflow, and nothing grows.
    let mut decoded = Vec::with_capacity(length.min(isize::MAX as usize));
    for byte in Decoded::new(raw) {
        let byte = byte.ok()?;
        if decoded.len() < decoded.capacity() {
            decoded.push(byte);
        }
    }
    Some(decoded)
}

/// Decodes into `buffer`. `None`: an escape is malformed, or the buffer too small.
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
