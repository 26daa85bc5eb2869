//! The fields of a datastream, and the numbers that they take.
//!
//! What these say of a wrong value may repeat it: `read` says it in words of its own.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::device::datastream::Type;
use crate::device::error::DatastreamError;
use crate::device::row::Number;

#[derive(Clone, Copy)]
pub(super) enum Field {
    Type,
    Min,
    Max,
    MaxLen,
    Values,
    Fallback,
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldVisitor;

        impl Visitor<'_> for FieldVisitor {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field of a datastream")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Field, E> {
                match name {
                    "type" => Ok(Field::Type),
                    "min" => Ok(Field::Min),
                    "max" => Ok(Field::Max),
                    "max_len" => Ok(Field::MaxLen),
                    "values" => Ok(Field::Values),
                    "fallback" => Ok(Field::Fallback),
                    _ => Err(E::custom("unknown field")),
                }
            }
        }

        deserializer.deserialize_str(FieldVisitor)
    }
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TypeVisitor;

        impl Visitor<'_> for TypeVisitor {
            type Value = Type;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one of the types")?;
                Type::ALL
                    .iter()
                    .try_for_each(|type_| write!(f, " `{}`", type_.name()))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Type, E> {
                name.parse()
                    .map_err(|_| E::custom(DatastreamError::UnknownType))
            }
        }

        deserializer.deserialize_str(TypeVisitor)
    }
}

/// A number of a datastream.
///
/// Asked for as a number (`AS_NUMBER`), the text of `serde_json` tells `-0` from 0, whatever its
/// features. But what `#[serde(flatten)]` has put aside may be a number in a map's clothes, which
/// is found only where it is asked for as anything.
pub(super) struct Figure<const AS_NUMBER: bool>(pub(super) Number);

impl<'de, const AS_NUMBER: bool> Deserialize<'de> for Figure<AS_NUMBER> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match AS_NUMBER {
            true => deserializer.deserialize_f64(FigureVisitor),
            false => deserializer.deserialize_any(FigureVisitor),
        }
        .map(Self)
    }
}

impl<const AS_NUMBER: bool> Figure<AS_NUMBER> {
    pub(super) fn integer(self) -> Option<i64> {
        match self.0 {
            Number::Integer(integer) => Some(integer),
            Number::Double(_) => None,
        }
    }
}

struct FigureVisitor;

impl<'de> Visitor<'de> for FigureVisitor {
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

    /// How `serde_json` hands over other numbers under `arbitrary_precision`.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Number, A::Error> {
        const KEY: &str = "$serde_json::private::Number";

        let number = match map.next_entry::<String, String>()? {
            Some((key, number)) if key == KEY => number.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| number.is_finite());
        number
            .map(Number::Double)
            .ok_or_else(|| de::Error::custom("not a number"))
    }
}

/// The values of an enumerable.
pub(super) struct Values<const AS_NUMBER: bool>(pub(super) Vec<i64>);

impl<'de, const AS_NUMBER: bool> Deserialize<'de> for Values<AS_NUMBER> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ValuesVisitor::<AS_NUMBER>)
    }
}

struct ValuesVisitor<const AS_NUMBER: bool>;

impl<'de, const AS_NUMBER: bool> Visitor<'de> for ValuesVisitor<AS_NUMBER> {
    type Value = Values<AS_NUMBER>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(number) = numbers.next_element::<Figure<AS_NUMBER>>()? {
            let value = number.integer();
            values.push(value.ok_or_else(|| de::Error::custom("not a whole number"))?);
        }
        Ok(Values(values))
    }
}

/// How long a text may be. None is longer than a `usize` can say, which on 32 bits the number may
/// be.
pub(super) struct Length(pub(super) usize);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let length = u64::deserialize(deserializer)?;
        Ok(Self(usize::try_from(length).unwrap_or(usize::MAX)))
    }
}
