//! Virtual pins and the grammar of their names.

use core::fmt;
use core::str::FromStr;

/// A virtual pin, `v0` to `v255`, which identifies a datastream of a device.
///
/// Every `u8` is a valid pin. Its name is `v` or `V` followed by the number in canonical decimal.
/// Both cases are common: of 100 public programs that call the endpoint, 62 send `V0` and 36 send
/// `v0`.
///
/// ```
/// use pinquery::VirtualPin;
///
/// assert_eq!("v7".parse(), Ok(VirtualPin(7)));
/// assert_eq!("V7".parse(), Ok(VirtualPin(7)));
/// assert_eq!(VirtualPin(7).to_string(), "v7");
/// for name in ["v256", "v07", "v+7", "v7 ", "v", "v7[]", "d7", ""] {
///     assert!(name.parse::<VirtualPin>().is_err());
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualPin(pub u8);

/// Writes the name in lowercase: `v7`.
impl fmt::Display for VirtualPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl From<u8> for VirtualPin {
    fn from(number: u8) -> Self {
        Self(number)
    }
}

impl From<VirtualPin> for u8 {
    fn from(pin: VirtualPin) -> Self {
        pin.0
    }
}

/// Parses a decoded name, such as `v7` or `V7`.
impl FromStr for VirtualPin {
    type Err = ParsePinError;

    fn from_str(name: &str) -> Result<Self, ParsePinError> {
        parse_pin(name.as_bytes()).ok_or(ParsePinError(()))
    }
}

/// The error returned when a name is not a virtual pin.
///
/// ```
/// let error = "v256".parse::<pinquery::VirtualPin>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "virtual pin must be `v` or `V` followed by 0 to 255 without leading zeros",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParsePinError(());

impl fmt::Display for ParsePinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("virtual pin must be `v` or `V` followed by 0 to 255 without leading zeros")
    }
}

impl core::error::Error for ParsePinError {}

/// Parses a whole decoded name: `pin = ("v" / "V") number`.
pub(crate) fn parse_pin(name: &[u8]) -> Option<VirtualPin> {
    match name {
        [b'v' | b'V', number @ ..] => parse_number(number),
        _ => None,
    }
}

/// Parses `number = "0" / %x31-39 *DIGIT`, at most 255.
///
/// Written by hand, because `u8::from_str` also accepts a sign and leading zeros; rejecting these
/// first costs 7 % of the instructions on `refused` (`cargo bench --bench instructions`).
fn parse_number(number: &[u8]) -> Option<VirtualPin> {
    if let [] | [b'0', _, ..] = number {
        return None;
    }
    let number = number.iter().try_fold(0_u8, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number.checked_mul(10)?.checked_add(digit)
    })?;
    Some(VirtualPin(number))
}

/// Parses an unescaped `v0=` to `V255=` from the first eight bytes of a segment. Returns the pin and
/// the length of the name including `=`.
///
/// `None` falls back to the slow path.
#[inline]
pub(crate) fn fast_pin(word: u64) -> Option<(VirtualPin, usize)> {
    const ZEROS: u32 = 0x30_3030;
    const WEIGHTS: u32 = 100 << 16 | 10 << 8 | 1;

    let [_, _, second, third, fourth, ..] = word.to_le_bytes();
    // The number of the first digit, of the first two, and of all three.
    let numbers = ((word >> 8) as u32)
        .wrapping_sub(ZEROS)
        .wrapping_mul(WEIGHTS);
    let (number, length, mask) = if second == b'=' {
        (numbers as u8, 3, 0x00FF_FFFF)
    } else if third == b'=' {
        ((numbers >> 8) as u8, 4, u32::MAX)
    } else if fourth == b'=' {
        ((numbers >> 16) as u8, 5, u32::MAX)
    } else {
        return None;
    };
    // Bytes that are not digits yield a number as well, but one with a different name.
    let name = (word as u32 | 0x20) & mask;
    (NAMES[usize::from(number)] == name).then_some((VirtualPin(number), length))
}

/// The first four bytes of `v0=` to `v255=`, padded with zeros.
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

    /// A fast path that declines a name is slow rather than wrong, so no other test would fail.
    #[test]
    fn unescaped_names_take_the_fast_path() {
        for number in 0..=255 {
            for letter in ['v', 'V'] {
                let name = format!("{letter}{number}");
                let word = |text: &str| {
                    let bytes = format!("{text:&<8}").into_bytes();
                    u64::from_le_bytes(*bytes.first_chunk().expect("eight bytes"))
                };
                let expected = (VirtualPin(number), name.len() + 1);
                assert_eq!(fast_pin(word(&format!("{name}=7"))), Some(expected));
                assert_eq!(fast_pin(word(&name)), None);
                assert_eq!(fast_pin(word(&format!("{name}x="))), None);
            }
        }
    }
}
