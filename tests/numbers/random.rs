//! Reproducible random numbers.

/// The SplitMix64 generator.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// Returns a number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Returns a finite double: half of them have random bits, half resemble sensor readings.
    pub fn double(&mut self) -> f64 {
        loop {
            let bits = self.next();
            let double = match self.below(4) {
                0 | 1 => f64::from_bits(bits),
                2 => bits as i64 as f64 / 1e15,
                _ => (bits >> 40) as f64 / 1e4,
            };
            if double.is_finite() {
                return double;
            }
        }
    }
}
