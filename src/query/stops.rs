//! Stops: the bytes of a text that need a closer look. These are the bytes below `,`, which include
//! separators, escapes and NUL, and those that are not ASCII. The end of the query is a stop as well.

use super::scan::SEPARATOR;

/// Number of bytes that [`stops_at`] covers.
pub(crate) const CHUNK: usize = 32;

/// Number of bytes that [`wide_stops_at`] covers.
pub(super) const WIDE: usize = 2 * CHUNK;

type Chunk = [u8; CHUNK];

/// Returns a mask of the stops from `at` on; the lowest bit is for the byte at `at`. Bits after the
/// end of the query have no meaning.
#[inline(always)]
pub(crate) fn stops_at(query: &[u8], at: usize) -> u32 {
    let rest = query.get(at..).unwrap_or_default();
    match (rest.first_chunk(), query.last_chunk()) {
        (Some(chunk), _) => stops(chunk),
        // Does not read the padded tail, because a load would wait for the stores that filled it.
        (None, Some(last)) => stops_of_suffix(last, rest.len()),
        (None, None) => stops_of_short(rest),
    }
}

/// Like [`stops_at`], but covers twice as many bytes.
#[inline(always)]
pub(super) fn wide_stops_at(query: &[u8], at: usize) -> u64 {
    u64::from(stops_at(query, at)) | u64::from(stops_at(query, at + CHUNK)) << CHUNK
}

/// Returns the offset of the first stop at or after `at`. The query must have at least 32 bytes.
#[inline(always)]
pub(crate) fn next_stop(query: &[u8], at: usize) -> usize {
    let Some(mut rest) = query.get(at..) else {
        return query.len();
    };
    let stops = loop {
        match rest.split_first_chunk() {
            Some((chunk, next)) if is_plain(chunk) => rest = next,
            Some((chunk, _)) => break stops(chunk),
            None => match query.last_chunk() {
                Some(last) => break stops_of_suffix(last, rest.len()),
                None => break 1 << rest.len(),
            },
        }
    };
    query.len() - rest.len() + stops.trailing_zeros() as usize
}

/// Returns `true` if a chunk has no stops. LLVM vectorizes this; computing a mask takes longer.
#[inline(always)]
fn is_plain(chunk: &Chunk) -> bool {
    chunk
        .iter()
        .fold(true, |all, byte| all & matches!(byte, b','..=0x7F))
}

/// Returns the mask of the last `len` bytes of a query, followed by its end.
#[inline(always)]
fn stops_of_suffix(last: &Chunk, len: usize) -> u32 {
    let stops = u64::from(stops(last)) | 1 << CHUNK;
    ((stops << len) >> CHUNK) as u32
}

#[cold]
fn stops_of_short(rest: &[u8]) -> u32 {
    let mut padded = [SEPARATOR; CHUNK];
    for (slot, byte) in padded.iter_mut().zip(rest) {
        *slot = *byte;
    }
    stops(&padded)
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use stops_by_words as stops;

/// Returns the mask of a chunk, using an instruction that LLVM does not generate from portable code.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline(always)]
fn stops(chunk: &Chunk) -> u32 {
    use safe_arch::{
        load_unaligned_m128i, move_mask_i8_m128i, set_splat_i8_m128i, sub_saturating_i8_m128i,
    };

    let half = |half: Option<&[u8; 16]>| {
        let bytes = load_unaligned_m128i(half.unwrap_or(&[0; 16]));
        // As signed numbers, bytes that are not ASCII are below `,` as well.
        let below = sub_saturating_i8_m128i(bytes, set_splat_i8_m128i(b',' as i8));
        move_mask_i8_m128i(below) as u32
    };
    half(chunk.first_chunk()) | half(chunk.last_chunk()) << 16
}

/// Returns the mask of a chunk on other platforms. Tested on all of them.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
#[inline(always)]
fn stops_by_words(chunk: &Chunk) -> u32 {
    use super::swar::{HIGH_BITS, repeat};

    chunk.rchunks_exact(8).fold(0, |stops, word| {
        let word = u64::from_le_bytes(word.first_chunk().copied().unwrap_or_default());
        // No byte borrows from the next one.
        let below = !(word | HIGH_BITS).wrapping_sub(repeat(b','));
        let marks = (below | word) & HIGH_BITS;
        // Gathers the high bits in the highest byte.
        let bits = (marks >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        stops << 8 | bits as u32
    })
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn is_stop(byte: u8) -> bool {
        !matches!(byte, b','..=0x7F)
    }

    #[test]
    fn every_byte_is_marked_at_every_offset() {
        for byte in 0..=u8::MAX {
            for rest in [b'x', b',', b'&', 0xFF] {
                for offset in 0..CHUNK {
                    let mut chunk = [rest; CHUNK];
                    chunk[offset] = byte;
                    let marks = chunk.iter().rev();
                    let expected =
                        marks.fold(0, |marks, &byte| marks << 1 | u32::from(is_stop(byte)));
                    assert_eq!(stops(&chunk), expected, "{byte:#x} at {offset}");
                    assert_eq!(stops_by_words(&chunk), expected, "{byte:#x} at {offset}");
                    assert_eq!(is_plain(&chunk), expected == 0, "{byte:#x} at {offset}");
                }
            }
        }
    }

    /// Finding a stop too early is slow rather than wrong, so no other test would fail.
    #[test]
    fn stops_are_found_at_every_offset() {
        for length in 0..150 {
            let plain: Vec<u8> = (b','..=0x7F).cycle().take(length).collect();
            for (stop, after) in [
                (None, 0),
                (Some(b'&'), 0),
                (Some(b'%'), 7),
                (Some(0xC3), 99),
            ] {
                let mut query = plain.clone();
                query.extend(stop);
                query.resize(query.len() + after, b'x');
                for at in 0..=length {
                    let distance = (length - at) as u32;
                    assert_eq!(stops_at(&query, at).trailing_zeros(), distance.min(32));
                    assert_eq!(wide_stops_at(&query, at).trailing_zeros(), distance.min(64));
                    if query.len() >= CHUNK {
                        assert_eq!(next_stop(&query, at), length);
                    }
                }
            }
        }
    }
}
