//! Integers, clamped.

use pinquery::DatastreamError;
use proptest::prelude::*;

use super::{Parsed, Reason, Type, clamp, is_bound, or, padded, pair};
use crate::encoding::Choices;
use crate::generate::{integer, integer_text, one};
use crate::json::Fields;
use crate::plain::{Adjustment, Value};
use crate::reference::{is_digits, trim, without_sign};

/// An integer, clamped.
#[derive(Clone, Debug, PartialEq)]
pub struct Integer {
    /// Smallest value, inclusive.
    pub min: i64,
    /// Largest value, inclusive.
    pub max: i64,
}

const MIN: i64 = -2_147_483_648;
const MAX: i64 = 2_147_483_647;

impl Type for Integer {
    type Value = i64;

    const NAME: &'static str = "integer";
    const REASONS: &'static [Reason] = &["not_an_integer"];
    const FUZZ_TEMPLATE: &'static str = "v0:integer v1:integer(0,100) \
        v30:integer(-9223372036854775808,9223372036854775807) v100:integer";

    fn from_value(value: &Value) -> Option<i64> {
        match value {
            Value::Integer(integer) => Some(*integer),
            _ => None,
        }
    }

    fn value(integer: i64) -> Value {
        Value::Integer(integer)
    }

    fn parse_bounds(bounds: &str) -> Option<Self> {
        let (min, max) = pair(bounds);
        Some(Self {
            min: or(min, MIN)?,
            max: or(max, MAX)?,
        })
    }

    fn from_json(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            min: fields.integer("min", MIN)?,
            max: fields.integer("max", MAX)?,
        })
    }

    fn is_valid(&self) -> bool {
        self.min <= self.max
    }

    fn build(&self) -> Result<pinquery::Datastream, DatastreamError> {
        match (self.min, self.max) {
            (MIN, MAX) => pinquery::Datastream::integer(..),
            (MIN, max) => pinquery::Datastream::integer(..=max),
            (min, MAX) => pinquery::Datastream::integer(min..),
            (min, max) => pinquery::Datastream::integer(min..=max),
        }
    }

    fn parse_decoded(&self, text: &str) -> Parsed<i64> {
        let number = number(trim(text)).ok_or("not_an_integer")?;
        let (number, adjusted) = clamp(number, self.min.into(), self.max.into());
        Ok((i64::try_from(number).expect("within bounds"), adjusted))
    }

    fn accepts(&self, integer: i64, adjusted: Option<Adjustment>) -> bool {
        (self.min..=self.max).contains(&integer)
            && is_bound(adjusted, integer, self.min, self.max)
    }

    fn any() -> BoxedStrategy<Self> {
        let bounds = prop_oneof![
            Just((MIN, MAX)),
            Just((0, 100)),
            Just((i64::MIN, i64::MAX)),
            (integer(), integer()).prop_map(|(a, b)| (a.min(b), a.max(b))),
        ];
        bounds.prop_map(|(min, max)| Self { min, max }).boxed()
    }

    fn texts(&self) -> BoxedStrategy<Vec<String>> {
        let [min, max] = [self.min, self.max].map(i128::from);
        let around = move |(is_min, by): (bool, i128)| (by + if is_min { min } else { max }).to_string();
        one(prop_oneof![
            // In i64, proptest would overflow on the difference of the bounds.
            (min..=max).prop_map(|integer| integer.to_string()),
            (any::<bool>(), -2..=2_i128).prop_map(around),
            integer_text(),
        ])
    }

    fn any_value() -> BoxedStrategy<i64> {
        integer().boxed()
    }

    fn just(integer: i64) -> Self {
        Self {
            min: integer,
            max: integer,
        }
    }

    fn write(integer: i64, choices: &mut Choices<'_>) -> Vec<String> {
        padded(&integer.to_string(), choices)
    }
}

/// Parses `[+-]?[0-9]+`: exact up to 19 digits, otherwise a number beyond every `i64` of that sign.
pub(super) fn number(text: &str) -> Option<i128> {
    let digits = without_sign(text);
    if !is_digits(digits) {
        return None;
    }
    let mut magnitude: i128 = 0;
    let significant = digits.trim_start_matches('0');
    if significant.len() > 19 {
        // The least number of 20 digits represents all of them; all bounds are smaller.
        magnitude = 10_000_000_000_000_000_000;
    } else {
        for digit in significant.bytes() {
            magnitude = magnitude * 10 + i128::from(digit - b'0');
        }
    }
    Some(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}
