//! Short numbers: up to seven characters in one step, and what a `u64` holds eight digits at a time.
//!
//! A number here is plain: digits, a point and a minus, nothing escaped, no white space. Whatever
//! else a number can be is [`crate::number`]'s. With numbers that the branch predictor has not
//! seen, `str::parse` costs more than the splitting around it.

use crate::number::{self, Integer};
use crate::scan::{HIGH_BITS, SEPARATOR, View, repeat};

/// Where a number ends, and the byte there.
#[derive(Clone, Copy)]
pub(crate) struct Stop {
    pub(crate) place: usize,
    pub(crate) byte: u8,
}

impl Stop {
    #[inline(always)]
    pub(crate) fn at(self, byte: u8) -> Option<usize> {
        (self.byte == byte).then_some(self.place)
    }
}

/// Reads an integer, up to a separator.
#[inline(always)]
pub(crate) fn integer(view: View<'_>, at: usize) -> Option<(Integer, usize)> {
    let (integer, end) = match view.word::<0>(at) {
        // A sign is rare, and a branch that is seldom taken costs less than none.
        word if word as u8 == b'-' => {
            let (digits, end) = negative_integer(view, at + 1)?;
            (-digits, end)
        }
        word => unsigned_integer(view, word, at)?,
    };
    Some((Integer::Exact(integer), end))
}

#[inline(never)]
fn negative_integer(view: View<'_>, at: usize) -> Option<(i64, usize)> {
    unsigned_integer(view, view.word::<0>(at), at)
}

#[inline(always)]
fn unsigned_integer(view: View<'_>, word: u64, at: usize) -> Option<(i64, usize)> {
    match short_integer(word) {
        Some((digits, length)) => Some((digits, at + length)),
        None => long_integer(view, at),
    }
}

/// Up to seven digits without a loop, and how many.
#[inline(always)]
fn short_integer(word: u64) -> Option<(i64, usize)> {
    let word = word ^ repeat(b'0');
    let bits = non_digits(word).trailing_zeros() & 0x38;
    if bits == 0 || (word >> bits) as u8 != SEPARATOR ^ b'0' {
        return None;
    }
    let digits = eight_digits(word << (64 - bits));
    Some((digits as i64, bits as usize / 8))
}

#[cold]
#[inline(never)]
fn long_integer(view: View<'_>, at: usize) -> Option<(i64, usize)> {
    let decimal = Decimal::read_long(view, at)?;
    let end = decimal.stop.at(SEPARATOR)?;
    let digits = i64::try_from(decimal.digits).ok()?;
    (!decimal.has_point).then_some((digits, end))
}

/// Reads a double without exponent.
#[inline(always)]
pub(crate) fn double(view: View<'_>, at: usize) -> Option<(f64, Stop)> {
    match view.word::<0>(at) {
        word if word as u8 == b'-' => {
            let (double, stop) = negative_double(view, at + 1)?;
            Some((-double, stop))
        }
        word => unsigned_double(view, word, at),
    }
}

#[inline(never)]
fn negative_double(view: View<'_>, at: usize) -> Option<(f64, Stop)> {
    unsigned_double(view, view.word::<0>(at), at)
}

#[inline(always)]
fn unsigned_double(view: View<'_>, word: u64, at: usize) -> Option<(f64, Stop)> {
    match Decimal::read_word(word, at) {
        Some(decimal) => Some((decimal.quotient()?, decimal.stop)),
        None => long_double(view, at),
    }
}

/// One in twenty numbers of real queries has eight characters or more.
#[inline(never)]
fn long_double(view: View<'_>, at: usize) -> Option<(f64, Stop)> {
    let decimal = Decimal::read_long(view, at)?;
    let double = if decimal.digits <= MAX_EXACT {
        decimal.quotient()?
    } else {
        number::nearest_double(view.bytes(at, decimal.stop.place)?)?
    };
    Some((double, decimal.stop))
}

/// A decimal without sign and exponent: `73.987`.
struct Decimal {
    digits: u64,
    /// How many of the digits stand behind the point.
    fraction: usize,
    has_point: bool,
    stop: Stop,
}

impl Decimal {
    /// Reads a decimal of at most seven characters, without a loop and without asking whether it
    /// has a point: a branch that goes either way costs more than the few steps that it saves.
    #[inline(always)]
    fn read_word(word: u64, at: usize) -> Option<Self> {
        let word = word ^ repeat(b'0');
        let stops = non_digits(word);
        // The bits of the bytes before the first byte that is no digit, which may be the point.
        let whole = stops.trailing_zeros() & 0x38;
        let has_point = (word >> whole) as u8 == b'.' ^ b'0';
        let point = u32::from(has_point) * 8;
        // The point is no stop: the lowest one is taken away if there is one.
        let stops = stops & stops.wrapping_sub(u64::from(has_point));
        let end = stops.trailing_zeros() & 0x38;
        let length = end.wrapping_sub(point);
        if stops == 0 || length == 0 {
            return None;
        }
        let before = (1 << whole) - 1;
        let digits = word & before | word >> point & !before;
        Some(Self {
            digits: eight_digits(digits << (64 - length)),
            fraction: (length.wrapping_sub(whole) / 8) as usize,
            has_point,
            stop: Stop {
                place: at + end as usize / 8,
                byte: (word >> end) as u8 ^ b'0',
            },
        })
    }

    /// Reads what a `u64` holds, up to eight digits in a step: places, sums of money, quotients that
    /// nobody rounded.
    #[inline(never)]
    fn read_long(view: View<'_>, at: usize) -> Option<Self> {
        let mut digits = 0_u64;
        let mut count = 0;
        let mut point = None;
        let mut place = at;
        loop {
            let word = view.any_word(place)? ^ repeat(b'0');
            let bits = non_digits(word).trailing_zeros() & 0x78;
            let length = bits as usize / 8;
            if length > 0 {
                let power = *WHOLE_POWERS.get(length)?;
                let more = eight_digits(word << (64 - bits));
                digits = digits.checked_mul(power)?.checked_add(more)?;
                count += length;
                place += length;
            }
            if length == 8 {
                continue;
            }
            let byte = (word >> bits) as u8 ^ b'0';
            if byte == b'.' && point.is_none() {
                point = Some(count);
                place += 1;
                continue;
            }
            return (count > 0).then_some(Self {
                digits,
                fraction: point.map_or(0, |whole| count - whole),
                has_point: point.is_some(),
                stop: Stop { place, byte },
            });
        }
    }

    /// The nearest double: a quotient of two numbers that a double holds exactly is rounded once,
    /// as Clinger showed.
    ///
    /// INVARIANT: the digits are at most 2^53, and so fit an `i64`, which one instruction converts.
    #[inline(always)]
    fn quotient(&self) -> Option<f64> {
        Some(self.digits as i64 as f64 / POWERS_OF_TEN.get(self.fraction)?)
    }
}

const WHOLE_POWERS: [u64; 9] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// Every whole number up to this one is a double.
const MAX_EXACT: u64 = 1 << 53;

/// Those that a double holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Marks the high bit of each byte that is above 9. Exact up to the first byte of 0x8A or more, which
/// stands for no ASCII: it is marked itself, and carries into the next.
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

#[cfg(test)]
mod tests;
