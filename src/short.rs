//! The fast path: names and values that are short and plain, read straight from the window.
//!
//! Half of all values in real queries have four bytes or fewer, and nearly all have no escape.
//! Each function here reads one thing at `at` and gives it with the place behind it, or gives up,
//! which means nothing but: ask the complete path. What both read, they read alike; the tests
//! hold them to each other.

use crate::number::Integer;
use crate::pin::{Seen, VirtualPin};
use crate::scan::{self, End, HIGH_BITS, SEPARATOR, View, Window, repeat};
use crate::template::{Kind, Template};
use crate::text::Text;
use crate::update::{Update, Updates, Value};
use crate::value::{self, Judged};

/// Judges segments from `at` on as long as they are short, plain and acceptable: where the first
/// one begins that is not, untouched.
#[inline(always)]
pub(crate) fn run<'q>(
    query: &'q [u8],
    mut at: usize,
    template: &Template,
    seen: &mut Seen,
    updates: &mut Updates<'q>,
) -> usize {
    let mut end = End::EMPTY;
    end.fill(query);
    let window = Window { query, end: &end };
    while let Some(view) = window.view(at) {
        let Some((pin, value)) = self::pin(view.word::<0>(0)) else {
            break;
        };
        let Some(datastream) = template.get(pin) else {
            break;
        };
        if !seen.insert(pin) {
            break;
        }
        let start = at + value;
        let segment = Segment {
            window,
            start: at,
            view,
            value,
        };
        match segment.value(datastream.kind(), pin) {
            Some(((value, adjusted), end)) => {
                let update = Update {
                    pin,
                    value,
                    adjusted,
                };
                if !updates.add(update) {
                    seen.remove(pin);
                    return at;
                }
                at += end + 1;
            }
            None => match add_any(query, start, datastream.kind(), pin, updates) {
                Some(end) => at = end + 1,
                None => {
                    seen.remove(pin);
                    return at;
                }
            },
        }
    }
    at
}

/// Reads `v0=` to `V255=`, nothing escaped, from a window on a segment: the pin, and how many
/// bytes the name takes with its `=`.
///
/// Anything else is for the complete path. The first byte of the result's name is `v` or `V`, so a
/// `token` is never taken for a pin.
#[inline(always)]
pub(crate) fn pin(word: u64) -> Option<(VirtualPin, usize)> {
    let [letter, first, second, third, ..] = word.to_le_bytes();
    if letter | 0x20 != b'v' {
        return None;
    }
    let first = first.wrapping_sub(b'0');
    if second == b'=' {
        return (first <= 9).then_some((VirtualPin(first), 3));
    }
    let second = second.wrapping_sub(b'0');
    if !(1..=9).contains(&first) || second > 9 {
        return None;
    }
    let tens = 10 * first + second;
    if third == b'=' {
        return Some((VirtualPin(tens), 4));
    }
    // Both in one comparison: a digit, and `=` behind it.
    let last = ((word >> 24) as u16).wrapping_sub(u16::from_le_bytes([b'0', b'=']));
    if last > 9 {
        return None;
    }
    let number = u8::try_from(10 * u16::from(tens) + last).ok()?;
    Some((VirtualPin(number), 5))
}

/// A segment whose name has been read.
struct Segment<'w, 'q> {
    window: Window<'w, 'q>,
    start: usize,
    view: View<'w>,
    /// Where the value begins, from the segment's start.
    value: usize,
}

impl<'q> Segment<'_, 'q> {
    /// Reads the value, up to the separator behind it: what it becomes by its datastream, and how
    /// long the segment is.
    #[inline(always)]
    fn value(&self, kind: &Kind, pin: VirtualPin) -> Option<(Judged<'q>, usize)> {
        let at = self.value;
        let read = match kind {
            Kind::Integer { min, max } => {
                let (integer, end) = integer(self.view, at)?;
                (value::clamp_integer(integer, *min, *max), end)
            }
            Kind::Double { min, max } => {
                let (double, end) = double(self.view, at)?;
                (value::clamp_double(double, *min, *max), end)
            }
            Kind::String { max_len } => {
                let (text, end) = text(self.window, self.start, self.view, at, *max_len)?;
                ((Value::String(text), None), end)
            }
            Kind::Enumerable(stream) => {
                let (integer, end) = integer(self.view, at)?;
                (value::choose(integer, stream)?, end)
            }
            Kind::Boolean => {
                let [digit, end, ..] = self.view.word::<0>(at).to_le_bytes();
                let boolean = matches!(digit, b'0' | b'1') && end == SEPARATOR;
                let value = boolean.then_some(Value::Boolean(digit == b'1'))?;
                ((value, None), at + 1)
            }
            Kind::Location => {
                let (value, end) = location(self.window, self.start, self.view, at, pin)?;
                ((value, None), end)
            }
        };
        Some(read)
    }
}

/// Asks the complete path for the value that begins at `start`, and adds what it becomes: where it
/// ends. The name need not be read again.
#[inline(never)]
fn add_any<'q>(
    query: &'q [u8],
    start: usize,
    kind: &Kind,
    pin: VirtualPin,
    updates: &mut Updates<'q>,
) -> Option<usize> {
    let long_text = match kind {
        Kind::String { max_len } => long_text(query, start, *max_len),
        _ => None,
    };
    let ((value, adjusted), end) = match long_text {
        Some((text, end)) => ((Value::String(text), None), end),
        None => {
            let end = scan::segment_end(query, start);
            (value::judge(kind, scan::slice(query, start, end))?, end)
        }
    };
    let update = Update {
        pin,
        value,
        adjusted,
    };
    updates.add(update).then_some(end)
}

/// Reads ASCII text of any length without any byte below `,`.
fn long_text(query: &[u8], start: usize, max_len: usize) -> Option<(Text<'_>, usize)> {
    let rest = query.get(start..)?;
    let (text, behind) = rest.split_at_checked(scan::plain_text(rest))?;
    if text.len() > max_len || behind.first().is_some_and(|&byte| byte != SEPARATOR) {
        return None;
    }
    Some((Text::plain(scan::ascii(text)?), start + text.len()))
}

/// Reads ASCII text of less than 24 bytes, none of them below `,`: without escapes, separators
/// and NUL, though also without a few bytes that would do no harm. For longer text `memchr` is
/// quicker.
#[inline(always)]
fn text<'q>(
    window: Window<'_, 'q>,
    start: usize,
    view: View<'_>,
    at: usize,
    max_len: usize,
) -> Option<(Text<'q>, usize)> {
    let words = [view.word::<0>(at), view.word::<8>(at), view.word::<16>(at)];
    let mut end = at;
    for word in words {
        let stops = scan::text_stops(word);
        if stops != 0 {
            let bits = stops.trailing_zeros() & 0x38;
            end += bits as usize / 8;
            if (word >> bits) as u8 != SEPARATOR || end - at > max_len {
                return None;
            }
            let text = window.slice(start + at, start + end);
            return Some((Text::plain(scan::ascii(text)?), end));
        }
        end += 8;
    }
    None
}

/// Reads a location in both forms: `lon,lat` and `lon&v5=lat`.
#[inline(never)]
fn location(
    window: Window<'_, '_>,
    start: usize,
    view: View<'_>,
    at: usize,
    pin: VirtualPin,
) -> Option<(Value<'static>, usize)> {
    let first = Decimal::read(view, at)?;
    let behind = first.end + 1;
    let view = window.view(start + behind)?;
    let at = match first.stop {
        b',' => 0,
        SEPARATOR => match self::pin(view.word::<0>(0))? {
            (next, length) if next == pin => length,
            _ => return None,
        },
        _ => return None,
    };
    let second = Decimal::read(view, at)?;
    let end = second.end_at(SEPARATOR)?;
    let value = Value::Location {
        longitude: first.double().filter(value::is_longitude)?,
        latitude: second.double().filter(value::is_latitude)?,
    };
    Some((value, behind + end))
}

/// Reads an integer of at most seven digits and a sign, without a loop.
#[inline(always)]
fn integer(view: View<'_>, at: usize) -> Option<(Integer, usize)> {
    match view.word::<0>(at) {
        word if word as u8 == b'-' => negative_integer(view, at + 1),
        word => unsigned(view, word, at, false),
    }
}

#[inline(never)]
fn negative_integer(view: View<'_>, at: usize) -> Option<(Integer, usize)> {
    unsigned(view, view.word::<0>(at), at, true)
}

#[inline(always)]
fn unsigned(view: View<'_>, word: u64, at: usize, negative: bool) -> Option<(Integer, usize)> {
    let word = word ^ repeat(b'0');
    let bits = non_digits(word).trailing_zeros() & 0x38;
    if bits == 0 || (word >> bits) as u8 != SEPARATOR ^ b'0' {
        return long_integer(view, at, negative);
    }
    let digits = eight_digits(word << (64 - bits)) as i64;
    let integer = if negative { -digits } else { digits };
    Some((Integer::Exact(integer), at + bits as usize / 8))
}

#[cold]
#[inline(never)]
fn long_integer(view: View<'_>, at: usize, negative: bool) -> Option<(Integer, usize)> {
    let decimal = Decimal::read_wide(view, at, negative)?;
    let end = decimal.end_at(SEPARATOR)?;
    Some((decimal.integer()?, end))
}

/// Reads a double of at most fifteen characters and a sign, without exponent.
#[inline(always)]
fn double(view: View<'_>, at: usize) -> Option<(f64, usize)> {
    match view.word::<0>(at) {
        word if word as u8 == b'-' => {
            let (double, end) = negative_double(view, at + 1)?;
            Some((-double, end))
        }
        word => unsigned_double(view, word, at),
    }
}

#[inline(never)]
fn negative_double(view: View<'_>, at: usize) -> Option<(f64, usize)> {
    unsigned_double(view, view.word::<0>(at), at)
}

#[inline(always)]
fn unsigned_double(view: View<'_>, word: u64, at: usize) -> Option<(f64, usize)> {
    let decimal = match Decimal::read_word(word, at, false) {
        Some(decimal) => decimal,
        None => Decimal::read_wide(view, at, false)?,
    };
    Some((decimal.double()?, decimal.end_at(SEPARATOR)?))
}

/// A decimal of at most fifteen characters and a sign, without exponent: `-73.987`.
struct Decimal {
    digits: u64,
    /// How many of the digits stand behind the point.
    fraction: usize,
    negative: bool,
    has_point: bool,
    /// Where the decimal ends, and the byte there.
    end: usize,
    stop: u8,
}

impl Decimal {
    #[inline(always)]
    fn read(view: View<'_>, at: usize) -> Option<Self> {
        let word = view.word::<0>(at);
        let negative = word as u8 == b'-';
        let at = at + usize::from(negative);
        match Self::read_word(view.word::<0>(at), at, negative) {
            Some(decimal) => Some(decimal),
            None => Self::read_wide(view, at, negative),
        }
    }

    /// Reads a decimal of at most seven characters, without a loop.
    #[inline(always)]
    fn read_word(word: u64, at: usize, negative: bool) -> Option<Self> {
        // The bits of the bytes before the first byte that is no digit, and before the second.
        let word = word ^ repeat(b'0');
        let stops = non_digits(word);
        if stops == 0 {
            return None;
        }
        let whole = stops.trailing_zeros() & 0x38;
        let mut end = whole;
        let mut digits = word;
        let has_point = (word >> whole) as u8 == b'.' ^ b'0';
        if has_point {
            let stops = stops & (stops - 1);
            if stops == 0 {
                return None;
            }
            end = stops.trailing_zeros() & 0x38;
            let before = (1 << whole) - 1;
            digits = word & before | word >> 8 & !before;
        }
        let length = end - 8 * u32::from(has_point);
        if length == 0 {
            return None;
        }
        Some(Self {
            digits: eight_digits(digits << (64 - length)),
            fraction: ((length - whole) / 8) as usize,
            negative,
            has_point,
            end: at + end as usize / 8,
            stop: (word >> end) as u8 ^ b'0',
        })
    }

    /// The same for fifteen characters: places and unrounded quotients.
    #[inline(never)]
    fn read_wide(view: View<'_>, at: usize, negative: bool) -> Option<Self> {
        const ZEROS: u128 = u128::from_le_bytes([b'0'; 16]);

        let word = u128::from(view.word::<0>(at)) | u128::from(view.word::<8>(at)) << 64;
        let word = word ^ ZEROS;
        let stops =
            u128::from(non_digits(word as u64)) | u128::from(non_digits((word >> 64) as u64)) << 64;
        if stops == 0 {
            return None;
        }
        let whole = stops.trailing_zeros() & 0x78;
        let mut end = whole;
        let mut digits = word;
        let has_point = (word >> whole) as u8 == b'.' ^ b'0';
        if has_point {
            let stops = stops & (stops - 1);
            if stops == 0 {
                return None;
            }
            end = stops.trailing_zeros() & 0x78;
            let before = (1 << whole) - 1;
            digits = word & before | word >> 8 & !before;
        }
        let length = end - 8 * u32::from(has_point);
        if length == 0 {
            return None;
        }
        let digits = digits << (128 - length);
        Some(Self {
            digits: eight_digits(digits as u64) * 100_000_000 + eight_digits((digits >> 64) as u64),
            fraction: ((length - whole) / 8) as usize,
            negative,
            has_point,
            end: at + end as usize / 8,
            stop: (word >> end) as u8 ^ b'0',
        })
    }

    #[inline(always)]
    fn end_at(&self, stop: u8) -> Option<usize> {
        (self.stop == stop).then_some(self.end)
    }

    #[inline(always)]
    fn integer(&self) -> Option<Integer> {
        let digits = self.digits as i64;
        let integer = if self.negative { -digits } else { digits };
        (!self.has_point).then_some(Integer::Exact(integer))
    }

    /// The nearest double: a quotient of two numbers that a double holds exactly is rounded once,
    /// as Clinger showed. (At most fifteen digits, far below 2^53; at most 10^14, below 10^22.)
    #[inline(always)]
    fn double(&self) -> Option<f64> {
        let double = self.digits as i64 as f64 / POWERS_OF_TEN.get(self.fraction)?;
        Some(if self.negative { -double } else { double })
    }
}

const POWERS_OF_TEN: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Marks the high bit of each byte that is above 9. Exact up to the byte behind the first marked
/// one at least: only a byte of 0x8A or more, which stands for no ASCII, carries into the next.
#[inline(always)]
fn non_digits(word: u64) -> u64 {
    (word.wrapping_add(repeat(0x76)) | word) & HIGH_BITS
}

/// The number that eight digits are, the first one in the lowest byte, each 0 to 9.
#[inline(always)]
fn eight_digits(word: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00FF_0000_00FF;
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let first = (pairs & PAIRS).wrapping_mul(0x000F_4240_0000_0064);
    let second = (pairs >> 16 & PAIRS).wrapping_mul(0x0000_2710_0000_0001);
    first.wrapping_add(second) >> 32
}
