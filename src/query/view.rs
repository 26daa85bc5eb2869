//! The one place that looks at bytes in bulk.
//!
//! Half of all values in real queries have four bytes or fewer, so a call for each delimiter costs
//! more than the parsing behind it. The short forms therefore look at a query through a [`View`],
//! eight bytes at a time in a `u64`; `memchr` does the far searches.

/// Where a segment ends.
pub(crate) const SEPARATOR: u8 = b'&';

/// `byte` in each of the eight bytes of a word.
pub(crate) const fn repeat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of each byte: where the tests on words leave their answer.
pub(crate) const HIGH_BITS: u64 = repeat(0x80);

/// How many bytes of a segment the short forms look at.
const VIEW: usize = 32;

/// The bytes from one place of a query on, as if it went on with separators behind its end.
#[derive(Clone, Copy)]
pub(crate) struct View<'w>(&'w [u8; VIEW]);

impl View<'_> {
    /// The eight bytes from `offset` on, the first one lowest; nothing where the view ends before.
    #[inline(always)]
    pub(crate) fn word(&self, offset: usize) -> Option<u64> {
        let chunk = self.0.get(offset..).and_then(<[u8]>::first_chunk)?;
        Some(u64::from_le_bytes(*chunk))
    }

    /// The byte at `offset`, which is within the view.
    #[inline(always)]
    pub(crate) fn byte(&self, offset: usize) -> u8 {
        self.0[offset % VIEW]
    }

    /// The bytes from `start` to `end`.
    #[inline(always)]
    pub(crate) fn bytes(&self, start: usize, end: usize) -> Option<&[u8]> {
        self.0.get(start..end)
    }
}

/// A query's last bytes, and separators behind them.
pub(crate) struct End([u8; 2 * VIEW]);

impl End {
    pub(crate) const EMPTY: Self = Self([SEPARATOR; 2 * VIEW]);

    /// Copies a fixed number of bytes where it can: a copy of any length costs as much as a pin.
    #[inline(always)]
    pub(crate) fn fill(&mut self, query: &[u8]) {
        match (self.0.first_chunk_mut::<VIEW>(), query.last_chunk()) {
            (Some(end), Some(last)) => *end = *last,
            _ => copy_to_end(&mut self.0, query),
        }
    }
}

/// A query with views on it.
#[derive(Clone, Copy)]
pub(crate) struct Window<'w, 'q> {
    pub(crate) query: &'q [u8],
    /// INVARIANT: filled from this query.
    pub(crate) end: &'w End,
}

impl<'w, 'q: 'w> Window<'w, 'q> {
    /// The bytes of the query from the beginning of `rest` on, which is the query's end.
    #[inline(always)]
    pub(crate) fn view(&self, rest: &'q [u8]) -> Option<View<'w>> {
        match rest.first_chunk() {
            Some(view) => Some(View(view)),
            None => self.end.0.get(VIEW - rest.len()..)?.first_chunk().map(View),
        }
    }
}

#[cold]
#[inline(never)]
fn copy_to_end(end: &mut [u8; 2 * VIEW], query: &[u8]) {
    let places = end.iter_mut().take(VIEW).rev();
    for (place, byte) in places.zip(query.iter().rev()) {
        *place = *byte;
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

/// The bytes from `start` to `end`. Empty for an invalid range; callers pass none.
#[inline]
pub(crate) fn slice(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    bytes.get(start..end).unwrap_or_default()
}

/// How many of the first bytes are ASCII and not below `,`: neither escapes nor separators nor NUL
/// among them.
#[inline]
pub(crate) fn plain_text(bytes: &[u8]) -> usize {
    plain(bytes, |byte| matches!(byte, b','..=0x7F), text_stops)
}

/// How many of the first bytes are plain, by a test of one byte and a test of a word that marks the
/// high bit of the first byte that is not.
#[inline(always)]
pub(crate) fn plain(bytes: &[u8], is_plain: fn(u8) -> bool, stops: fn(u64) -> u64) -> usize {
    let mut rest = bytes;
    // 32 at once, which the compiler turns into vectors.
    while let Some((chunk, behind)) = rest.split_first_chunk::<32>() {
        if !chunk.iter().fold(true, |all, &byte| all & is_plain(byte)) {
            break;
        }
        rest = behind;
    }
    while let Some((chunk, behind)) = rest.split_first_chunk() {
        let stops = stops(u64::from_le_bytes(*chunk));
        if stops != 0 {
            let before = bytes.len() - rest.len();
            return before + stops.trailing_zeros() as usize / 8;
        }
        rest = behind;
    }
    let tail = rest.iter().take_while(|&&byte| is_plain(byte));
    bytes.len() - rest.len() + tail.count()
}

/// Marks the high bit of each byte of a word that is no ASCII or below `,`, as escapes, separators
/// and NUL are. Exact up to the first one: a borrow reaches only bytes behind it.
#[inline(always)]
pub(crate) fn text_stops(word: u64) -> u64 {
    (word.wrapping_sub(repeat(b',')) | word) & HIGH_BITS
}

/// The bytes from `start` to `end`, fewer than 24, as text.
///
/// Looks at 24 bytes, whatever the length: a loop that ends after any number of bytes is
/// mispredicted for every other text. Those in front are the text's name and what is before it.
#[inline(always)]
pub(crate) fn short_ascii(bytes: &[u8], start: usize, end: usize) -> Option<&str> {
    const LENGTH: usize = 24;

    let chunk = bytes.get(..end).and_then(<[u8]>::last_chunk::<LENGTH>);
    match chunk.and_then(|chunk| ascii(chunk)) {
        Some(text) => text.get((LENGTH + start).checked_sub(end)?..),
        None => ascii(slice(bytes, start, end)),
    }
}

/// ASCII bytes as text. `core::str::from_utf8` walks single bytes up to an aligned address, which is
/// slow for short texts.
#[inline(always)]
pub(crate) fn ascii(bytes: &[u8]) -> Option<&str> {
    ascii::AsciiStr::from_ascii(bytes)
        .ok()
        .map(|text| text.as_str())
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn a_view_shows_the_query_and_separators_behind_its_end() {
        let query: Vec<u8> = (100..=199).collect();
        for length in 0..=query.len() {
            let query = &query[..length];
            let mut end = End::EMPTY;
            end.fill(query);
            let window = Window { query, end: &end };
            for at in 0..=length {
                let View(view) = window.view(&query[at..]).expect("a view within the query");
                let mut expected = query[at..].to_vec();
                expected.resize(expected.len().max(VIEW), SEPARATOR);
                assert_eq!(view, &expected[..VIEW]);
            }
        }
    }

    #[test]
    fn a_word_is_eight_bytes_of_the_view() {
        let bytes: [u8; VIEW] = core::array::from_fn(|place| place as u8);
        for at in 0..=VIEW {
            let word = bytes
                .get(at..at + 8)
                .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")));
            assert_eq!(View(&bytes).word(at), word);
        }
    }

    /// Else text is measured and decoded, which means the same and takes several times as long.
    #[test]
    fn plain_text_goes_up_to_the_first_byte_that_is_none() {
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
    fn an_escape_is_found() {
        assert_eq!(escape(b"20.5"), None);
        assert_eq!(escape(b"20+5"), Some(2));
        assert_eq!(escape(b"205%"), Some(3));
    }

    #[test]
    fn ascii_is_text() {
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
