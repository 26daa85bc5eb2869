//! Digits of a plain number, eight at a time: what integers, doubles and places share.
//!
//! With numbers that the branch predictor has not seen, `str::parse` costs more than the splitting
//! around it.

use crate::query::view::{HIGH_BITS, View, repeat};

/// Digits in a row.
pub(super) struct Run {
    /// The number that they are.
    pub(super) digits: u64,
    /// Where they end in the view.
    pub(super) end: usize,
}

/// Reads as many digits as a `u64` holds and the view shows, or none.
#[inline]
pub(super) fn run(view: View<'_>, offset: usize) -> Option<Run> {
    let mut digits = 0_u64;
    let mut end = offset;
    loop {
        let word = view.word(end)? ^ repeat(b'0');
        // 64 where all eight are digits.
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

/// Those that a `u64` holds.
pub(super) const POWERS_OF_TEN: [u64; 20] = {
    let mut powers = [1; 20];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// Marks the lowest bit of each byte that is above 9, so that their trailing zeros are a number of
/// bits in front. Exact up to the first byte of 0x8A or more, which is no ASCII character: it is
/// marked itself, and carries into the next.
#[inline(always)]
pub(super) fn non_digits(word: u64) -> u64 {
    ((word.wrapping_add(repeat(0x76)) | word) & HIGH_BITS) >> 7
}

/// The number that eight digits are, the first one in the lowest byte, each 0 to 9.
#[inline(always)]
pub(super) fn eight_digits(word: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00FF_0000_00FF;
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let first = (pairs & PAIRS).wrapping_mul(0x000F_4240_0000_0064);
    let second = (pairs >> 16 & PAIRS).wrapping_mul(0x0000_2710_0000_0001);
    first.wrapping_add(second) >> 32
}
