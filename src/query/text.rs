//! Decoded text that borrows the query.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::percent::{self, Decoded};

/// Decoded text that borrows the query. It needs no allocation, even if it contains escapes.
/// [`Datastream::parse`](crate::Datastream::parse) returns texts that were never encoded.
///
/// The text was validated when it was created, so none of its methods can fail. Comparison and
/// hashing use the decoded text: `a+b` equals `a%20b`.
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
    /// Without escapes: the bytes are the text.
    Plain(&'q str),
    /// INVARIANT: the escapes are well formed and the decoded bytes are UTF-8. The raw bytes need
    /// not be: `%C3` followed by a raw byte 0xA9 is one character.
    Escaped(&'q [u8]),
}

impl<'q> Text<'q> {
    pub(crate) fn plain(text: &'q str) -> Self {
        Self(Repr::Plain(text))
    }

    /// Wraps raw bytes whose escapes are well formed and that decode to UTF-8.
    pub(crate) fn escaped(raw: &'q [u8]) -> Self {
        Self(Repr::Escaped(raw))
    }

    /// Returns the text as a slice of the query, if it contains no escapes. Always succeeds for a text
    /// returned by [`Datastream::parse`](crate::Datastream::parse).
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

    /// Returns the raw bytes, percent-encoded if the text is from a query.
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

    /// Returns an iterator over the decoded characters.
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

    /// Returns the decoded length in bytes. O(n) if the text contains escapes.
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

    /// Returns `true` if the text is empty.
    ///
    /// ```
    /// # let text = |query| pinquery::Pairs::new(query).next().unwrap().value.decode().unwrap();
    /// assert!(text("v1=").is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw().is_empty()
    }

    /// Returns the text as a string: borrowed if it contains no escapes, otherwise decoded into a new
    /// allocation.
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
                let decoded = percent::decode_to_vec(raw).unwrap_or_default();
                // INVARIANT: the decoded bytes are UTF-8.
                Cow::Owned(String::from_utf8(decoded).unwrap_or_default())
            }
        }
    }
}

/// Writes the decoded text verbatim, including control characters.
impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;

        match self.as_str() {
            Some(text) => f.pad(text),
            // Padding needs the length in characters, so the text is decoded first.
            None if f.width().is_some() || f.precision().is_some() => f.pad(&self.to_cow()),
            None => self
                .chars()
                .try_for_each(|character| f.write_char(character)),
        }
    }
}

/// Writes the decoded text as the `Debug` of `str` does: quoted, with control characters escaped.
impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.to_cow(), f)
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.as_str(), other.as_str()) {
            (Some(text), Some(other)) => text == other,
            _ => self.chars().eq(other.chars()),
        }
    }
}

impl Eq for Text<'_> {}

/// Hashes the decoded text, so `a+b` and `a%20b` are the same key. The hash differs from that of a
/// `str`.
impl Hash for Text<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Character by character in both cases: a hasher may distinguish one long write from many
        // short ones.
        self.chars().for_each(|character| character.hash(state));
        state.write_u8(0xFF);
    }
}

macro_rules! equal_to {
    ($($text:ty),+) => {$(
        impl PartialEq<$text> for Text<'_> {
            fn eq(&self, other: &$text) -> bool {
                match self.as_str() {
                    Some(text) => text == &other[..],
                    None => self.chars().eq(other.chars()),
                }
            }
        }

        impl PartialEq<Text<'_>> for $text {
            fn eq(&self, other: &Text<'_>) -> bool {
                other == self
            }
        }
    )+};
}

equal_to!(str, &str, String);

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

/// An iterator over the decoded characters of a [`Text`], returned by [`Text::chars`].
///
/// ```
/// let text = pinquery::Pairs::new("v1=a%20b").next().unwrap().value.decode().unwrap();
/// assert_eq!(text.chars().nth(1), Some(' '));
/// ```
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
            // INVARIANT: a `Text` is well formed, so this is `None` at its end only.
            Walk::Escaped(decoded) => decoded.next_char()?.ok(),
        }
    }
}

impl fmt::Debug for Chars<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
