//! Bytes eight at a time, as a `u64` ("SIMD within a register").

/// Repeats a byte in each of the eight bytes of a word.
pub(crate) const fn repeat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of each byte.
pub(crate) const HIGH_BITS: u64 = repeat(0x80);
