//! A percent-encoded name or value.

use core::fmt;
use core::ops::Range;

use super::name::Name;
use super::percent::DecodeError;
use super::scanned_text::ScannedText;
use super::text::Text;
use crate::pin::VirtualPin;

/// A percent-encoded name or value and its span in the query.
///
/// Decoding follows the application/x-www-form-urlencoded rules of the [URL Standard], strictly: `+`
/// is a space, `%` followed by two hexadecimal digits is one byte, any other `%` is an error, and
/// the result must be UTF-8. Input is never decoded twice, repaired or truncated. [`Debug`] shows
/// only the span, because the bytes may belong to a token.
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

    /// Returns the raw bytes, still encoded.
    ///
    /// ```
    /// let pair = pinquery::Pairs::new("v1=%32").next().unwrap();
    /// assert_eq!(pair.value.raw(), b"%32");
    /// ```
    #[must_use]
    pub fn raw(&self) -> &'q [u8] {
        self.raw
    }

    /// Returns the span of the raw bytes in the query.
    ///
    /// ```
    /// let pair = pinquery::Pairs::new("&v1").next().unwrap();
    /// assert_eq!(pair.name.span(), 1..3);
    /// assert_eq!(pair.value.span(), 3..3); // no `=`: empty, at the end of the segment
    /// ```
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.start..self.start + self.raw.len()
    }

    /// Decodes the bytes.
    ///
    /// # Errors
    ///
    /// Returns [`DecodeError::MalformedEscape`] for `%4` or `%+5`, and otherwise
    /// [`DecodeError::InvalidUtf8`] for `%FF` or a raw byte 0xFF.
    ///
    /// ```
    /// # use pinquery::{DecodeError, Pairs};
    /// let decode = |query| Pairs::new(query).next().unwrap().name.decode();
    /// assert_eq!(decode("caf%C3%A9+%2541").unwrap(), "café %41");
    /// assert_eq!(decode("100%").unwrap_err(), DecodeError::MalformedEscape);
    /// ```
    pub fn decode(&self) -> Result<Text<'q>, DecodeError> {
        ScannedText::new(self.raw, 0).map(|scanned| scanned.text)
    }

    /// Returns the virtual pin that the decoded bytes denote, if any.
    ///
    /// ```
    /// // GET /external/api/update?token=…&pin=V7&value=1
    /// let pair = pinquery::Pairs::new("pin=V7").next().unwrap();
    /// assert_eq!(pair.value.pin(), Some(pinquery::VirtualPin(7)));
    /// ```
    #[must_use]
    pub fn pin(&self) -> Option<VirtualPin> {
        match Name::parse(self.raw) {
            Name::Pin(pin) => Some(pin),
            Name::Token | Name::Other => None,
        }
    }
}

impl fmt::Debug for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("span", &self.span())
            .finish_non_exhaustive()
    }
}
