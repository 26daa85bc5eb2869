//! True or false.

use pinquery::DatastreamError;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Parsed, Reason, Type, padded};
use crate::encoding::Choices;
use crate::generate::one;
use crate::json::Fields;
use crate::plain::{Adjustment, Value};
use crate::reference::trim;

/// True or false.
#[derive(Clone, Debug, PartialEq)]
pub struct Boolean;

impl Type for Boolean {
    type Value = bool;

    const NAME: &'static str = "boolean";
    const REASONS: &'static [Reason] = &["not_a_boolean"];
    const FUZZ_TEMPLATE: &'static str = "v6:boolean";

    fn from_value(value: &Value) -> Option<bool> {
        match value {
            Value::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    fn value(boolean: bool) -> Value {
        Value::Boolean(boolean)
    }

    fn parse_bounds(bounds: &str) -> Option<Self> {
        bounds.is_empty().then_some(Self)
    }

    fn from_json(_: &mut Fields) -> Option<Self> {
        Some(Self)
    }

    fn build(&self) -> Result<pinquery::Datastream, DatastreamError> {
        Ok(pinquery::Datastream::boolean())
    }

    fn parse_decoded(&self, text: &str) -> Parsed<bool> {
        match trim(text).to_ascii_lowercase().as_str() {
            "true" | "1" => Ok((true, None)),
            "false" | "0" => Ok((false, None)),
            _ => Err("not_a_boolean"),
        }
    }

    fn accepts(&self, _: bool, adjusted: Option<Adjustment>) -> bool {
        adjusted.is_none()
    }

    fn any() -> BoxedStrategy<Self> {
        Just(Self).boxed()
    }

    fn texts(&self) -> BoxedStrategy<Vec<String>> {
        let words = vec!["0", "1", "true", "True", "FALSE", "false"];
        one(select(words).prop_map(str::to_owned))
    }

    fn any_value() -> BoxedStrategy<bool> {
        any::<bool>().boxed()
    }

    fn just(_: bool) -> Self {
        Self
    }

    fn write(boolean: bool, choices: &mut Choices<'_>) -> Vec<String> {
        let text = match (choices.next() & 3, boolean) {
            (0, boolean) => u8::from(boolean).to_string(),
            (1, true) => "tRue".to_owned(),
            (1, false) => "falsE".to_owned(),
            (_, boolean) => boolean.to_string(),
        };
        padded(&text, choices)
    }
}
