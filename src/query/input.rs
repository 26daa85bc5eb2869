//! A query as the loop reads it. The rest of the query is a slice; only [`Input`] converts it to an
//! offset.

use core::num::NonZeroUsize;
use core::ops::Range;

use super::encoded::Encoded;
use super::pairs::Pairs;
use super::scan::{SEPARATOR, name_end};
use crate::pin::{self, VirtualPin};

/// Number of bytes of a segment that the fast path sees.
const WINDOW: usize = 32;

/// The bytes at the start of the rest of a query, padded with separators beyond its end.
#[derive(Clone, Copy)]
pub(crate) struct Window<'i>(&'i [u8; WINDOW]);

impl Window<'_> {
    /// Parses an unescaped pin name. Returns the pin and the offset of its value.
    #[inline]
    pub(crate) fn fast_pin(&self) -> Option<(VirtualPin, usize)> {
        pin::fast_pin(self.word(0)?)
    }

    /// Returns the eight bytes at `offset`, the first one lowest, if the window contains them.
    #[inline]
    pub(crate) fn word(&self, offset: usize) -> Option<u64> {
        let chunk = self.0.get(offset..).and_then(<[u8]>::first_chunk)?;
        Some(u64::from_le_bytes(*chunk))
    }

    /// Returns the byte at `offset`, which must be within the window.
    #[inline]
    pub(crate) fn byte(&self, offset: usize) -> u8 {
        self.0[offset % WINDOW]
    }

    /// Returns the bytes from `start` to `end`, if the window contains them.
    #[inline]
    pub(crate) fn bytes(&self, start: usize, end: usize) -> Option<&[u8]> {
        self.0.get(start..end)
    }
}

/// The last bytes of a query, followed by separators.
struct PaddedTail([u8; 2 * WINDOW]);

/// A query and its padded tail.
pub(crate) struct Input<'q> {
    query: &'q [u8],
    /// INVARIANT: the tail of `query`, once [`fill_tail`](Self::fill_tail) was called.
    tail: PaddedTail,
    /// Maximum number of different pins, from the template.
    max_pins: usize,
}

impl<'q> Input<'q> {
    /// Wraps a query. The caller fills the tail: if this did, the tail would be copied with the
    /// return value (2 % more instructions).
    #[inline]
    pub(crate) fn new(query: &'q [u8], max_pins: usize) -> Self {
        let tail = PaddedTail([SEPARATOR; 2 * WINDOW]);
        Self {
            query,
            tail,
            max_pins,
        }
    }

    /// Fills the tail. Copies a fixed number of bytes if it can: a copy of variable length costs as
    /// much as a pin.
    #[inline]
    pub(crate) fn fill_tail(&mut self) {
        let PaddedTail(tail) = &mut self.tail;
        match (tail.first_chunk_mut::<WINDOW>(), self.query.last_chunk()) {
            (Some(tail), Some(last)) => *tail = *last,
            _ => fill_short(tail, self.query),
        }
    }

    /// Returns the whole query.
    pub(crate) fn query(&self) -> &'q [u8] {
        self.query
    }

    /// Returns an upper bound on the number of updates: `len` so far, one that is about to be pushed,
    /// and those from `at` on. The shortest segment is `&v0`, and no pin is repeated.
    pub(crate) fn max_updates(&self, len: usize, at: usize) -> usize {
        let rest = self.query.len() - at;
        self.max_pins.min(len + 1 + rest / 3)
    }

    /// Returns the offset of `rest`, a suffix of the query.
    #[inline]
    pub(crate) fn offset_of(&self, rest: &'q [u8]) -> usize {
        self.query.len() - rest.len()
    }

    /// Returns the window at the start of `rest`, if `rest` is a suffix of the query.
    #[inline]
    pub(crate) fn window<'i>(&'i self, rest: &'q [u8]) -> Option<Window<'i>> {
        match rest.first_chunk() {
            Some(window) => Some(Window(window)),
            None => {
                let tail = self.tail.0.get(WINDOW - rest.len()..)?;
                tail.first_chunk().map(Window)
            }
        }
    }

    /// Returns the segments of `rest`.
    pub(crate) fn pairs(&self, rest: &'q [u8]) -> Pairs<'q> {
        Pairs::starting_at(self.query, self.offset_of(rest))
    }

    /// Returns the value at `offset` in `rest` and the segments after it.
    pub(crate) fn value(&self, rest: &'q [u8], offset: usize) -> (Encoded<'q>, Pairs<'q>) {
        let mut pairs = Pairs::starting_at(self.query, self.offset_of(rest) + offset);
        (pairs.next_value(), pairs)
    }

    /// Returns the span of the name at the start of `rest`. Cold, as is `fill_short`: 1 % to 1.6 % fewer
    /// instructions.
    #[cold]
    pub(crate) fn name(&self, rest: &'q [u8]) -> Range<usize> {
        let start = self.offset_of(rest);
        start..name_end(self.query, start)
    }

    /// Returns the offset in `rest` of the segment after the one that `pairs` returned last.
    pub(crate) fn next(&self, rest: &'q [u8], pairs: &Pairs<'q>) -> NextOffset {
        NextOffset::MIN.saturating_add(pairs.end() - self.offset_of(rest))
    }
}

#[cold]
fn fill_short(tail: &mut [u8; 2 * WINDOW], query: &[u8]) {
    let slots = tail.iter_mut().take(WINDOW).rev();
    for (slot, byte) in slots.zip(query.iter().rev()) {
        *slot = *byte;
    }
}

/// Offset from the start of a segment to the start of the next one; beyond the end of the query for
/// the last segment. Non-zero, so that `Option<NextOffset>` fits in a register.
pub(crate) type NextOffset = NonZeroUsize;

/// The input of a fast path that is inlined. Passed to any other function, it would be written to
/// the stack for every segment (8 % more instructions).
#[derive(Clone, Copy)]
pub(crate) struct FastInput<'i, 'q> {
    pub(crate) input: &'i Input<'q>,
    /// The query from the segment on.
    pub(crate) rest: &'q [u8],
    pub(crate) window: Window<'i>,
    /// Offset of the value in the segment.
    pub(crate) value: usize,
    pub(crate) pin: VirtualPin,
}

impl<'q> FastInput<'_, 'q> {
    /// Returns the query from the value on.
    #[inline]
    pub(crate) fn text(&self) -> Option<&'q [u8]> {
        self.rest.get(self.value..)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn a_window_is_padded_with_separators() {
        let query: Vec<u8> = (100..=199).collect();
        for length in 0..=query.len() {
            let query = &query[..length];
            let mut input = Input::new(query, 256);
            input.fill_tail();
            for at in 0..=length {
                let Window(window) = input.window(&query[at..]).expect("the end of the query");
                let mut expected = query[at..].to_vec();
                expected.resize(expected.len().max(WINDOW), SEPARATOR);
                assert_eq!(window, &expected[..WINDOW]);
            }
        }
    }

    #[test]
    fn a_word_is_eight_bytes_of_the_window() {
        let bytes: [u8; WINDOW] = core::array::from_fn(|index| index as u8);
        for at in 0..=WINDOW {
            let word = bytes
                .get(at..at + 8)
                .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")));
            assert_eq!(Window(&bytes).word(at), word);
        }
    }

    #[test]
    fn the_next_offset_of_the_last_segment_is_past_the_end() {
        let query = b"v1=2&&v3=4";
        let input = Input::new(query, 256);
        let mut pairs = input.pairs(&query[1..]);
        pairs.next();
        assert_eq!(input.next(&query[1..], &pairs).get(), 4);
        pairs.next();
        assert_eq!(input.next(&query[1..], &pairs).get(), query.len());
        assert_eq!(query[1..].get(query.len()..), None);
    }
}
