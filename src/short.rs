//! The fast path: names and values that are short and plain, read straight from the window.
//!
//! Half of all values in real queries have four bytes or fewer, and nearly all have no escape.
//! Each function here reads one thing at `at` and gives it with the place behind it, or gives up,
//! which means nothing but: ask the complete path. What both read, they read alike; the tests
//! hold them to each other.

use crate::number::Integer;
use crate::pin::VirtualPin;
use crate::scan::{HIGH_BITS, SEPARATOR, Window, repeat};
use crate::template::Kind;
use crate::text::Text;
use crate::update::Value;
use crate::value::{self, Judged};

/// Reads `v0=` to `V255=`, nothing escaped, from a window on a segment: the pin, and how many
/// bytes the name takes with its `=`.
///
/// Anything else is for the complete path. The first byte of the result's name is `v` or `V`, so a
/// `token` is never taken for a pin.
#[inline(always)]
pub(crate) fn pin(word: u64) -> Option<(VirtualPin, usize)> {
    let [letter, a, b, c, end, ..] = word.to_le_bytes();
    let [a, y, z] = [a, b, c].map(|byte| byte.wrapping_sub(b'0'));
    if letter | 0x20 != b'v' || a > 9 {
        return None;
    }
    if b == b'=' {
        return Some((VirtualPin(a), 3));
    }
    if a == 0 || y > 9 {
        return None;
    }
    let tens = 10 * a + y;
    if c == b'=' {
        return Some((VirtualPin(tens), 4));
    }
    if z > 9 || end != b'=' {
        return None;
    }
    let number = tens.checked_mul(10)?.checked_add(z)?;
    Some((VirtualPin(number), 5))
}

/// Reads a plain value of a datastream, up to the separator behind it: what it becomes, and where
/// the separator stands.
#[inline(always)]
pub(crate) fn value<'q>(
    kind: &Kind,
    pin: VirtualPin,
    window: &Window<'q>,
    at: usize,
) -> Option<(Judged<'q>, usize)> {
    let read = match kind {
        Kind::Integer { min, max } => {
            let (integer, end) = integer(window, at)?;
            (value::clamp_integer(integer, *min, *max), end)
        }
        Kind::Double { min, max } => {
            let decimal = Decimal::read(window, at)?;
            let end = decimal.end_at(SEPARATOR)?;
            (value::clamp_double(decimal.double()?, *min, *max), end)
        }
        Kind::String { max_len } => {
            let (text, end) = text(window, at, *max_len)?;
            ((Value::String(text), None), end)
        }
        Kind::Enumerable(stream) => {
            let (integer, end) = integer(window, at)?;
            (value::choose(integer, stream)?, end)
        }
        Kind::Boolean => {
            let [digit, end, ..] = window.at(at).to_le_bytes();
            let boolean = matches!(digit, b'0' | b'1') && end == SEPARATOR;
            let value = boolean.then_some(Value::Boolean(digit == b'1'))?;
            ((value, None), at + 1)
        }
        Kind::Location => location(pin, window, at)?,
    };
    Some(read)
}

#[inline(always)]
fn integer(window: &Window<'_>, at: usize) -> Option<(Integer, usize)> {
    let decimal = Decimal::read(window, at)?;
    let end = decimal.end_at(SEPARATOR)?;
    Some((decimal.integer()?, end))
}

/// Both forms: `lon,lat` and `lon&v5=lat`.
#[inline]
fn location<'q>(pin: VirtualPin, window: &Window<'q>, at: usize) -> Option<(Judged<'q>, usize)> {
    let first = Decimal::read(window, at)?;
    let at = match first.stop {
        b',' => first.end + 1,
        SEPARATOR => {
            let at = first.end + 1;
            let (next, length) = self::pin(window.at(at))?;
            if next != pin {
                return None;
            }
            at + length
        }
        _ => return None,
    };
    let second = Decimal::read(window, at)?;
    let end = second.end_at(SEPARATOR)?;
    let value = Value::Location {
        longitude: first.double().filter(value::is_longitude)?,
        latitude: second.double().filter(value::is_latitude)?,
    };
    Some(((value, None), end))
}

/// How far a text is looked at by words; behind it `memchr` is quicker.
const SHORT_TEXT: usize = 32;

/// Reads ASCII text of at most [`SHORT_TEXT`] bytes without any byte below `,`: without escapes,
/// separators and NUL, though also without a few bytes that would do no harm.
#[inline]
fn text<'q>(window: &Window<'q>, start: usize, max_len: usize) -> Option<(Text<'q>, usize)> {
    let mut at = start;
    let end = loop {
        let word = window.at(at);
        let stops = (word.wrapping_sub(repeat(b',')) | word) & HIGH_BITS;
        if stops != 0 {
            break at + stops.trailing_zeros() as usize / 8;
        }
        at += 8;
        if at - start > SHORT_TEXT {
            return None;
        }
    };
    let query = window.query();
    if query.get(end).is_some_and(|&byte| byte != SEPARATOR) || end - start > max_len {
        return None;
    }
    let text = core::str::from_utf8(query.get(start..end)?).ok()?;
    Some((Text::plain(text), end))
}

/// A decimal of at most sixteen characters and a sign, without exponent: `-73.987`.
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
    fn read(window: &Window<'_>, at: usize) -> Option<Self> {
        let mut at = at;
        let mut word = window.at(at);
        let negative = word as u8 == b'-';
        if negative {
            at += 1;
            word = window.at(at);
        }
        match Self::read_word(word, at, negative) {
            Some(decimal) => Some(decimal),
            None => Self::read_wide(window.wide(at), at, negative),
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
        let whole = stops.trailing_zeros() & !7;
        let mut end = whole;
        let mut digits = word;
        let has_point = (word >> whole) as u8 == b'.' ^ b'0';
        if has_point {
            let stops = stops & (stops - 1);
            if stops == 0 {
                return None;
            }
            end = stops.trailing_zeros() & !7;
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
    fn read_wide(word: u128, at: usize, negative: bool) -> Option<Self> {
        const ZEROS: u128 = u128::from_le_bytes([b'0'; 16]);

        let word = word ^ ZEROS;
        let stops =
            u128::from(non_digits(word as u64)) | u128::from(non_digits((word >> 64) as u64)) << 64;
        if stops == 0 {
            return None;
        }
        let whole = stops.trailing_zeros() & !7;
        let mut end = whole;
        let mut digits = word;
        let has_point = (word >> whole) as u8 == b'.' ^ b'0';
        if has_point {
            let stops = stops & (stops - 1);
            if stops == 0 {
                return None;
            }
            end = stops.trailing_zeros() & !7;
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
