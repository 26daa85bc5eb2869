//! Doubles, clamped.

use pinquery::DatastreamError;
use proptest::prelude::*;

use super::{Parsed, Reason, Type, clamp, is_bound, or, padded, pair};
use crate::encoding::Choices;
use crate::generate::{double, double_text, one};
use crate::json::{Fields, Json};
use crate::plain::{Adjustment, Value};
use crate::reference::{is_digits, trim, without_sign};

/// A double, clamped.
#[derive(Clone, Debug, PartialEq)]
pub struct Double {
    /// Smallest value, inclusive and finite.
    pub min: f64,
    /// Largest value, inclusive and finite.
    pub max: f64,
}

impl Type for Double {
    type Value = f64;

    const NAME: &'static str = "double";
    const REASONS: &'static [Reason] = &["not_a_double"];
    const FUZZ_TEMPLATE: &'static str = "v2:double v7:double(-40,125) v10-v12:double v199-v201:double";

    fn from_value(value: &Value) -> Option<f64> {
        match value {
            Value::Double(double) => Some(*double),
            _ => None,
        }
    }

    fn value(double: f64) -> Value {
        Value::Double(double)
    }

    fn parse_bounds(bounds: &str) -> Option<Self> {
        let (min, max) = pair(bounds);
        Some(Self {
            min: or(min, f64::MIN)?,
            max: or(max, f64::MAX)?,
        })
    }

    fn from_json(fields: &mut Fields) -> Option<Self> {
        let mut bound = |name, default| match fields.take(name) {
            None => Some(default),
            Some(Json::Integer(integer)) => Some(integer as f64),
            Some(Json::Number(number)) => Some(number),
            Some(_) => None,
        };
        Some(Self {
            min: bound("min", f64::MIN)?,
            max: bound("max", f64::MAX)?,
        })
    }

    fn is_valid(&self) -> bool {
        self.min.is_finite() && self.max.is_finite() && self.min <= self.max
    }

    fn build(&self) -> Result<pinquery::Datastream, DatastreamError> {
        match (self.min, self.max) {
            (f64::MIN, f64::MAX) => pinquery::Datastream::double(..),
            (f64::MIN, max) => pinquery::Datastream::double(..=max),
            (min, f64::MAX) => pinquery::Datastream::double(min..),
            (min, max) => pinquery::Datastream::double(min..=max),
        }
    }

    fn parse_decoded(&self, text: &str) -> Parsed<f64> {
        let number = number(trim(text)).ok_or("not_a_double")?;
        Ok(clamp(number, self.min, self.max))
    }

    fn accepts(&self, double: f64, adjusted: Option<Adjustment>) -> bool {
        (self.min..=self.max).contains(&double) && is_bound(adjusted, double, self.min, self.max)
    }

    fn any() -> BoxedStrategy<Self> {
        let bounds = prop_oneof![
            Just((f64::MIN, f64::MAX)),
            Just((-40.0, 125.0)),
            Just((0.0, -0.0)),
            Just((-0.0, 0.0)),
            (double(), double()).prop_map(|(a, b)| if a <= b { (a, b) } else { (b, a) }),
        ];
        bounds.prop_map(|(min, max)| Self { min, max }).boxed()
    }

    fn texts(&self) -> BoxedStrategy<Vec<String>> {
        one(double_text())
    }

    fn any_value() -> BoxedStrategy<f64> {
        double().boxed()
    }

    fn just(double: f64) -> Self {
        Self {
            min: double,
            max: double,
        }
    }

    fn write(double: f64, choices: &mut Choices<'_>) -> Vec<String> {
        let text = text(double, choices);
        padded(&text, choices)
    }
}

/// Writes a double in a notation that parses back to the same bits.
pub(super) fn text(double: f64, choices: &mut Choices<'_>) -> String {
    match choices.next() & 3 {
        0 => format!("{double}"),
        1 => format!("{double:?}"),
        2 => format!("{double:e}"),
        _ => format!("{double:+.17E}"),
    }
}

/// Parses a number, rounded to the nearest.
///
/// `core` accepts more than the contract, such as `inf`, so the grammar is checked first.
pub(super) fn number(text: &str) -> Option<f64> {
    Double::split(text)?;
    text.parse().ok()
}

impl Double {
    /// Splits `[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?` into the digits before and after the
    /// point and the exponent with its sign. Parts that are missing are empty.
    pub(crate) fn split(text: &str) -> Option<(&str, &str, &str)> {
        let unsigned = without_sign(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mantissa_is_valid = match (whole, fraction) {
            (_, "") => is_digits(whole),
            ("", _) => is_digits(fraction),
            _ => is_digits(whole) && is_digits(fraction),
        };
        let exponent_is_valid = exponent.is_none_or(|exponent| is_digits(without_sign(exponent)));
        let parts = (whole, fraction, exponent.unwrap_or_default());
        (mantissa_is_valid && exponent_is_valid).then_some(parts)
    }
}
