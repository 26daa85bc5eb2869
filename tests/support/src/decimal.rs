//! Exact decimals, and the midpoints between neighbouring doubles.

use crate::types::Double;

/// An exact non-negative number: `0.DIGITS` times a power of ten.
///
/// The digits neither begin nor end with a zero, so the derived order is that of the numbers. Zero is
/// an empty string of digits with the lowest exponent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal {
    exponent: i64,
    digits: String,
}

impl Decimal {
    /// An exponent of ten beyond the range of `f64` even with a million leading or trailing zeros.
    const FAR: i64 = 1_000_000_000_000;

    /// Returns the absolute value of a number in the contract's notation of doubles, without the
    /// limit on its length. Exponents are clamped to ±10¹².
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction, exponent) = Double::split(text)?;
        let exponent: i64 = match exponent {
            "" => 0,
            _ if exponent.starts_with('-') => exponent.parse().unwrap_or(i64::MIN),
            _ => exponent.parse().unwrap_or(i64::MAX),
        };
        let exponent = exponent.clamp(-Self::FAR, Self::FAR) - fraction.len() as i64;
        Some(Self::new(&format!("{whole}{fraction}"), exponent))
    }

    fn new(digits: &str, exponent: i64) -> Self {
        let significant = digits.trim_start_matches('0');
        let digits = significant.trim_end_matches('0').to_owned();
        let exponent = match significant {
            "" => i64::MIN,
            _ => exponent + significant.len() as i64,
        };
        Self { exponent, digits }
    }

    /// Returns whether `double` is the nearest to this number, ties to even. Numbers that overflow round
    /// to infinity.
    #[must_use]
    pub fn rounds_to(&self, double: f64) -> bool {
        let bits = double.to_bits();
        let midpoint = |below| Halfway::above(f64::from_bits(below)).decimal();
        let is_even = bits & 1 == 0;
        let is_high_enough = bits.checked_sub(1).is_none_or(|below| {
            let limit = midpoint(below);
            *self > limit || is_even && *self == limit
        });
        let is_low_enough = double.is_infinite() || {
            let limit = midpoint(bits);
            *self < limit || is_even && *self == limit
        };
        is_high_enough && is_low_enough
    }
}

/// An arbitrarily large natural number: nine decimal digits per limb, least significant first.
struct Natural(Vec<u32>);

const BASE: u64 = 1_000_000_000;

impl Natural {
    fn new(mut number: u64) -> Self {
        let mut limbs = Vec::new();
        while number > 0 {
            limbs.push((number % BASE) as u32);
            number /= BASE;
        }
        Self(limbs)
    }

    fn multiply(&mut self, factor: u32) {
        let mut carry = 0;
        for limb in &mut self.0 {
            let product = u64::from(*limb) * u64::from(factor) + carry;
            *limb = (product % BASE) as u32;
            carry = product / BASE;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn multiply_by_power(&mut self, base: u32, exponent: u32) {
        for _ in 0..exponent / 12 {
            self.multiply(base.pow(12));
        }
        self.multiply(base.pow(exponent % 12));
    }

    fn decrement(&mut self) {
        for limb in &mut self.0 {
            if *limb > 0 {
                *limb -= 1;
                return;
            }
            *limb = (BASE - 1) as u32;
        }
    }

    fn digits(&self) -> String {
        self.0
            .iter()
            .rev()
            .map(|limb| format!("{limb:09}"))
            .collect()
    }
}

/// The midpoint between a double and the next larger one.
pub struct Halfway {
    number: Natural,
    /// The number of digits after the point.
    fraction: usize,
}

impl Halfway {
    /// Returns the midpoint above a finite, non-negative double.
    pub fn above(double: f64) -> Self {
        let bits = double.to_bits();
        let (exponent, mantissa) = (bits >> 52, bits & ((1 << 52) - 1));
        let (mantissa, exponent) = match exponent {
            0 => (mantissa, -1074),
            _ => (mantissa | 1 << 52, exponent as i32 - 1075),
        };
        let mut number = Natural::new(2 * mantissa + 1);
        let exponent = exponent - 1;
        match u32::try_from(exponent) {
            Ok(power) => number.multiply_by_power(2, power),
            // A half is a five after the point: 2^-n = 5^n / 10^n.
            Err(_) => number.multiply_by_power(5, exponent.unsigned_abs()),
        }
        let fraction = exponent.min(0).unsigned_abs() as usize;
        Self { number, fraction }
    }

    fn decimal(&self) -> Decimal {
        Decimal::new(&self.number.digits(), -(self.fraction as i64))
    }

    /// Returns the midpoint in decimal notation.
    pub fn text(&self) -> String {
        let digits = format!("{:0>1$}", self.number.digits(), self.fraction + 1);
        let (whole, fraction) = digits.split_at(digits.len() - self.fraction);
        format!("{whole}.{fraction}")
    }

    /// Returns the midpoint in scientific notation.
    pub fn scientific(&self) -> String {
        format!("{}E-{}", self.number.digits(), self.fraction)
    }

    /// Returns a number slightly above the midpoint.
    pub fn slightly_more(&self) -> String {
        self.text() + "000000000000000000000000000001"
    }

    /// Returns a number slightly below the midpoint.
    pub fn slightly_less(mut self) -> String {
        self.number.decrement();
        self.text() + "9999999999999999999999999999999"
    }
}
