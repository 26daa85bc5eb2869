//! A prototype, not part of the crate, that shows how fast numbers and plain texts can be parsed.
//!
//! It does not branch on a name's length or a number's sign, point, type or bounds, all unpredictable.
//! Raw pointers avoid bounds checks. Input that the timed workloads do not contain is rejected.

// Unsafe, to show what safe code costs. Each unsafe function, or its type, states what it requires.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]

use std::arch::x86_64::*;
use std::cell::Cell;
use std::hint::select_unpredictable;

use pinquery::{Adjustment, Update, Value, VirtualPin};
use pinquery_test_support::plain;
use smallvec::SmallVec;

use crate::contender::{Contender, Outcome};
use crate::corpus::Case;
use crate::device::{Datastream, Device};

type Updates<'q> = SmallVec<[Update<&'q str>; 8]>;

thread_local! {
    /// For each pin, the number of the last query that contained it; then the current query's.
    static SEEN: [Cell<u64>; 257] = const { [const { Cell::new(0) }; 257] };
}

/// Length of `token=`, a token and a separator.
const START: usize = 39;
const INTEGER: u8 = 0;
const DOUBLE: u8 = 1;
const TEXT: u8 = 2;

/// The 16 bytes at offset `n` are a mask of the last `n` of 16 bytes.
static LAST: [[u8; 16]; 2] = [[0; 16], [u8::MAX; 16]];
/// Powers of ten, indexed by the length of a fraction including its point.
static POWERS: [f64; 8] = [1e0, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
/// Sign bits of a number and its negative, indexed by whether there is a minus sign.
static SIGNS: [[f64; 2]; 2] = [[0.0, -0.0], [-0.0, 0.0]];
/// Indexed by two bits: below the minimum, above the maximum.
static ADJUSTED: [Option<Adjustment>; 4] =
    [None, Some(Adjustment::Min), Some(Adjustment::Max), None];

/// A pin's datastream.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
struct Entry {
    /// The minimum and the negated maximum: lower bounds of a number and of its negative.
    bounds: [f64; 2],
    /// The maximum of a number, or of a text's length.
    max: f64,
    /// `v` and the pin, right-aligned. Zero if the pin has no datastream.
    name: u32,
    kind: u8,
}

/// The datastreams by pin, and the highest `kind` of them.
#[derive(Debug)]
pub struct Template([Entry; 256], u8);

impl Template {
    /// Returns `None` if a datastream is not supported.
    pub fn new(plain: &plain::Template) -> Option<Self> {
        let mut template = Self([Entry::default(); 256], INTEGER);
        let exact = |bound: i64| (bound.unsigned_abs() <= 1 << 53).then_some(bound as f64);
        for (&pin, datastream) in plain {
            let (kind, min, max) = match datastream {
                Datastream::Integer(it) => (INTEGER, exact(it.min)?, exact(it.max)?),
                Datastream::Double(it) => (DOUBLE, it.min, it.max),
                Datastream::String(it) => (TEXT, 0.0, it.max_len as f64),
                _ => return None,
            };
            template.0[usize::from(pin)] = Entry {
                bounds: [min, -max],
                max,
                name: u32::from_le_bytes(*format!("\0\0v{pin}").as_bytes().last_chunk()?),
                kind,
            };
            template.1 = template.1.max(kind);
        }
        Some(template)
    }
}

pub struct Limit;

impl Contender for Limit {
    type Updates<'q> = Updates<'q>;
    type Error = ();

    fn parse_into<'q, 'd>(
        case: &'q Case,
        lookup: impl FnOnce(&str) -> Option<&'d Device>,
        updates: &mut Updates<'q>,
    ) -> Result<(), ()> {
        let device = token(case.query).and_then(lookup).ok_or(())?;
        let template = device.limit.as_deref().ok_or(())?;
        let parsers = [segments::<INTEGER>, segments::<DOUBLE>, segments::<TEXT>];
        let parse = parsers[usize::from(template.1)];
        // SAFETY: `token` has accepted the query.
        SEEN.with(|seen| unsafe { parse(case.query.as_bytes(), template, seen, updates) })
            .ok_or(())
    }

    fn outcome(result: Result<Updates<'_>, ()>) -> Outcome {
        let updates = result.map_err(|()| "unsupported")?;
        let owned = |update: Update<&str>| update.map_string(str::to_owned);
        Ok(updates.into_iter().map(owned).collect())
    }
}

/// Returns the token if it has 32 plain bytes and is followed by a separator and at least four bytes.
fn token(query: &str) -> Option<&str> {
    let (token, rest) = query.strip_prefix("token=")?.split_at_checked(32)?;
    let both = |valid, byte: u8| valid & matches!(byte, b'-'..=b'~');
    let is_valid = token.bytes().fold(true, both);
    (is_valid && rest.starts_with('&') && rest.len() > 4).then_some(token)
}

/// Loads a value from bytes, which must be readable.
unsafe fn load<T: Copy>(bytes: *const u8) -> T {
    bytes.cast::<T>().read_unaligned()
}

/// Returns a mask of the bytes equal to `byte` among 16 readable ones.
unsafe fn equal(bytes: *const u8, byte: i8) -> u32 {
    _mm_movemask_epi8(_mm_cmpeq_epi8(load(bytes), _mm_set1_epi8(byte))) as u32
}

/// Returns a mask of the bytes that are below `,` or not ASCII among 16 readable ones.
unsafe fn stops(bytes: *const u8) -> u32 {
    _mm_movemask_epi8(_mm_subs_epi8(load(bytes), _mm_set1_epi8(0x2C))) as u32
}

/// Returns the offset of the lowest bit of a mask that is not zero.
unsafe fn first(mask: u32) -> usize {
    std::num::NonZero::new_unchecked(mask).trailing_zeros() as usize
}

/// Parses the segments of a query that `token` has accepted, at most 32.
unsafe fn segments<'q, const KIND: u8>(
    query: &'q [u8],
    template: &Template,
    seen: &[Cell<u64>; 257],
    updates: &mut Updates<'q>,
) -> Option<()> {
    seen[256].set(seen[256].get() + 1);
    // Nine segments have more than 40 bytes.
    if query.len() > START + 40 {
        updates.reserve_exact(32);
    }
    let (mut start, end) = (query.as_ptr().add(START), query.as_ptr().add(query.len()));
    let (out, mut count) = (updates.as_mut_ptr(), 0);
    let mut parser = Parser::<KIND>(template, seen, [0; 3], _mm_setzero_si128());
    while start < end && count < 32 {
        let left = end.offset_from(start) as usize;
        let (length, pin, value, adjusted) = match KIND {
            TEXT => parser.text(start, left)?,
            _ => parser.number(start, left)?,
        };
        out.add(count).write(Update {
            pin,
            value,
            adjusted,
        });
        start = start.wrapping_add(length + 1);
        count += 1;
    }
    updates.set_len(count);
    let valid = _mm_movemask_epi8(_mm_cmpeq_epi8(parser.3, _mm_setzero_si128()));
    (valid == 0xFFFF && start >= end).then_some(())
}

/// A template, the pins seen, masks of the separators, `=` and points in the next bytes, and a vector
/// that is not zero if a number was invalid. Methods take the query's last `left` bytes.
struct Parser<'p, const KIND: u8>(&'p Template, &'p [Cell<u64>; 257], [u32; 3], __m128i);

/// A segment's datastream, its pin, and the offset of its value.
type Resolved<'p> = (&'p Entry, VirtualPin, usize);
/// A segment's length, and its update.
type Parsed<'q> = (usize, VirtualPin, Value<&'q str>, Option<Adjustment>);

impl<'p, const KIND: u8> Parser<'p, KIND> {
    /// Returns masks of the next 32 bytes.
    unsafe fn masks(start: *const u8, left: usize) -> [u32; 3] {
        let before = 32_usize.saturating_sub(left);
        let bytes = start.sub(before);
        let mask = |byte| (equal(bytes, byte) | equal(bytes.add(16), byte) << 16) >> before;
        let end = 1_u32.checked_shl(left as u32).unwrap_or(0);
        [mask(0x26) | end, mask(0x3D), mask(0x2E)]
    }

    /// Resolves the name of a segment of `end` bytes.
    #[inline(always)]
    unsafe fn resolve(&self, start: *const u8, end: usize, equals: u32) -> Option<Resolved<'p>> {
        let equals = equals & 0b1_1100;
        if equals == 0 || first(equals) + 1 >= end {
            return None;
        }
        let align = |name: u32| name << (32 - 8 * first(equals));
        let name = load::<u32>(start) | 0x20;
        // Bytes other than digits also yield a pin, but one with a different name.
        let digits = align(name.wrapping_sub(u32::from_le_bytes(*b"v000")));
        let pin = (digits.wrapping_mul(0x64_0A01) >> 24) as usize;
        let (entry, query) = (&self.0.0[pin], self.1[256].get());
        if entry.name != align(name) || self.1[pin].replace(query) == query {
            return None;
        }
        Some((entry, VirtualPin(pin as u8), first(equals) + 1))
    }

    /// Parses a number.
    unsafe fn number<'q>(&mut self, start: *const u8, left: usize) -> Option<Parsed<'q>> {
        if self.2[0] == 0 {
            self.2 = Self::masks(start, left);
        }
        let [ends, equals, points] = self.2;
        if ends == 0 {
            return None;
        }
        let end = first(ends);
        let (entry, pin, value) = self.resolve(start, end, equals)?;
        let sign = usize::from(*start.add(value) == b'-');
        let length = end - value - sign;
        // The length of the fraction including its point.
        let fraction = usize::from(KIND == DOUBLE) * (end - first(ends | points));
        let is_valid = (fraction == 0) | (entry.kind == DOUBLE) & (2..8).contains(&fraction);
        if !is_valid || length.wrapping_sub(1) >= if KIND == DOUBLE { 15 } else { 8 } {
            return None;
        }
        self.2 = self.2.map(|mask| mask >> (end + 1));
        let number = self.digits(start.add(end).sub(16), length, fraction);
        // The number and its negative.
        let numbers = _mm_xor_pd(number, load(SIGNS[sign].as_ptr().cast()));
        let bounds = load(entry.bounds.as_ptr().cast());
        let outside = _mm_movemask_pd(_mm_cmplt_pd(numbers, bounds));
        // Zero keeps its sign: if the numbers are equal, these return the second.
        let clamped = _mm_min_sd(_mm_set_sd(entry.max), _mm_max_sd(bounds, numbers));
        let (double, integer) = (_mm_cvtsd_f64(clamped), _mm_cvttsd_si64(clamped));
        let is_double = KIND == DOUBLE && entry.kind == DOUBLE;
        let bits = select_unpredictable(is_double, double.to_bits(), integer as u64);
        let value = match is_double {
            true => Value::Double(f64::from_bits(bits)),
            false => Value::Integer(bits as i64),
        };
        Some((end, pin, value, ADJUSTED[outside as usize]))
    }

    /// Returns, in both lanes, the number in the last `length` of 16 readable bytes.
    unsafe fn digits(&mut self, bytes: *const u8, length: usize, fraction: usize) -> __m128d {
        let last = |bytes: usize| load::<__m128i>(LAST.as_ptr().cast::<u8>().add(bytes));
        let digits = _mm_xor_si128(load(bytes), _mm_set1_epi8(0x30));
        let mut digits = _mm_and_si128(digits, last(length));
        if KIND == DOUBLE {
            // Moves the digits before the point over it. Moves nothing if there is no point.
            let fixed = last(fraction.wrapping_sub(1) % 16);
            let moved = _mm_andnot_si128(fixed, _mm_slli_si128(digits, 1));
            digits = _mm_or_si128(_mm_and_si128(digits, fixed), moved);
        }
        self.3 = _mm_or_si128(self.3, _mm_subs_epu8(digits, _mm_set1_epi8(9)));
        // Adds weighted digits to groups of two, four and eight.
        let tens = _mm_set_epi16(1, 10, 100, 1000, 1, 10, 100, 1000);
        let low = _mm_madd_epi16(_mm_unpackhi_epi8(digits, _mm_setzero_si128()), tens);
        let high = _mm_madd_epi16(_mm_unpacklo_epi8(digits, _mm_setzero_si128()), tens);
        let thousands = _mm_set_epi16(1, 1, 10_000, 10_000, 1, 1, 10_000, 10_000);
        let halves = _mm_madd_epi16(_mm_packs_epi32(low, high), thousands);
        let halves = _mm_add_epi32(halves, _mm_shuffle_epi32(halves, 0b1011_0001));
        let low = _mm_cvtepi32_pd(halves);
        if KIND == INTEGER {
            return low;
        }
        let high = _mm_cvtepi32_pd(_mm_unpackhi_epi64(halves, halves));
        let number = _mm_add_pd(_mm_mul_pd(high, _mm_set1_pd(1e8)), low);
        _mm_div_pd(number, _mm_set1_pd(POWERS[fraction % 8]))
    }

    /// Parses a text.
    unsafe fn text<'q>(&self, start: *const u8, left: usize) -> Option<Parsed<'q>> {
        // A name has no stops, so the search need not wait for its length.
        let mut end = 0;
        while end + 16 <= left && stops(start.add(end)) == 0 {
            end += 16;
        }
        let before = (end + 16).saturating_sub(left);
        match stops(start.add(end).sub(before)) >> before {
            0 => end = left,
            stops => end += first(stops),
        }
        let before = 16_usize.saturating_sub(left);
        let equals = equal(start.sub(before), 0x3D) >> before;
        let (entry, pin, value) = self.resolve(start, end, equals)?;
        let text = std::slice::from_raw_parts(start.add(value), end - value);
        let fits = entry.kind == TEXT && text.len() as i64 as f64 <= entry.max;
        if !fits || end < left && *start.add(end) != b'&' {
            return None;
        }
        let value = Value::String(str::from_utf8_unchecked(text));
        Some((end, pin, value, None))
    }
}
