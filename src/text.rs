//! A text that borrows the query, escapes and all.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use crate::encoded::{Decoded, decode_to_vec, is_well_formed};
use crate::error::DecodeError;
use crate::scan;

/// A decoded text that borrows the query and needs no allocation, even where it is escaped.
///
/// The text was found to be well formed when it was made, so nothing here can fail. Equality is
/// that of the decoded text: `a+b` equals `a%20b`.
///
/// ```
/// use pinquery::Pairs;
///
/// let texts: Vec<_> = Pairs::new("v1=OK&v2=Occupied%20and%20dark")
///     .map(|pair| pair.value.decode().unwrap())
///     .collect();
/// assert_eq!(texts[0].as_str(), Some("OK"));
/// assert_eq!(texts[1].as_str(), None);
/// assert_eq!(texts[1], "Occupied and dark");
/// assert_eq!(texts[1].to_string(), "Occupied and dark");
/// ```
#[derive(Clone, Copy)]
pub struct Text<'q>(Repr<'q>);

#[derive(Clone, Copy)]
enum Repr<'q> {
    /// Nothing is escaped: the bytes are the text.
    Plain(&'q str),
    /// INVARIANT: the escapes are well formed and the decoded bytes are UTF-8. The bytes as
    /// written need not be: `%C3` and a raw byte 0xA9 are one character.
    Escaped(&'q [u8]),
}

impl<'q> Text<'q> {
    pub(crate) fn plain(text: &'q str) -> Self {
        Self(Repr::Plain(text))
    }

    pub(crate) fn decode(raw: &'q [u8]) -> Result<Self, DecodeError> {
        Ok(Measured::new(raw)?.text)
    }

    /// The text as a slice of the query, where nothing in it is escaped.
    ///
    /// ```
    /// # let text = |query| pinquery::Pairs::new(query).next().unwrap().value.decode().unwrap();
    /// assert_eq!(text("v1=OK").as_str(), Some("OK"));
    /// assert_eq!(text("v1=%4FK").as_str(), None);
    /// ```
    #[must_use]
    pub fn as_str(&self) -> Option<&'q str> {
        match self.0 {
            Repr::Plain(text) => Some(text),
            Repr::Escaped(_) => None,
        }
    }

    /// The text's bytes as the query has them, escapes and all.
    ///
    /// ```
    /// # let text = |query| pinquery::Pairs::new(query).next().unwrap().value.decode().unwrap();
    /// assert_eq!(text("v1=%4FK").raw(), b"%4FK");
    /// ```
    #[must_use]
    pub fn raw(&self) -> &'q [u8] {
        match self.0 {
            Repr::Plain(text) => text.as_bytes(),
            Repr::Escaped(raw) => raw,
        }
    }

    /// The decoded characters.
    ///
    /// ```
    /// # let text = |query| pinquery::Pairs::new(query).next().unwrap().value.decode().unwrap();
    /// assert!(text("v1=caf%C3%A9+1").chars().eq("café 1".chars()));
    /// ```
    #[must_use]
    pub fn chars(&self) -> Chars<'q> {
        Chars(match self.0 {
            Repr::Plain(text) => Walk::Plain(text.chars()),
            Repr::Escaped(raw) => Walk::Escaped(Decoded::new(raw)),
        })
    }

    /// The length of the decoded text in bytes, which takes a walk where something is escaped.
    ///
    /// ```
    /// # let text = |query| pinquery::Pairs::new(query).next().unwrap().value.decode().unwrap();
    /// assert_eq!(text("v1=caf%C3%A9").len(), 5);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        match self.0 {
            Repr::Plain(text) => text.len(),
            Repr::Escaped(raw) => Decoded::new(raw).count(),
        }
    }

    /// Whether the text is empty.
    ///
    /// ```
    /// # let text = |query| pinquery::Pairs::new(query).next().unwrap().value.decode().unwrap();
    /// assert!(text("v1=").is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw().is_empty()
    }

    /// The text as a string: borrowed where nothing is escaped, else decoded into a new one.
    ///
    /// ```
    /// # let text = |query| pinquery::Pairs::new(query).next().unwrap().value.decode().unwrap();
    /// use std::borrow::Cow;
    /// assert!(matches!(text("v1=OK").to_cow(), Cow::Borrowed("OK")));
    /// assert!(matches!(text("v1=%4FK").to_cow(), Cow::Owned(text) if text == "OK"));
    /// ```
    #[must_use]
    pub fn to_cow(&self) -> Cow<'q, str> {
        match self.0 {
            Repr::Plain(text) => Cow::Borrowed(text),
            Repr::Escaped(raw) => {
                let decoded = decode_to_vec(raw).unwrap_or_default();
                // INVARIANT: the decoded bytes are UTF-8.
                Cow::Owned(String::from_utf8(decoded).unwrap_or_default())
            }
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;

        match self.as_str() {
            Some(text) => f.pad(text),
            // Width and precision count characters of a string that is not there yet.
            None if f.width().is_some() || f.precision().is_some() => f.pad(&self.to_cow()),
            None => self
                .chars()
                .try_for_each(|character| f.write_char(character)),
        }
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.to_cow(), f)
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.chars().eq(other.chars())
    }
}

impl Eq for Text<'_> {}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        match self.as_str() {
            Some(text) => text == other,
            None => self.chars().eq(other.chars()),
        }
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl<'q> From<Text<'q>> for Cow<'q, str> {
    fn from(text: Text<'q>) -> Self {
        text.to_cow()
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        text.to_cow().into_owned()
    }
}

/// The decoded characters of a [`Text`]; see [`Text::chars`].
#[derive(Clone)]
pub struct Chars<'q>(Walk<'q>);

#[derive(Clone)]
enum Walk<'q> {
    Plain(core::str::Chars<'q>),
    Escaped(Decoded<'q>),
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match &mut self.0 {
            Walk::Plain(chars) => chars.next(),
            // INVARIANT: a `Text` is well formed, so the walk ends at its end and nowhere else.
            Walk::Escaped(decoded) => next_char(decoded)?.ok(),
        }
    }
}

impl fmt::Debug for Chars<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// A text and what a datastream asks of it, found in one walk.
pub(crate) struct Measured<'q> {
    pub(crate) text: Text<'q>,
    /// The length of the decoded text in bytes.
    pub(crate) len: usize,
    pub(crate) has_nul: bool,
}

impl<'q> Measured<'q> {
    pub(crate) fn new(raw: &'q [u8]) -> Result<Self, DecodeError> {
        match scan::escape_or_nul(raw).and_then(|at| raw.get(at)) {
            None => Self::plain(raw, false),
            Some(0) if scan::escape(raw).is_none() => Self::plain(raw, true),
            Some(_) => Self::escaped(raw),
        }
    }

    fn plain(raw: &'q [u8], has_nul: bool) -> Result<Self, DecodeError> {
        let text = match scan::ascii(raw) {
            Some(text) => text,
            None => core::str::from_utf8(raw).map_err(|_| DecodeError::InvalidUtf8)?,
        };
        Ok(Self {
            text: Text::plain(text),
            len: raw.len(),
            has_nul,
        })
    }

    fn escaped(raw: &'q [u8]) -> Result<Self, DecodeError> {
        let mut decoded = Decoded::new(raw);
        let mut len = 0;
        let mut has_nul = false;
        loop {
            len += decoded.skip_plain();
            match next_char(&mut decoded) {
                None => break,
                Some(Ok(character)) => {
                    len += character.len_utf8();
                    has_nul |= character == '\0';
                }
                Some(Err(DecodeError::InvalidUtf8)) if is_well_formed(decoded.rest()) => {
                    return Err(DecodeError::InvalidUtf8);
                }
                Some(Err(_)) => return Err(DecodeError::MalformedEscape),
            }
        }
        Ok(Self {
            text: Text(Repr::Escaped(raw)),
            len,
            has_nul,
        })
    }
}

/// The next character of decoded bytes, which may begin in an escape and end in raw bytes.
pub(crate) fn next_char(decoded: &mut Decoded<'_>) -> Option<Result<char, DecodeError>> {
    let first = match decoded.next()? {
        Ok(byte @ 0..=0x7F) => return Some(Ok(char::from(byte))),
        Ok(byte) => byte,
        Err(error) => return Some(Err(error)),
    };
    Some(long_char(first, decoded))
}

fn long_char(first: u8, decoded: &mut Decoded<'_>) -> Result<char, DecodeError> {
    let (width, bits) = match first {
        0xC2..=0xDF => (2, first & 0x1F),
        0xE0..=0xEF => (3, first & 0x0F),
        0xF0..=0xF4 => (4, first & 0x07),
        _ => return Err(DecodeError::InvalidUtf8),
    };
    let mut code_point = u32::from(bits);
    for _ in 1..width {
        let byte = decoded.next().ok_or(DecodeError::InvalidUtf8)??;
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
