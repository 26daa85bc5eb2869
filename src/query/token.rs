//! The device's token.

use alloc::borrow::Cow;
use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;
use core::str::FromStr;

use super::encoded::Encoded;
use super::percent::{self, Decoded};
use super::view::{self, HIGH_BITS, SEPARATOR, repeat};

/// A device's token, decoded: one or more bytes of 0x21 to 0x7E.
///
/// It reads as a `str`, and its [`Debug`] hides it. There is no `Display`: whoever prints a token
/// should have to say so. The range is narrower than the vendor's page says, because NUL cuts a C
/// string, CR LF forges a log line, and two different invalid tokens must never look alike.
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
    /// Checks a value as a token, for other endpoints that take one.
    ///
    /// Allocates only where something is escaped.
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
        if view::escape(raw).is_none() {
            let text = core::str::from_utf8(raw).ok()?;
            return text.bytes().all(is_allowed).then_some(Self::plain(text));
        }
        // Before there is room for it: a token that is none allocates nothing.
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

    /// The token with a text of its own, to be kept.
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

    /// The token as text.
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

/// How many bytes the tokens have that the vendor issues.
const ISSUED: usize = 32;

/// Reads a plain token at the beginning of the bytes, up to a separator or their end.
#[inline(always)]
pub(crate) fn plain(bytes: &[u8]) -> Option<Token<'_>> {
    match bytes.split_first_chunk::<ISSUED>() {
        // Of a known length, so that nothing loops.
        Some((token, behind)) if ends(behind) && token.iter().fold(true, all_plain) => {
            view::ascii(token).map(Token::plain)
        }
        _ => plain_of_any_length(bytes),
    }
}

#[inline(never)]
fn plain_of_any_length(bytes: &[u8]) -> Option<Token<'_>> {
    let (token, behind) = bytes.split_at_checked(plain_length(bytes))?;
    if token.is_empty() || !ends(behind) {
        return None;
    }
    view::ascii(token).map(Token::plain)
}

#[inline(always)]
fn ends(behind: &[u8]) -> bool {
    behind.first().is_none_or(|&byte| byte == SEPARATOR)
}

#[inline(always)]
fn all_plain(all: bool, byte: &u8) -> bool {
    all & is_plain(*byte)
}

/// Neither a separator nor an escape, and of a token.
#[inline(always)]
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'-'..=b'~')
}

/// How many of the first bytes are plain: those of every token that the vendor issues, and neither
/// a separator nor an escape among them.
#[inline(always)]
fn plain_length(bytes: &[u8]) -> usize {
    view::plain(bytes, is_plain, |word| {
        // A carry or a borrow out of a byte reaches only bytes behind one that is marked itself.
        let below = word.wrapping_sub(repeat(b'-'));
        let above = word.wrapping_add(repeat(1));
        (below | above | word) & HIGH_BITS
    })
}

impl Deref for Token<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A map keyed by tokens is asked by text.
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

/// A text as it is: nothing is decoded, and `%` is a byte like others.
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

/// The same, with a text of its own.
impl FromStr for Token<'static> {
    type Err = ParseTokenError;

    fn from_str(text: &str) -> Result<Self, ParseTokenError> {
        Token::try_from(text).map(Token::into_owned)
    }
}

/// A text is no token: it is empty, or has a byte outside 0x21 to 0x7E.
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

    /// Else every token is searched for and decoded, which means the same and takes twice as long.
    #[test]
    fn a_plain_token_of_any_length_is_read_here() {
        let all: Vec<u8> = (b'-'..=b'~').collect();
        for length in 1..=all.len() {
            let token = &all[all.len() - length..];
            let text = core::str::from_utf8(token).unwrap();
            for behind in [&b""[..], b"&", b"&v1=1&v2=2&v3=3&v4=4&v5=5&v6=6"] {
                let plain = plain(&[token, behind].concat()).map(|token| token.as_str().to_owned());
                assert_eq!(plain.as_deref(), Some(text));
            }
            for behind in (0..=0xFF).filter(|byte| !matches!(byte, b'-'..=b'~')) {
                let query = [token, &[behind], &[b'x'; 40]].concat();
                assert_eq!(plain_length(&query), length, "{behind:#x}");
                assert_eq!(plain(&query).is_some(), behind == b'&');
            }
        }
        assert_eq!(plain(b""), None);
        assert_eq!(plain(b"&"), None);
    }
}
