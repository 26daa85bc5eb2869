//! Conversion of ASCII bytes to text.
//!
//! `core` checks 64 bytes at a time and the remainder one by one, which may take longer than the rest.
//! To avoid a remainder, bytes before the text are checked as well; they are usually ASCII, too.

use ascii::{AsciiChar, AsciiStr};

/// Returns the bytes as text if they are ASCII. `core::str::from_utf8` checks single bytes up to an
/// aligned address, which is slow for short texts.
#[inline]
pub(crate) fn ascii(bytes: &[u8]) -> Option<&str> {
    AsciiStr::from_ascii(bytes).ok().map(AsciiStr::as_str)
}

/// Returns the bytes from `start` to `end` as text if there are at most `N`, and the `N` bytes before
/// `end` exist and are ASCII. Checks a constant number of bytes, because the end of a loop of varying
/// length is mispredicted for every other text.
#[inline(always)]
pub(crate) fn ascii_within<const N: usize>(bytes: &[u8], start: usize, end: usize) -> Option<&str> {
    let before = (N + start).checked_sub(end)?;
    skip(bytes.get(..end)?.last_chunk::<N>()?, before)
}

/// Returns the bytes from `start` to `end` as text if they are ASCII. Checks a multiple of 64 bytes,
/// if the bytes before `start` allow it.
pub(crate) fn ascii_between(bytes: &[u8], start: usize, end: usize) -> Option<&str> {
    let before = start.wrapping_sub(end) % 64;
    let groups = start
        .checked_sub(before)
        .and_then(|start| bytes.get(start..end));
    match groups.and_then(|groups| skip(groups, before)) {
        Some(text) => Some(text),
        None => ascii(bytes.get(start..end)?),
    }
}

/// Returns the bytes after the first `before` as text if all bytes are ASCII. Unlike `str::get`, this
/// need not check that a character begins there.
#[inline(always)]
fn skip(bytes: &[u8], before: usize) -> Option<&str> {
    let text: &[AsciiChar] = AsciiStr::from_ascii(bytes).ok()?.as_slice();
    Some(<&AsciiStr>::from(text.get(before..)?).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ascii_bytes_become_text() {
        assert_eq!(ascii(b"water low"), Some("water low"));
        assert_eq!(ascii("caf\u{e9}".as_bytes()), None);
    }

    #[test]
    fn every_range_of_ascii_bytes_becomes_text() {
        let query = "token=t&v1=water+low&".repeat(13);
        for start in 0..query.len() {
            for end in start..=query.len() {
                let text = query.get(start..end);
                assert_eq!(ascii_between(query.as_bytes(), start, end), text);
                let within = ascii_within::<128>(query.as_bytes(), start, end);
                let is_within = end - start <= 128 && end >= 128;
                assert_eq!(within, text.filter(|_| is_within));
            }
        }
    }

    #[test]
    fn other_bytes_before_or_after_the_text_do_not_matter() {
        for before in 0..100 {
            for length in 0..100 {
                let text = "x".repeat(length);
                let query = ["\u{e9}", &"y".repeat(before), &text, "\u{e9}"].concat();
                let (start, end) = (2 + before, 2 + before + length);
                let bytes = query.as_bytes();
                assert_eq!(ascii_between(bytes, start, end), Some(&*text));
                assert_eq!(ascii_between(bytes, start, end + 1), None);
                assert_eq!(ascii_within::<32>(bytes, start, end + 1), None);
                let within = ascii_within::<32>(bytes, start, end);
                let is_within = length <= 32 && before + length >= 32;
                assert_eq!(within, is_within.then_some(&*text));
            }
        }
    }
}
