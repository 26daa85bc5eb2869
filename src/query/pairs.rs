//! The query as segments: names and values, not yet decoded.

use core::fmt;
use core::iter::FusedIterator;

use super::encoded::Encoded;
use super::name::Name;
use super::view::{self, SEPARATOR};
use crate::device::pin::VirtualPin;

/// The segments of a query, in order, for endpoints of your own.
///
/// Segments are separated by `&` and by nothing else, empty ones are skipped, and each is split at
/// its first `=`; without one the value is empty. Nothing is decoded, so nothing fails yet.
/// [`Debug`] hides the query, which holds a token.
///
/// ```
/// use pinquery::{Pairs, VirtualPin};
///
/// // GET /external/api/get?token=…&v1&v2
/// let pins: Result<Vec<VirtualPin>, _> = Pairs::new("token=t&v1&V2")
///     .filter(|pair| !pair.is_token())
///     .map(|pair| pair.pin().ok_or("Wrong pin format."))
///     .collect();
/// assert_eq!(pins, Ok(vec![VirtualPin(1), VirtualPin(2)]));
/// ```
#[derive(Clone)]
pub struct Pairs<'q> {
    query: &'q [u8],
    at: usize,
}

impl<'q> Pairs<'q> {
    /// The segments of `query`, the query component without its `?`.
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
        Self::from(query.as_ref(), 0)
    }

    /// The segments that begin at `at` or behind it.
    pub(crate) fn from(query: &'q [u8], at: usize) -> Self {
        Self { query, at }
    }

    /// Where the segment ends that came last.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// How many bytes the query has from `start` on.
    pub(crate) fn bytes_from(&self, start: usize) -> usize {
        self.query.len() - start
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
        let name_end = view::name_end(query, start);
        let value_start = name_end + usize::from(query.get(name_end) == Some(&b'='));
        let end = view::segment_end(query, value_start);
        self.at = end;
        Some(Pair {
            name: Encoded::new(view::slice(query, start, name_end), start),
            value: Encoded::new(view::slice(query, value_start, end), value_start),
        })
    }
}

impl FusedIterator for Pairs<'_> {}

impl fmt::Debug for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pairs").finish_non_exhaustive()
    }
}

/// One segment of a query: `name=value`.
///
/// ```
/// let pair = pinquery::Pairs::new("v5=12.0,11.0").next().unwrap();
/// assert_eq!(pair.name.decode().unwrap(), "v5");
/// assert_eq!(pair.value.decode().unwrap(), "12.0,11.0");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pair<'q> {
    /// What stands before the first `=`.
    pub name: Encoded<'q>,
    /// What stands behind the first `=`; empty, at the segment's end, where there is none.
    pub value: Encoded<'q>,
}

impl Pair<'_> {
    /// Whether the name, decoded, is `token`.
    ///
    /// ```
    /// let is_token = |query| pinquery::Pairs::new(query).next().unwrap().is_token();
    /// assert!(is_token("token=t") && is_token("%74oken=t"));
    /// assert!(!is_token("Token=t"));
    /// ```
    #[must_use]
    pub fn is_token(&self) -> bool {
        Name::of(self.name.raw()) == Name::Token
    }

    /// The virtual pin that the name, decoded, is.
    ///
    /// ```
    /// let pin = |query| pinquery::Pairs::new(query).next().unwrap().pin();
    /// assert_eq!(pin("V7=1"), Some(pinquery::VirtualPin(7)));
    /// assert_eq!(pin("v%37=1"), Some(pinquery::VirtualPin(7)));
    /// assert_eq!(pin("v07=1"), None);
    /// ```
    #[must_use]
    pub fn pin(&self) -> Option<VirtualPin> {
        match Name::of(self.name.raw()) {
            Name::Pin(pin) => Some(pin),
            Name::Token | Name::Other => None,
        }
    }
}
