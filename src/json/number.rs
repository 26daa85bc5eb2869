//! Reads the numbers of a datastream.
//!
//! Errors may repeat a wrong value, so `read` replaces their messages.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::types::parts::Number;

/// A deserialized number. Every integer that a field can contain is exact.
pub(super) enum AnyNumber {
    Integer(i128),
    Double(f64),
}

/// Deserializes whichever type of number the input contains. Given a type, a format might convert it.
impl<'de> Deserialize<'de> for AnyNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = AnyNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E>(self, number: i64) -> Result<AnyNumber, E> {
        Ok(AnyNumber::Integer(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<AnyNumber, E> {
        Ok(AnyNumber::Integer(number.into()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<AnyNumber, E> {
        Ok(AnyNumber::Integer(number))
    }

    fn visit_u128<E>(self, number: u128) -> Result<AnyNumber, E> {
        Ok(i128::try_from(number).map_or(AnyNumber::Double(number as f64), AnyNumber::Integer))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<AnyNumber, E> {
        match number.is_finite() {
            true => Ok(AnyNumber::Double(number)),
            false => Err(E::custom("not finite")),
        }
    }

    /// Accepts the form in which `serde_json` passes some numbers with `arbitrary_precision`. A map of
    /// the same form cannot be distinguished from it. `-0` is a double, as without that feature.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyNumber, A::Error> {
        match map.next_entry::<String, String>()? {
            Some((key, number)) if key == "$serde_json::private::Number" => match number.parse() {
                Ok(integer) if number != "-0" => Ok(AnyNumber::Integer(integer)),
                _ => self.visit_f64(number.parse().map_err(de::Error::custom)?),
            },
            _ => Err(de::Error::custom("not a number")),
        }
    }
}

impl AnyNumber {
    /// Returns the number as a bound.
    pub(super) fn bound(self) -> Number {
        match self {
            Self::Integer(integer) => {
                i64::try_from(integer).map_or(Number::Double(integer as f64), Number::Integer)
            }
            Self::Double(double) => Number::Double(double),
        }
    }

    /// Returns the number if it is an integer of type `T`.
    pub(super) fn integer<T: TryFrom<i128>, E: de::Error>(self) -> Result<T, E> {
        let integer = match self {
            Self::Integer(integer) => T::try_from(integer).ok(),
            Self::Double(_) => None,
        };
        integer.ok_or_else(|| E::custom("not an integer"))
    }
}

/// Converts the values of an enumerable.
pub(super) fn integers<E: de::Error>(numbers: Vec<AnyNumber>) -> Result<Vec<i64>, E> {
    numbers.into_iter().map(AnyNumber::integer).collect()
}
