//! Bytes eight at a time, as a `u64` ("SIMD within a register").

use super::scan::slice;

/// Repeats a byte in each of the eight bytes of a word.
pub(crate) const fn repeat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of each byte.
pub(crate) const HIGH_BITS: u64 = repeat(0x80);

/// Returns the number of leading bytes that are ASCII and not below `,`, which excludes escapes,
/// separators and NUL.
#[inline]
pub(crate) fn plain_text(bytes: &[u8]) -> usize {
    plain(bytes, |byte| matches!(byte, b','..=0x7F), text_stops)
}

/// Returns the number of leading plain bytes. `is_plain` tests a byte; `stops` marks the high bit
/// of the first byte of a word that is not plain.
#[inline]
pub(crate) fn plain(bytes: &[u8], is_plain: fn(u8) -> bool, stops: fn(u64) -> u64) -> usize {
    let mut rest = bytes;
    // LLVM vectorizes a fold over 32 bytes.
    while let Some((chunk, next)) = rest.split_first_chunk::<32>() {
        if !chunk.iter().fold(true, |all, &byte| all & is_plain(byte)) {
            break;
        }
        rest = next;
    }
    while let Some((chunk, next)) = rest.split_first_chunk() {
        let stops = stops(u64::from_le_bytes(*chunk));
        if stops != 0 {
            let before = bytes.len() - rest.len();
            return before + stops.trailing_zeros() as usize / 8;
        }
        rest = next;
    }
    let tail = rest.iter().take_while(|&&byte| is_plain(byte));
    bytes.len() - rest.len() + tail.count()
}

/// Marks the high bit of each byte that is not ASCII or is below `,`, such as escapes, separators
/// and NUL. Exact up to the first one: a borrow only reaches later bytes.
#[inline]
pub(crate) fn text_stops(word: u64) -> u64 {
    (word.wrapping_sub(repeat(b',')) | word) & HIGH_BITS
}

/// Returns the bytes from `start` to `end`, fewer than 24, as text if they are ASCII.
///
/// Reads 24 bytes whatever the length, including bytes before the text, because a loop whose length
/// varies is mispredicted for every other text.
#[inline]
pub(crate) fn short_ascii(bytes: &[u8], start: usize, end: usize) -> Option<&str> {
    const LENGTH: usize = 24;

    let chunk = bytes.get(..end).and_then(<[u8]>::last_chunk::<LENGTH>);
    match chunk.and_then(|chunk| ascii(chunk)) {
        Some(text) => text.get((LENGTH + start).checked_sub(end)?..),
        None => ascii(slice(bytes, start, end)),
    }
}

/// Returns the bytes as text if they are ASCII. `core::str::from_utf8` checks single bytes up to an
/// aligned address, which is slow for short texts.
#[inline]
pub(crate) fn ascii(bytes: &[u8]) -> Option<&str> {
    ascii::AsciiStr::from_ascii(bytes)
        .ok()
        .map(|text| text.as_str())
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// Stopping early is several times slower rather than wrong, so no other test would fail.
    #[test]
    fn plain_text_ends_at_the_first_other_byte() {
        for stop in (0..=0xFF).filter(|byte| !matches!(byte, b','..=0x7F)) {
            for length in 0..100 {
                let mut text: Vec<u8> = (b','..=0x7F).cycle().take(length).collect();
                assert_eq!(plain_text(&text), length);
                text.push(stop);
                text.resize(length + 40, b'x');
                assert_eq!(plain_text(&text), length, "{stop:#x}");
            }
        }
    }

    #[test]
    fn only_ascii_bytes_become_text() {
        assert_eq!(ascii(b"water low"), Some("water low"));
        assert_eq!(ascii("caf\u{e9}".as_bytes()), None);
        for before in [
            "",
            "v1=",
            "token=bFFtSHNCZZDWQ__Zs96cP5jL&v1=",
            "v2=\u{e9}&v1=",
        ] {
            let query = [before, "water low"].concat();
            let text = short_ascii(query.as_bytes(), before.len(), query.len());
            assert_eq!(text, Some("water low"));
            let text = short_ascii(query.as_bytes(), before.len(), before.len());
            assert_eq!(text, Some(""));
        }
        assert_eq!(short_ascii("v1=caf\u{e9}".as_bytes(), 3, 8), None);
    }
}
