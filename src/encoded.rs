//! Percent-decoding: strict, once, and without a copy.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::error::DecodeError;
use crate::scan;
use crate::text::Text;

/// A name or a value as it stands in the query, percent-encoded, with its place there.
///
/// Decoding follows the application/x-www-form-urlencoded rules of the [URL Standard], strictly:
/// `+` is a space, `%` and two hexadecimal digits are one byte, any other `%` is an error, and so
/// is anything that is not UTF-8 afterwards. Nothing is repaired and nothing decoded twice.
/// [`Debug`] shows the place alone, as the bytes may be a token's.
///
/// [URL Standard]: https://url.spec.whatwg.org/#urlencoded-parsing
///
/// ```
/// use pinquery::Pairs;
///
/// let pair = Pairs::new("token=t&v3=Test+complete%3A+PASS").nth(1).unwrap();
/// assert_eq!(pair.value.raw(), b"Test+complete%3A+PASS");
/// assert_eq!(pair.value.span(), 11..32);
/// assert_eq!(pair.value.decode().unwrap(), "Test complete: PASS");
/// ```
#[derive(Clone, Copy)]
pub struct Encoded<'q> {
    raw: &'q [u8],
    start: usize,
}

impl<'q> Encoded<'q> {
    pub(crate) fn new(raw: &'q [u8], start: usize) -> Self {
        Self { raw, start }
    }

    /// The bytes as written.
    ///
    /// ```
    /// let pair = pinquery::Pairs::new("v1=%32").next().unwrap();
    /// assert_eq!(pair.value.raw(), b"%32");
    /// ```
    #[must_use]
    pub fn raw(&self) -> &'q [u8] {
        self.raw
    }

    /// Where the bytes stand in the query.
    ///
    /// ```
    /// let pair = pinquery::Pairs::new("&v1").next().unwrap();
    /// assert_eq!(pair.name.span(), 1..3);
    /// assert_eq!(pair.value.span(), 3..3); // no `=`: empty, at the segment's end
    /// ```
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.start..self.start + self.raw.len()
    }

    /// What the bytes mean.
    ///
    /// # Errors
    ///
    /// [`DecodeError::MalformedEscape`] for `%4` or `%+5`, else [`DecodeError::InvalidUtf8`] for
    /// `%FF` or a raw byte 0xFF.
    ///
    /// ```
    /// # use pinquery::{DecodeError, Pairs};
    /// let decode = |query| Pairs::new(query).next().unwrap().name.decode();
    /// assert_eq!(decode("caf%C3%A9+%2541").unwrap(), "café %41");
    /// assert_eq!(decode("100%").unwrap_err(), DecodeError::MalformedEscape);
    /// ```
    pub fn decode(&self) -> Result<Text<'q>, DecodeError> {
        Text::decode(self.raw)
    }
}

impl fmt::Debug for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("span", &self.span())
            .finish_non_exhaustive()
    }
}

/// The bytes that percent-encoded bytes mean, one at a time.
#[derive(Clone)]
pub(crate) struct Decoded<'q> {
    rest: &'q [u8],
}

impl<'q> Decoded<'q> {
    pub(crate) fn new(raw: &'q [u8]) -> Self {
        Self { rest: raw }
    }

    pub(crate) fn rest(&self) -> &'q [u8] {
        self.rest
    }

    /// Goes past bytes that stand for themselves and are quickly seen to: how many.
    #[inline]
    pub(crate) fn skip_plain(&mut self) -> usize {
        let length = scan::plain_text(self.rest);
        let (plain, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        plain.len()
    }
}

impl Iterator for Decoded<'_> {
    type Item = Result<u8, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (&first, rest) = self.rest.split_first()?;
        let byte = match (first, rest) {
            (b'%', [high, low, rest @ ..]) => {
                let (Some(high), Some(low)) = (hex(*high), hex(*low)) else {
                    return Some(Err(DecodeError::MalformedEscape));
                };
                self.rest = rest;
                return Some(Ok(high << 4 | low));
            }
            (b'%', _) => return Some(Err(DecodeError::MalformedEscape)),
            (b'+', _) => b' ',
            _ => first,
        };
        self.rest = rest;
        Some(Ok(byte))
    }
}

/// The value of one hexadecimal digit of either case.
fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Whether every escape is well formed.
pub(crate) fn is_well_formed(raw: &[u8]) -> bool {
    match scan::escape(raw) {
        None => true,
        Some(at) => Decoded::new(raw.get(at..).unwrap_or_default()).all(|byte| byte.is_ok()),
    }
}

/// Decodes into a vector of just that size; nothing where an escape is malformed.
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

/// Decodes into `buffer`; nothing where an escape is malformed or the buffer too small.
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
