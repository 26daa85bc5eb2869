//! Decimal digits, eight at a time: shared by integers, doubles and locations.
//!
//! `str::parse` costs more than the splitting around it.

use crate::query::input::Window;
use crate::query::swar::{HIGH_BITS, repeat};

/// A run of digits.
pub(super) struct Run {
    /// The number that the digits form.
    pub(super) digits: u64,
    /// Offset in the window of the byte after them.
    pub(super) end: usize,
}

/// Parses a run of digits, which may be empty. `None` if it does not fit a `u64` or the window.
#[inline]
pub(super) fn run(window: Window<'_>, offset: usize) -> Option<Run> {
    let mut digits = 0_u64;
    let mut end = offset;
    loop {
        let word = window.word(end)? ^ repeat(b'0');
        // 64 if all eight are digits.
        let bits = non_digits(word).trailing_zeros();
        let length = bits as usize / 8;
        if length > 0 {
            let more = eight_digits(word << (64 - bits));
            let power = *POWERS_OF_TEN.get(length)?;
            digits = digits.checked_mul(power)?.checked_add(more)?;
            end += length;
        }
        if length < 8 {
            return Some(Run { digits, end });
        }
    }
}

/// Powers of ten that fit a `u64`.
pub(super) const POWERS_OF_TEN: [u64; 20] = {
    let mut powers = [1; 20];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// Marks the lowest bit of each byte above 9, so that the number of trailing zeros is the number of
/// bits before it. Exact up to the first byte of 0x8A or more, which is not ASCII: it is marked
/// itself, and carries into the next.
#[inline]
pub(super) fn non_digits(word: u64) -> u64 {
    ((word.wrapping_add(repeat(0x76)) | word) & HIGH_BITS) >> 7
}

/// Returns the number that eight digits form. The first one is the lowest byte; each is 0 to 9.
#[inline]
pub(super) fn eight_digits(word: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00FF_0000_00FF;
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let first = (pairs & PAIRS).wrapping_mul(0x000F_4240_0000_0064);
    let second = (pairs >> 16 & PAIRS).wrapping_mul(0x0000_2710_0000_0001);
    first.wrapping_add(second) >> 32
}
