//! Finding delimiters, many bytes at a time: the one place that looks at bytes in bulk.
//!
//! Half of all values in real queries have four bytes or fewer, so a call for each delimiter
//! costs more than the parsing behind it. The hot path therefore looks at a query through a
//! [`Window`] of eight bytes in one `u64`; `memchr` does the far searches.

/// Where a segment ends.
pub(crate) const SEPARATOR: u8 = b'&';

/// `byte` in each of the eight bytes of a word.
pub(crate) const fn repeat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of each byte: where the tests on words leave their answer.
pub(crate) const HIGH_BITS: u64 = repeat(0x80);

/// A query, seen eight bytes at a time, as if it went on with separators behind its end.
#[derive(Clone, Copy)]
pub(crate) struct Window<'q> {
    query: &'q [u8],
    /// The last eight bytes of the query, the last one in the top byte. Loaded once and shifted:
    /// copying the rest of a query to pad it costs as much as judging a pin.
    last: u64,
}

impl<'q> Window<'q> {
    #[inline]
    pub(crate) fn new(query: &'q [u8]) -> Self {
        let last = match query.last_chunk() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => query
                .iter()
                .fold(0, |word, &byte| word >> 8 | u64::from(byte) << 56),
        };
        Self { query, last }
    }

    #[inline]
    pub(crate) fn query(&self) -> &'q [u8] {
        self.query
    }

    /// The eight bytes from `at`, the first one lowest.
    #[inline(always)]
    pub(crate) fn at(&self, at: usize) -> u64 {
        match self.query.get(at..).and_then(<[u8]>::first_chunk) {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => self.tail(at),
        }
    }

    #[inline]
    fn tail(&self, at: usize) -> u64 {
        // INVARIANT: fewer than eight bytes are left, so neither shift reaches 64.
        let bits = 8 * (self.query.len().saturating_sub(at) & 7);
        self.last >> 8 >> (56 - bits) | repeat(SEPARATOR) << bits
    }

    /// The sixteen bytes from `at`.
    #[inline]
    pub(crate) fn wide(&self, at: usize) -> u128 {
        u128::from(self.at(at)) | u128::from(self.at(at.saturating_add(8))) << 64
    }
}

/// Where the segment that holds `at` ends: at the next separator or at the query's end.
#[inline]
pub(crate) fn segment_end(query: &[u8], at: usize) -> usize {
    let rest = query.get(at..).unwrap_or_default();
    at + memchr::memchr(SEPARATOR, rest).unwrap_or(rest.len())
}

/// Where the name that begins at `at` ends: at `=`, the next separator or the query's end.
#[inline]
pub(crate) fn name_end(query: &[u8], at: usize) -> usize {
    let rest = query.get(at..).unwrap_or_default();
    at + memchr::memchr2(b'=', SEPARATOR, rest).unwrap_or(rest.len())
}

/// Where the first byte is that decoding changes, a `%` or a `+`.
#[inline]
pub(crate) fn escape(raw: &[u8]) -> Option<usize> {
    memchr::memchr2(b'%', b'+', raw)
}

/// How many separators there are.
pub(crate) fn count_separators(bytes: &[u8]) -> usize {
    memchr::memchr_iter(SEPARATOR, bytes).count()
}

/// The bytes from `start` to `end`; nothing where the range is none, which it never is.
#[inline]
pub(crate) fn slice(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    bytes.get(start..end).unwrap_or_default()
}

/// Whether a byte is 0.
#[inline]
pub(crate) fn has_nul(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes).is_some()
}
