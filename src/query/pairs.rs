//! The segments of a query, split into encoded names and values.

use core::fmt;
use core::iter::FusedIterator;

use super::encoded::Encoded;
use super::name::Name;
use super::scan::{SEPARATOR, name_end, segment_end, slice};
use crate::pin::VirtualPin;

/// An iterator over the segments of a query, for other endpoints.
///
/// Only `&` separates segments. Empty segments are skipped. A segment is split at its first `=`; one
/// without `=` has an empty value. Nothing is decoded yet, so iteration cannot fail. [`Debug`] hides
/// the query, because it contains a token.
///
/// ```
/// use pinquery::{Error, Pairs, VirtualPin};
///
/// // GET /external/api/get?token=…&v1&v2
/// let pins: Result<Vec<VirtualPin>, _> = Pairs::new("token=t&v1&V2")
///     .filter(|pair| !pair.is_token())
///     .map(|pair| pair.pin().ok_or(Error::invalid_pin(pair.name)))
///     .collect();
/// assert_eq!(pins, Ok(vec![VirtualPin(1), VirtualPin(2)]));
/// ```
#[derive(Clone)]
pub struct Pairs<'q> {
    query: &'q [u8],
    at: usize,
}

impl<'q> Pairs<'q> {
    /// Splits `query`, the query component without its `?`.
    ///
    /// ```
    /// let mut pairs = pinquery::Pairs::new("&a=b=c&&d");
    /// let first = pairs.next().unwrap();
    /// assert_eq!((first.name.raw(), first.value.raw()), (&b"a"[..], &b"b=c"[..]));
    /// let second = pairs.next().unwrap();
    /// assert_eq!((second.name.raw(), second.value.raw()), (&b"d"[..], &b""[..]));
    /// assert!(pairs.next().is_none());
    /// ```
    #[must_use]
    pub fn new(query: &'q (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::starting_at(query.as_ref(), 0)
    }

    /// Splits a query from an offset on.
    pub(crate) fn starting_at(query: &'q [u8], at: usize) -> Self {
        Self { query, at }
    }

    /// Returns the end of the segment that was returned last.
    pub(crate) fn end(&self) -> usize {
        self.at
    }

    /// Consumes and returns the value at the current offset.
    pub(crate) fn next_value(&mut self) -> Encoded<'q> {
        let start = self.at;
        self.at = segment_end(self.query, start);
        Encoded::new(slice(self.query, start, self.at), start)
    }
}

impl<'q> Iterator for Pairs<'q> {
    type Item = Pair<'q>;

    fn next(&mut self) -> Option<Pair<'q>> {
        let query = self.query;
        while *query.get(self.at)? == SEPARATOR {
            self.at += 1;
        }
        let start = self.at;
        let end = name_end(query, start);
        let name = Encoded::new(slice(query, start, end), start);
        self.at = end + usize::from(query.get(end) == Some(&b'='));
        let value = self.next_value();
        Some(Pair { name, value })
    }
}

impl FusedIterator for Pairs<'_> {}

impl fmt::Debug for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pairs").finish_non_exhaustive()
    }
}

/// A segment of a query: `name=value`.
///
/// ```
/// let pair = pinquery::Pairs::new("v5=12.0,11.0").next().unwrap();
/// assert_eq!(pair.name.decode().unwrap(), "v5");
/// assert_eq!(pair.value.decode().unwrap(), "12.0,11.0");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pair<'q> {
    /// Everything before the first `=`.
    pub name: Encoded<'q>,
    /// Everything after the first `=`. Without `=`, it is empty and its span is the end of the segment.
    pub value: Encoded<'q>,
}

impl Pair<'_> {
    /// Returns `true` if the decoded name is `token`.
    ///
    /// ```
    /// let is_token = |query| pinquery::Pairs::new(query).next().unwrap().is_token();
    /// assert!(is_token("token=t") && is_token("%74oken=t"));
    /// assert!(!is_token("Token=t"));
    /// ```
    #[must_use]
    pub fn is_token(&self) -> bool {
        Name::parse(self.name.raw()) == Name::Token
    }

    /// Returns the virtual pin that the decoded name denotes, if any; see [`Encoded::pin`].
    ///
    /// ```
    /// let pin = |query| pinquery::Pairs::new(query).next().unwrap().pin();
    /// assert_eq!(pin("V7=1"), Some(pinquery::VirtualPin(7)));
    /// assert_eq!(pin("v%37=1"), Some(pinquery::VirtualPin(7)));
    /// assert_eq!(pin("v07=1"), None);
    /// ```
    #[must_use]
    pub fn pin(&self) -> Option<VirtualPin> {
        self.name.pin()
    }
}
