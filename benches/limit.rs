//! A prototype, not part of the crate, that shows how fast numbers and plain strings can be parsed.
//!
//! Nothing branches on the length of a name, nor on a number's sign, point, type or bounds, which are
//! unpredictable: SSE2 finds the delimiters in 16 bytes at once, tables replace branches, and all
//! numbers share one calculation. Raw pointers need neither bounds checks nor a padded tail, because a
//! load that ends where a value ends is within the query. There is no slow path: a query with escapes,
//! another type or a token of another length is rejected, without a reason or span.

// Unsafe, to show what safe code costs. Each unsafe function states what it requires.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]

mod template;

use std::arch::x86_64::*;
use std::cell::Cell;
use std::hint::{assert_unchecked, select_unpredictable};

use pinquery::{Value, VirtualPin};
use smallvec::SmallVec;

use crate::contender::{Contender, Outcome};
use crate::corpus::Case;
use crate::device::Device;
pub use template::Template;
use template::{Entry, Kind, TABLES};

type Update<'q> = pinquery::Update<&'q str>;
type Updates<'q> = SmallVec<[Update<'q>; 8]>;

/// The number of the last query that contained each pin, and of this query.
type Seen = [Cell<u64>; 257];

/// Length of `token=`, a token and a separator.
const START: usize = 39;

thread_local! {
    static SEEN: Seen = const { [const { Cell::new(0) }; 257] };
}

pub struct Limit;

impl Contender for Limit {
    type Updates<'q> = Updates<'q>;
    type Error = ();

    #[inline]
    fn parse_into<'q, 'd>(
        case: &'q Case,
        lookup: impl FnOnce(&str) -> Option<&'d Device>,
        updates: &mut Updates<'q>,
    ) -> Result<(), ()> {
        let query = case.query.as_bytes();
        let device = token(query).and_then(lookup).ok_or(())?;
        let template = device.limit().ok_or(())?;
        let parse = match (template.1, query.len() < START + 32) {
            (Kind::Integer, true) => numbers::<false, true>,
            (Kind::Integer, false) => numbers::<false, false>,
            (Kind::Double, true) => numbers::<true, true>,
            (Kind::Double, false) => numbers::<true, false>,
            (Kind::String, _) => strings,
        };
        SEEN.with(|seen| {
            seen[256].set(seen[256].get() + 1);
            // SAFETY: `token` has accepted the query.
            unsafe { parse(query, template, seen, updates) }.ok_or(())
        })
    }

    fn outcome(result: Result<Updates<'_>, ()>) -> Outcome {
        let updates = result.map_err(|()| "unsupported")?;
        let owned = |update: Update<'_>| update.map_string(str::to_owned);
        Ok(updates.into_iter().map(owned).collect())
    }
}

/// Returns the token, if it has 32 bytes and is followed by a separator and at least four bytes.
#[inline(always)]
fn token(query: &[u8]) -> Option<&str> {
    if query.len() < START + 4 || query[..6] != *b"token=" || query[38] != b'&' {
        return None;
    }
    // SAFETY: the loads are within the query, and ASCII is UTF-8.
    unsafe {
        // All but 0x2D to 0x7E become negative.
        let stops = |at| {
            let bytes = _mm_add_epi8(load(query.as_ptr().add(at)), _mm_set1_epi8(1));
            _mm_subs_epi8(bytes, _mm_set1_epi8(0x2E))
        };
        let stops = mask(_mm_or_si128(stops(6), stops(22)));
        (stops == 0).then(|| str::from_utf8_unchecked(&query[6..38]))
    }
}

/// Loads readable bytes.
#[inline(always)]
unsafe fn load<T: Copy>(bytes: *const u8) -> T {
    bytes.cast::<T>().read_unaligned()
}

#[inline(always)]
unsafe fn mask(bytes: __m128i) -> u32 {
    _mm_movemask_epi8(bytes) as u32
}

/// Returns the offset of the lowest bit of a mask that is not zero.
#[inline(always)]
unsafe fn first(mask: u32) -> usize {
    std::num::NonZero::new_unchecked(mask).trailing_zeros() as usize
}

/// Masks of the separators, `=` and points.
type Masks = [u32; 3];

/// Returns the masks of 16 readable bytes.
#[inline(always)]
unsafe fn masks_of_16(bytes: *const u8) -> Masks {
    let equal = |byte| mask(_mm_cmpeq_epi8(load(bytes), _mm_set1_epi8(byte)));
    [equal(0x26), equal(0x3D), equal(0x2E)]
}

/// Returns the masks of 32 readable bytes.
#[inline(always)]
unsafe fn masks_of_32(bytes: *const u8) -> Masks {
    let (low, high) = (masks_of_16(bytes), masks_of_16(bytes.add(16)));
    [0, 1, 2].map(|index| low[index] | high[index] << 16)
}

/// Returns the masks of the last 1 to 31 bytes of a query, of which 32 are readable.
#[inline(always)]
unsafe fn last_masks(end: *const u8, left: usize) -> Masks {
    let mut masks = masks_of_32(end.sub(32)).map(|mask| mask >> (32 - left));
    masks[0] |= 1 << left;
    masks
}

/// Grows a buffer that `count` updates fill, and returns where to write the next.
#[cold]
unsafe fn grow<'q>(updates: &mut Updates<'q>, count: usize) -> *mut Update<'q> {
    updates.set_len(count);
    updates.reserve_exact(if count == 8 { 24 } else { 224 });
    updates.as_mut_ptr().add(count)
}

/// Parses a query that `token` has accepted.
#[inline(never)]
unsafe fn numbers<'q, const DOUBLES: bool, const SHORT: bool>(
    query: &'q [u8],
    template: &Template,
    seen: &Seen,
    updates: &mut Updates<'q>,
) -> Option<()> {
    let (mut start, end) = (query.as_ptr().add(START), query.as_ptr().add(query.len()));
    let (mut out, mut count) = (updates.as_mut_ptr(), 0);
    let mut parser = Parser(template, seen, _mm_setzero_si128());
    let mut masks = [0; 3];
    if SHORT {
        masks = last_masks(end, query.len() - START);
    }
    while if SHORT { masks[0] != 0 } else { start < end } {
        if masks[0] == 0 {
            let left = end.offset_from(start) as usize;
            masks = match left {
                32.. => masks_of_16(start),
                _ => last_masks(end, left),
            };
            if masks[0] == 0 {
                masks = masks_of_32(start);
            }
        }
        if !SHORT && (count == 8 || count == 32) {
            out = grow(updates, count);
        }
        let next = parser.number::<DOUBLES>(start, masks, out)? + 1;
        masks = masks.map(|mask| mask >> next);
        start = start.wrapping_add(next);
        out = out.add(1);
        count += 1;
    }
    updates.set_len(count);
    (mask(_mm_cmpeq_epi8(parser.2, _mm_setzero_si128())) == 0xFFFF).then_some(())
}

/// Parses a query that `token` has accepted.
#[inline(never)]
unsafe fn strings<'q>(
    query: &'q [u8],
    template: &Template,
    seen: &Seen,
    updates: &mut Updates<'q>,
) -> Option<()> {
    let parser = Parser(template, seen, _mm_setzero_si128());
    let (mut start, limit) = (query.as_ptr().add(START), query.as_ptr().add(query.len()));
    let (mut out, mut count) = (updates.as_mut_ptr(), 0);
    if query.len() < 64 {
        return None;
    }
    while start < limit {
        let left = limit.offset_from(start) as usize;
        // A name is plain, so the search need not wait for its length.
        let end = plain(start, left);
        let before = 16_usize.saturating_sub(left);
        let equals = masks_of_16(start.sub(before))[1] >> before;
        let (value, pin, entry) = parser.resolve(start, end, equals)?;
        let length = end - value;
        let fits = entry.kind == Kind::String && length as i64 as f64 <= entry.max;
        if !fits || end < left && *start.add(end) != b'&' {
            return None;
        }
        if count == 8 || count == 32 {
            out = grow(updates, count);
        }
        let text = std::slice::from_raw_parts(start.add(value), length);
        out.write(Update {
            pin,
            value: Value::String(str::from_utf8_unchecked(text)),
            adjusted: None,
        });
        start = start.wrapping_add(end + 1);
        out = out.add(1);
        count += 1;
    }
    updates.set_len(count);
    Some(())
}

/// A template, the pins seen, and a vector that is not zero if a number was invalid.
struct Parser<'p>(&'p Template, &'p Seen, __m128i);

impl<'p> Parser<'p> {
    /// Returns the offset of a segment's value, its pin, and the datastream. All bytes up to `end` are
    /// readable.
    #[inline(always)]
    unsafe fn resolve(
        &self,
        start: *const u8,
        end: usize,
        equals: u32,
    ) -> Option<(usize, VirtualPin, &'p Entry)> {
        let equals = equals & 0b1_1100;
        if equals == 0 || first(equals) + 1 >= end {
            return None;
        }
        let index = equals as usize / 4;
        let [mask, zero, weights] = [0, 1, 2].map(|table| TABLES.names[table][index]);
        let name = load::<u32>(start) | 0x20;
        // Other bytes than digits yield a number as well, but one with a different name.
        let pin = (name.wrapping_sub(zero).wrapping_mul(weights) >> 24) as usize;
        let (entry, query) = (&self.0.0[pin], self.1[256].get());
        if entry.name != name & mask || self.1[pin].replace(query) == query {
            return None;
        }
        Some((first(equals) + 1, VirtualPin(pin as u8), entry))
    }

    /// Parses a number and returns the length of its segment, which is within the query.
    #[inline(always)]
    unsafe fn number<const DOUBLES: bool>(
        &mut self,
        start: *const u8,
        [ends, equals, points]: Masks,
        out: *mut Update<'_>,
    ) -> Option<usize> {
        if ends == 0 {
            return None;
        }
        let end = first(ends);
        let (value, pin, entry) = self.resolve(start, end, equals)?;
        let negative = usize::from(*start.add(value) == b'-');
        let length = end - value - negative;
        // Of the fraction with its point.
        let fraction = usize::from(DOUBLES) * (end - first(ends | points));
        if fraction as u8 & entry.integral != 0 {
            return None;
        }
        let last = start.add(end).sub(16);
        let mut digits;
        if length.wrapping_sub(1) < 8 && fraction != 1 {
            digits = self.digits::<DOUBLES>(last, length, fraction);
        } else if 8 < length && length < 16 && fraction < 9 {
            let high = self.digits::<false>(last.sub(8), length - 8, 0);
            let weight = if fraction == 0 { 1e8 } else { 1e7 };
            digits = self.digits::<true>(last, 8, fraction);
            digits = _mm_add_pd(digits, _mm_mul_pd(high, _mm_set1_pd(weight)));
        } else {
            return None;
        }
        if DOUBLES {
            assert_unchecked(fraction < 9);
            digits = _mm_div_pd(digits, _mm_load_pd(TABLES.powers[fraction].as_ptr()));
        }
        write::<DOUBLES>(digits, negative, pin, entry, out);
        Some(end)
    }

    /// Returns twice the number that the last `length` of 16 bytes form, 1 to 8, without their point.
    #[inline(always)]
    unsafe fn digits<const DOUBLES: bool>(
        &mut self,
        bytes: *const u8,
        length: usize,
        fraction: usize,
    ) -> __m128d {
        let last = |bytes| load::<__m128i>(TABLES.last.as_ptr().add(bytes));
        let digits = _mm_xor_si128(load(bytes), _mm_set1_epi8(0x30));
        let mut digits = _mm_and_si128(digits, last(length));
        if DOUBLES {
            // Moves the digits before the point over it; without one, moves nothing.
            let fixed = last(fraction.wrapping_sub(1) % 16);
            let moved = _mm_andnot_si128(fixed, _mm_slli_epi64(digits, 8));
            digits = _mm_or_si128(_mm_and_si128(digits, fixed), moved);
        }
        self.2 = _mm_or_si128(self.2, _mm_subs_epu8(digits, _mm_set1_epi8(9)));
        let digits = _mm_unpackhi_epi8(digits, _mm_setzero_si128());
        let pairs = _mm_madd_epi16(digits, _mm_setr_epi16(1000, 100, 10, 1, 1000, 100, 10, 1));
        let weights = _mm_setr_epi16(10_000, 10_000, 1, 1, 10_000, 10_000, 1, 1);
        let halves = _mm_madd_epi16(_mm_packs_epi32(pairs, pairs), weights);
        let swapped = _mm_shuffle_epi32(halves, 0b1011_0001);
        _mm_cvtepi32_pd(_mm_add_epi32(halves, swapped))
    }
}

/// Writes the update of a number without its sign, clamped.
#[inline(always)]
unsafe fn write<const DOUBLES: bool>(
    digits: __m128d,
    negative: usize,
    pin: VirtualPin,
    entry: &Entry,
    out: *mut Update<'_>,
) {
    // The number and its negative.
    let numbers = _mm_xor_pd(digits, _mm_load_pd(TABLES.signs[negative].as_ptr()));
    let bounds = _mm_load_pd(entry.bounds.as_ptr());
    let outside = _mm_cmplt_pd(numbers, bounds);
    // Equal numbers keep their sign: these return the second one.
    let clamped = _mm_min_sd(_mm_load_sd(&entry.max), _mm_max_sd(bounds, numbers));
    let integer = _mm_cvttsd_si64(clamped) as u64;
    let is_double = DOUBLES && entry.kind == Kind::Double;
    let bits = select_unpredictable(is_double, _mm_cvtsd_f64(clamped).to_bits(), integer);
    out.write(Update {
        pin,
        value: match is_double {
            true => Value::Double(f64::from_bits(bits)),
            false => Value::Integer(bits as i64),
        },
        adjusted: TABLES.adjusted[_mm_movemask_pd(outside) as usize],
    });
}

/// Returns how many of the `left` bytes of a query of at least 64 are ASCII and not below `,`.
#[inline(always)]
unsafe fn plain(start: *const u8, left: usize) -> usize {
    let mut at = 0;
    while at + 64 <= left {
        match stops::<true>(start.add(at)) {
            0 => at += 64,
            stops => return at + stops.trailing_zeros() as usize,
        }
    }
    let before = at + 64 - left;
    match stops::<false>(start.add(at).sub(before)).wrapping_shr(before as u32) {
        _ if before == 64 => left,
        0 => left,
        stops => at + stops.trailing_zeros() as usize,
    }
}

/// Returns a mask of the other bytes among 64. `FIRST` allows it to lack all but the lowest bit.
#[inline(always)]
unsafe fn stops<const FIRST: bool>(bytes: *const u8) -> u64 {
    // Others become negative.
    let stops = |by| _mm_subs_epi8(load(bytes.add(by)), _mm_set1_epi8(0x2C));
    let (a, b, c, d) = (stops(0), stops(16), stops(32), stops(48));
    if mask(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d))) == 0 {
        return 0;
    }
    let [a, b, c, d] = [a, b, c, d].map(|stops| u64::from(mask(stops)));
    // A branch shortens the chain from segment to segment.
    if FIRST && a != 0 {
        return a;
    }
    a | b << 16 | c << 32 | d << 48
}
