//! Reads the numbers of a datastream from JSON.
//!
//! Errors may repeat a wrong value, so `read` replaces their messages.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::types::parts::Number;

/// Selects how a number is deserialized.
///
/// With `arbitrary_precision`, `serde_json` before 1.0.154 distinguishes `-0` from 0 only if its text
/// is deserialized as a number. But `#[serde(flatten)]` may buffer a number as a map, which only
/// `deserialize_any` accepts.
#[derive(Clone, Copy)]
pub(super) struct NumberSeed {
    pub(super) as_number: bool,
}

impl<'de> DeserializeSeed<'de> for NumberSeed {
    type Value = Number;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Number, D::Error> {
        match self.as_number {
            true => deserializer.deserialize_f64(self),
            false => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for NumberSeed {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
        Ok(Number::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(i64::try_from(number).map_or(Number::Double(number as f64), Number::Integer))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Number, E> {
        Ok(i64::try_from(number).map_or(Number::Double(number as f64), Number::Integer))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Number, E> {
        Ok(i64::try_from(number).map_or(Number::Double(number as f64), Number::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(Number::Double(number))
    }

    /// Accepts the form in which `serde_json` passes other numbers with `arbitrary_precision`. An object
    /// of the same form cannot be distinguished from it.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Number, A::Error> {
        let number = match map.next_entry::<String, String>()? {
            Some((key, number)) if key == "$serde_json::private::Number" => number.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| number.is_finite());
        number
            .map(Number::Double)
            .ok_or_else(|| de::Error::custom("not a number"))
    }
}

/// Returns the number if it is an integer.
pub(super) fn integer<E: de::Error>(number: Number) -> Result<i64, E> {
    match number {
        Number::Integer(integer) => Ok(integer),
        Number::Double(_) => Err(E::custom("not an integer")),
    }
}

/// Deserializes the values of an enumerable.
pub(super) struct NumbersSeed(pub(super) NumberSeed);

impl<'de> DeserializeSeed<'de> for NumbersSeed {
    type Value = Vec<i64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<i64>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for NumbersSeed {
    type Value = Vec<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Vec<i64>, A::Error> {
        let mut values = Vec::new();
        while let Some(number) = numbers.next_element_seed(self.0)? {
            values.push(integer(number)?);
        }
        Ok(values)
    }
}
