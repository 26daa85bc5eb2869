//! Searches with `memchr`, for delimiters that may be far away. Nearby ones are found in a word or a
//! window instead: half of all values in real queries have four bytes or fewer, so a call per
//! delimiter would cost more than the parsing.

/// The byte that separates segments.
pub(crate) const SEPARATOR: u8 = b'&';

/// Returns the offset of the first separator at or after `at`, or the length of the query.
#[inline]
pub(super) fn segment_end(query: &[u8], at: usize) -> usize {
    let rest = query.get(at..).unwrap_or_default();
    at + memchr::memchr(SEPARATOR, rest).unwrap_or(rest.len())
}

/// Returns the offset of the first `=` or separator at or after `at`, or the length of the query.
#[inline]
pub(super) fn name_end(query: &[u8], at: usize) -> usize {
    let rest = query.get(at..).unwrap_or_default();
    at + memchr::memchr2(b'=', SEPARATOR, rest).unwrap_or(rest.len())
}

/// Returns the offset of the first byte that decoding changes, `%` or `+`.
#[inline]
pub(crate) fn find_escape(raw: &[u8]) -> Option<usize> {
    memchr::memchr2(b'%', b'+', raw)
}

/// Returns the bytes from `start` to `end`. Callers pass a valid range; any other yields an
/// empty slice, because indexing would leave a panic in the binary (`tests/no_panic`).
#[inline]
pub(super) fn slice(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    bytes.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_escape_is_found() {
        assert_eq!(find_escape(b"20.5"), None);
        assert_eq!(find_escape(b"20+5"), Some(2));
        assert_eq!(find_escape(b"205%"), Some(3));
    }

    #[test]
    fn a_segment_and_a_name_end_at_their_delimiters() {
        assert_eq!(segment_end(b"v1=2&v2", 0), 4);
        assert_eq!(segment_end(b"v1=2&v2", 5), 7);
        assert_eq!(name_end(b"v1=2&v2", 0), 2);
        assert_eq!(name_end(b"v1&v2=3", 0), 2);
        assert_eq!(name_end(b"v1", 0), 2);
    }
}
