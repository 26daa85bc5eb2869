//! One of a list of integers.

use pinquery::DatastreamError;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::integer::number;
use super::{Parsed, Reason, Type, padded};
use crate::encoding::Choices;
use crate::generate::{integer, integer_text, one};
use crate::json::{Fields, Json};
use crate::plain::{Adjustment, Value};
use crate::reference::trim;

/// One of a list of integers.
#[derive(Clone, Debug, PartialEq)]
pub struct Enumerable {
    /// The integers.
    pub values: Vec<i64>,
    /// Replaces any other integer.
    pub fallback: Option<i64>,
}

impl Type for Enumerable {
    type Value = i64;

    const NAME: &'static str = "enumerable";
    const REASONS: &'static [Reason] = &["not_an_integer", "not_a_value"];
    const FUZZ_TEMPLATE: &'static str = "v4:enumerable(0,20,130;0) v8:enumerable(-1,7)";

    fn from_value(value: &Value) -> Option<i64> {
        match value {
            Value::Enumerable(integer) => Some(*integer),
            _ => None,
        }
    }

    fn value(integer: i64) -> Value {
        Value::Enumerable(integer)
    }

    fn parse_bounds(bounds: &str) -> Option<Self> {
        let (values, fallback) = bounds.split_once(';').unwrap_or((bounds, ""));
        let values = values.split_terminator(',').map(|value| value.parse().ok());
        Some(Self {
            values: values.collect::<Option<_>>()?,
            fallback: match fallback {
                "" => None,
                _ => Some(fallback.parse().ok()?),
            },
        })
    }

    fn from_json(fields: &mut Fields) -> Option<Self> {
        let integer = |json| match json {
            Json::Integer(integer) => Some(integer),
            _ => None,
        };
        let Json::Array(values) = fields.take("values")? else {
            return None;
        };
        Some(Self {
            values: values.into_iter().map(integer).collect::<Option<_>>()?,
            fallback: match fields.take("fallback") {
                None => None,
                Some(fallback) => Some(integer(fallback)?),
            },
        })
    }

    fn is_valid(&self) -> bool {
        let is_value = |fallback| self.values.contains(&fallback);
        !self.values.is_empty() && self.fallback.is_none_or(is_value)
    }

    fn build(&self) -> Result<pinquery::Datastream, DatastreamError> {
        let values = self.values.iter().copied();
        match self.fallback {
            Some(fallback) => pinquery::Datastream::enumerable_or(values, fallback),
            None => pinquery::Datastream::enumerable(values),
        }
    }

    fn parse_decoded(&self, text: &str) -> Parsed<i64> {
        let number = number(trim(text)).ok_or("not_an_integer")?;
        let is_number = |value: &&i64| i128::from(**value) == number;
        match (self.values.iter().find(is_number), self.fallback) {
            (Some(value), _) => Ok((*value, None)),
            (None, Some(fallback)) => Ok((fallback, Some(Adjustment::Fallback))),
            (None, None) => Err("not_a_value"),
        }
    }

    fn accepts(&self, integer: i64, adjusted: Option<Adjustment>) -> bool {
        let is_explained = match adjusted {
            None => true,
            Some(Adjustment::Fallback) => self.fallback == Some(integer),
            Some(Adjustment::Min | Adjustment::Max) => false,
        };
        self.values.contains(&integer) && is_explained
    }

    fn any() -> BoxedStrategy<Self> {
        let parts = (vec(integer(), 1..5), any::<Option<Index>>());
        let built = parts.prop_map(|(values, index)| {
            let fallback = index.map(|index| *index.get(&values));
            Self { values, fallback }
        });
        built.boxed()
    }

    fn texts(&self) -> BoxedStrategy<Vec<String>> {
        one(prop_oneof![
            select(self.values.clone()).prop_map(|value| value.to_string()),
            integer_text()
        ])
    }

    fn any_value() -> BoxedStrategy<i64> {
        integer().boxed()
    }

    fn just(integer: i64) -> Self {
        Self {
            values: vec![integer],
            fallback: None,
        }
    }

    fn write(integer: i64, choices: &mut Choices<'_>) -> Vec<String> {
        padded(&integer.to_string(), choices)
    }
}
