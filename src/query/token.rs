//! The token of a device.

use alloc::borrow::Cow;
use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;
use core::str::FromStr;

use super::ascii::ascii;
use super::encoded::Encoded;
use super::percent::{self, Decoded};
use super::scan::{SEPARATOR, find_escape};
use super::swar::{HIGH_BITS, repeat};

/// The decoded token of a device: one or more bytes in 0x21..=0x7E.
///
/// It derefs to `str`. [`Debug`] hides it and there is no `Display`, so printing a token requires
/// an explicit [`as_str`](Self::as_str). The range is narrower than Blynk documents, so that a token
/// can neither truncate a C string nor inject a log line nor look like another token.
///
/// ```
/// use pinquery::BatchUpdate;
///
/// let request = BatchUpdate::parse("token=bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg&v1=33").unwrap();
/// assert_eq!(&**request.token(), "bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg");
/// assert_eq!(format!("{:?}", request.token()), "Token(..)");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token<'q>(Cow<'q, str>);

impl<'q> Token<'q> {
    /// Validates an encoded value as a token, for other endpoints. Returns `None` if it is invalid.
    ///
    /// Allocates only if the value contains escapes.
    ///
    /// ```
    /// use pinquery::{Pairs, Token};
    ///
    /// let token = |query| Token::new(Pairs::new(query).next().unwrap().value);
    /// assert_eq!(token("token=abc").unwrap().as_str(), "abc");
    /// assert_eq!(token("token=%61bc").unwrap().as_str(), "abc");
    /// assert_eq!(token("token="), None);
    /// assert_eq!(token("token=a%20b"), None);
    /// ```
    #[must_use]
    pub fn new(value: Encoded<'q>) -> Option<Self> {
        let raw = value.raw();
        if raw.is_empty() {
            return None;
        }
        if find_escape(raw).is_none() {
            let text = core::str::from_utf8(raw).ok()?;
            return text.bytes().all(is_allowed).then_some(Self::plain(text));
        }
        // Validated before it is decoded, so that an invalid token allocates nothing.
        if !Decoded::new(raw).all(|byte| byte.is_ok_and(is_allowed)) {
            return None;
        }
        let decoded = percent::decode_to_vec(raw)?;
        match alloc::string::String::from_utf8(decoded) {
            Ok(text) => Some(Self(Cow::Owned(text))),
            Err(_) => None,
        }
    }

    fn plain(text: &'q str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Converts into an owned token that outlives the query.
    ///
    /// ```
    /// let request = pinquery::BatchUpdate::parse("token=abc&v1=33").unwrap();
    /// let kept: pinquery::Token<'static> = request.token().clone().into_owned();
    /// assert_eq!(kept.as_str(), "abc");
    /// ```
    #[must_use]
    pub fn into_owned(self) -> Token<'static> {
        Token(Cow::Owned(self.0.into_owned()))
    }

    /// Returns the token as text.
    ///
    /// ```
    /// let request = pinquery::BatchUpdate::parse("token=abc&v1=33").unwrap();
    /// assert_eq!(request.token().as_str(), "abc");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_allowed(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7E)
}

/// Length of the tokens that Blynk issues.
const ISSUED: usize = 32;

/// Parses an unescaped token at the start of the bytes, up to a separator or their end. `None`
/// falls back to the slow path.
#[inline]
pub(crate) fn fast_token(bytes: &[u8]) -> Option<Token<'_>> {
    match bytes.split_first_chunk::<ISSUED>() {
        // A constant length compiles to straight-line code; without it, `vendor_example` +17 %.
        Some((token, rest)) if ends(rest) && token.iter().fold(true, all_plain) => {
            ascii(token).map(Token::plain)
        }
        _ => fast_token_of_any_length(bytes),
    }
}

#[inline(never)]
fn fast_token_of_any_length(bytes: &[u8]) -> Option<Token<'_>> {
    let (token, rest) = bytes.split_at_checked(plain_length(bytes))?;
    if token.is_empty() || !ends(rest) {
        return None;
    }
    ascii(token).map(Token::plain)
}

#[inline]
fn ends(rest: &[u8]) -> bool {
    rest.first().is_none_or(|&byte| byte == SEPARATOR)
}

#[inline]
fn all_plain(all: bool, byte: &u8) -> bool {
    all & is_plain(*byte)
}

/// Returns `true` for a byte of a token that is neither a separator nor an escape.
#[inline]
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'-'..=b'~')
}

/// Returns the number of leading plain bytes, which make up every token that Blynk issues.
fn plain_length(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    // LLVM vectorizes a fold over 32 bytes.
    while let Some((chunk, next)) = rest.split_first_chunk::<32>() {
        if !chunk.iter().fold(true, all_plain) {
            break;
        }
        rest = next;
    }
    while let Some((chunk, next)) = rest.split_first_chunk() {
        let stops = token_stops(u64::from_le_bytes(*chunk));
        if stops != 0 {
            return bytes.len() - rest.len() + stops.trailing_zeros() as usize / 8;
        }
        rest = next;
    }
    let tail = rest.iter().take_while(|&&byte| is_plain(byte));
    bytes.len() - rest.len() + tail.count()
}

/// Marks the high bit of the first byte that is not plain; later marks may be wrong, because a carry
/// or borrow may reach the next byte.
#[inline]
fn token_stops(word: u64) -> u64 {
    let below = word.wrapping_sub(repeat(b'-'));
    let above = word.wrapping_add(repeat(1));
    (below | above | word) & HIGH_BITS
}

impl Deref for Token<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Lets a `HashMap<Token, _>` be queried with a `&str`.
///
/// ```
/// use pinquery::Token;
/// use std::collections::HashMap;
///
/// let devices: HashMap<Token<'static>, u32> = HashMap::from([("abc".parse()?, 7)]);
/// assert_eq!(devices.get("abc"), Some(&7));
/// # Ok::<(), pinquery::ParseTokenError>(())
/// ```
impl Borrow<str> for Token<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Validates text that is already decoded: `%` is an ordinary byte.
///
/// ```
/// use pinquery::Token;
///
/// assert_eq!(Token::try_from("a%41").unwrap().as_str(), "a%41");
/// assert!(Token::try_from("a b").is_err());
/// ```
impl<'q> TryFrom<&'q str> for Token<'q> {
    type Error = ParseTokenError;

    fn try_from(text: &'q str) -> Result<Self, ParseTokenError> {
        match !text.is_empty() && text.bytes().all(is_allowed) {
            true => Ok(Self::plain(text)),
            false => Err(ParseTokenError(())),
        }
    }
}

/// Validates text that is already decoded, and copies it.
impl FromStr for Token<'static> {
    type Err = ParseTokenError;

    fn from_str(text: &str) -> Result<Self, ParseTokenError> {
        Token::try_from(text).map(Token::into_owned)
    }
}

/// The error returned when text is not a token: it is empty or contains a byte outside 0x21..=0x7E.
///
/// ```
/// let error = pinquery::Token::try_from("").unwrap_err();
/// assert_eq!(error.to_string(), "token must be one or more bytes in 0x21..=0x7E");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParseTokenError(());

impl fmt::Display for ParseTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("token must be one or more bytes in 0x21..=0x7E")
    }
}

impl core::error::Error for ParseTokenError {}

impl AsRef<str> for Token<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::ToOwned;
    use std::vec::Vec;

    use super::*;

    /// A fast path that declines a token is twice as slow rather than wrong, so no other test would
    /// fail.
    #[test]
    fn unescaped_tokens_take_the_fast_path() {
        let all: Vec<u8> = (b'-'..=b'~').collect();
        for length in 1..=all.len() {
            let token = &all[all.len() - length..];
            let text = core::str::from_utf8(token).unwrap();
            for rest in [&b""[..], b"&", b"&v1=1&v2=2&v3=3&v4=4&v5=5&v6=6"] {
                let parsed =
                    fast_token(&[token, rest].concat()).map(|token| token.as_str().to_owned());
                assert_eq!(parsed.as_deref(), Some(text));
            }
            for rest in (0..=0xFF).filter(|byte| !matches!(byte, b'-'..=b'~')) {
                let query = [token, &[rest], &[b'x'; 40]].concat();
                assert_eq!(plain_length(&query), length, "{rest:#x}");
                assert_eq!(fast_token(&query).is_some(), rest == b'&');
            }
        }
        assert_eq!(fast_token(b""), None);
        assert_eq!(fast_token(b"&"), None);
    }
}
