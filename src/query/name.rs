//! The meaning of a decoded name.

use super::percent::Decoded;
use crate::pin::{self, VirtualPin};

/// The meaning of a segment's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Token,
    Pin(VirtualPin),
    /// Anything else, including names that cannot be decoded.
    Other,
}

impl Name {
    const TOKEN: &'static [u8] = b"token";

    /// Decodes and classifies a name.
    pub(crate) fn parse(raw: &[u8]) -> Self {
        // No name of a pin is longer than `token`.
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
        pin::parse_pin(name).map_or(Self::Other, Self::Pin)
    }
}
