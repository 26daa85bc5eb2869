//! The scan of texts with escapes or raw UTF-8, from stop to stop.

use core::num::NonZeroUsize;

use super::ascii::ascii;
use super::percent::{self, DecodeError, Decoded, decode_digits};
use super::scan::{SEPARATOR, segment_end, slice};
use super::stops::{WIDE, wide_stops_at};
use super::text::Text;

/// A text and the properties that a datastream checks, from a single pass.
pub(crate) struct ScannedText<'q> {
    pub(crate) text: Text<'q>,
    /// Decoded length in bytes.
    pub(crate) len: usize,
    pub(crate) has_nul: bool,
}

impl<'q> ScannedText<'q> {
    /// Scans any text, from `start` up to a separator or the end of the bytes.
    #[inline(always)]
    pub(crate) fn new(bytes: &'q [u8], start: usize) -> Result<Self, DecodeError> {
        let mut scan = Scan::default();
        let end = scan.find_end(bytes, start)?;
        let raw = slice(bytes, start, end);
        let text = match scan.saved > 0 || scan.has_plus {
            true => Text::escaped(raw),
            false => Text::plain(match ascii(raw) {
                Some(text) => text,
                None => core::str::from_utf8(raw).map_err(|_| DecodeError::InvalidUtf8)?,
            }),
        };
        Ok(Self {
            text,
            len: raw.len() - scan.saved,
            has_nul: scan.has_nul,
        })
    }

    /// Scans decoded text.
    pub(crate) fn plain(text: &'q str) -> Self {
        Self {
            text: Text::plain(text),
            len: text.len(),
            has_nul: memchr::memchr(0, text.as_bytes()).is_some(),
        }
    }
}

/// The properties of a text, as far as it has been scanned.
#[derive(Default)]
struct Scan {
    /// The number of bytes that decoding removes.
    saved: usize,
    has_plus: bool,
    has_nul: bool,
}

impl Scan {
    /// Returns the offset of the first separator at or after `at`, or the end of the bytes.
    #[inline(always)]
    fn find_end(&mut self, bytes: &[u8], mut at: usize) -> Result<usize, DecodeError> {
        loop {
            let mut stops = wide_stops_at(bytes, at);
            let mut next = at + WIDE;
            while stops != 0 {
                let stop = at + stops.trailing_zeros() as usize;
                let rest = match bytes.get(stop..) {
                    None | Some([] | [SEPARATOR, ..]) => return Ok(stop),
                    Some(rest) => rest,
                };
                match self.scan(rest)? {
                    None => stops &= stops - 1,
                    Some(raw) => {
                        let end = stop + raw.get();
                        if end >= next {
                            next = end;
                            break;
                        }
                        stops &= u64::MAX << (end - at);
                    }
                }
            }
            at = next;
        }
    }

    /// Scans the first byte or escape. If a character that is not ASCII begins there, scans it and any
    /// that [`long_chars`] includes, and returns their raw length.
    #[inline(always)]
    fn scan(&mut self, bytes: &[u8]) -> Result<Option<NonZeroUsize>, DecodeError> {
        let mut decoded = Decoded::new(bytes);
        let Some(first) = decoded.next().transpose()? else {
            return Ok(None);
        };
        let rest = decoded.rest;
        let saved = bytes.len() - rest.len() - 1;
        self.has_plus |= bytes.first() == Some(&b'+');
        if first < 0x80 {
            self.has_nul |= first == 0;
            self.saved += saved;
            return Ok(None);
        }
        let chars = long_chars(first, rest, saved == 2)?;
        self.saved += chars.saved;
        Ok(NonZeroUsize::new(chars.raw))
    }
}

/// Characters that are not ASCII.
struct LongChars {
    /// Raw length.
    raw: usize,
    /// The number of bytes that decoding removes.
    saved: usize,
}

/// Scans the rest of a character whose decoded first byte is `first`. If it has two bytes, both raw or
/// both escaped, also scans those like it that follow.
#[inline(always)]
fn long_chars(first: u8, rest: &[u8], is_escaped: bool) -> Result<LongChars, DecodeError> {
    let (raw, saved) = match (first, rest) {
        (0xC2..=0xDF, [b'%', high, low, rest @ ..])
            if is_escaped && matches!(decode_digits(*high, *low), Some(0x80..=0xBF)) =>
        {
            // Most often an escaped space follows, which is not worth a call.
            let more = match rest {
                [b'%', b'C' | b'D' | b'c' | b'd', ..] => escaped_two_byte_chars(rest),
                _ => 0,
            };
            (6 * (1 + more), 4 * (1 + more))
        }
        (0xC2..=0xDF, [0x80..=0xBF, rest @ ..]) if !is_escaped => {
            (2 * (1 + raw_two_byte_chars(rest)), 0)
        }
        _ => {
            let raw = any_char(first, rest).ok_or_else(|| char_error(rest))?;
            let raw = raw.get() + if is_escaped { 3 } else { 1 };
            let decoded = 2 + usize::from(first >= 0xE0) + usize::from(first >= 0xF0);
            (raw, raw - decoded)
        }
    };
    Ok(LongChars { raw, saved })
}

/// Returns the number of leading characters that consist of two escaped bytes.
#[inline(never)]
fn escaped_two_byte_chars(mut bytes: &[u8]) -> usize {
    let mut pairs = 0;
    while let [b'%', a, b, b'%', c, d, rest @ ..] = bytes {
        match (decode_digits(*a, *b), decode_digits(*c, *d)) {
            (Some(0xC2..=0xDF), Some(0x80..=0xBF)) => bytes = rest,
            _ => break,
        }
        pairs += 1;
    }
    pairs
}

/// Returns the number of leading characters that consist of two raw bytes.
#[inline(never)]
fn raw_two_byte_chars(mut bytes: &[u8]) -> usize {
    let mut pairs = 0;
    while let [0xC2..=0xDF, 0x80..=0xBF, rest @ ..] = bytes {
        bytes = rest;
        pairs += 1;
    }
    pairs
}

/// Returns the raw length of a character after its first byte, or `None` if it is invalid.
#[inline(never)]
fn any_char(first: u8, rest: &[u8]) -> Option<NonZeroUsize> {
    let mut decoded = Decoded::new(rest);
    decoded.long_char(first).ok()?;
    NonZeroUsize::new(rest.len() - decoded.rest.len())
}

/// Returns the error for an invalid character. A malformed escape takes precedence over invalid UTF-8,
/// even if it comes later in the text.
#[cold]
fn char_error(rest: &[u8]) -> DecodeError {
    match percent::is_well_formed(slice(rest, 0, segment_end(rest, 0))) {
        true => DecodeError::InvalidUtf8,
        false => DecodeError::MalformedEscape,
    }
}
