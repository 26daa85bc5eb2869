//! What the name of a segment is: the token's, a pin's, or neither.

use super::percent::Decoded;
use crate::device::pin::{self, VirtualPin};

/// What a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Token,
    Pin(VirtualPin),
    /// Anything else, a malformed or non-UTF-8 name included.
    Other,
}

impl Name {
    const TOKEN: &'static [u8] = b"token";

    pub(crate) fn of(raw: &[u8]) -> Self {
        let mut buffer = [0; Self::TOKEN.len()];
        let mut length = 0;
        for byte in Decoded::new(raw) {
            let (Ok(byte), Some(slot)) = (byte, buffer.get_mut(length)) else {
                return Self::Other;
            };
            *slot = byte;
            length += 1;
        }
        let name = buffer.get(..length).unwrap_or_default();
        if name == Self::TOKEN {
            return Self::Token;
        }
        pin::named(name).map_or(Self::Other, Self::Pin)
    }
}

/// Reads `v0=` to `V255=`, nothing escaped, from a segment's first eight bytes: the pin, and how
/// many bytes the name takes with its `=`.
///
/// `None`: [`Name::of`] decides.
#[inline(always)]
pub(crate) fn short_pin(word: u64) -> Option<(VirtualPin, usize)> {
    const ZEROS: u32 = 0x30_3030;
    const PLACES: u32 = 100 << 16 | 10 << 8 | 1;

    let [_, _, second, third, fourth, ..] = word.to_le_bytes();
    // The number of the first digit, of the first two, and of all three.
    let numbers = ((word >> 8) as u32)
        .wrapping_sub(ZEROS)
        .wrapping_mul(PLACES);
    let (number, length, mask) = if second == b'=' {
        (numbers as u8, 3, 0x00FF_FFFF)
    } else if third == b'=' {
        ((numbers >> 8) as u8, 4, u32::MAX)
    } else if fourth == b'=' {
        ((numbers >> 16) as u8, 5, u32::MAX)
    } else {
        return None;
    };
    // Bytes that are no digits give a number, too, though not one with this name.
    let name = (word as u32 | 0x20) & mask;
    (NAMES[usize::from(number)] == name).then_some((VirtualPin(number), length))
}

/// The first four bytes of each pin's name and its `=`, as far as there are so many.
const NAMES: [u32; 256] = {
    let mut names = [0; 256];
    let mut number = 0;
    while number < 256 {
        let (hundreds, tens, ones) = (number / 100, number / 10 % 10, number % 10);
        names[number] = u32::from_le_bytes(match number {
            0..10 => [b'v', b'0' + ones as u8, b'=', 0],
            10..100 => [b'v', b'0' + tens as u8, b'0' + ones as u8, b'='],
            _ => [
                b'v',
                b'0' + hundreds as u8,
                b'0' + tens as u8,
                b'0' + ones as u8,
            ],
        });
        number += 1;
    }
    names
};

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    /// `None` is not wrong, only slow, and so is seen here alone.
    #[test]
    fn every_plain_pin_is_short() {
        for number in 0..=255 {
            for letter in ['v', 'V'] {
                let name = format!("{letter}{number}");
                let word = |text: &str| {
                    let bytes = format!("{text:&<8}").into_bytes();
                    u64::from_le_bytes(*bytes.first_chunk().expect("eight bytes"))
                };
                let expected = (VirtualPin(number), name.len() + 1);
                assert_eq!(short_pin(word(&format!("{name}=7"))), Some(expected));
                assert_eq!(short_pin(word(&name)), None);
                assert_eq!(short_pin(word(&format!("{name}x="))), None);
            }
        }
    }
}
