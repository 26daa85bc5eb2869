//! Reads templates, datastreams and pins from JSON.
//!
//! Templates are stored next to tokens, so messages repeat no string other than the name of a pin.

use alloc::string::String;
use core::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Unexpected, Visitor};

use super::number::{NumberSeed, NumbersSeed, integer};
use crate::pin::VirtualPin;
use crate::template::Template;
use crate::types::datastream::Datastream;
use crate::types::error::DatastreamError;
use crate::types::parts::DatastreamParts;

/// Rejects a string without repeating it.
macro_rules! reject_string {
    ($value:ty) => {
        fn visit_str<E: de::Error>(self, _: &str) -> Result<$value, E> {
            Err(E::invalid_type(Unexpected::Other("a string"), &self))
        }
    };
}

/// Deserializes an object with a datastream for each pin: `{"v1":{"type":"integer","max":100}}`.
///
/// Keys are `v0` to `v255`, lowercase. A datastream has a `type` and the fields of that type: `min`
/// and `max` of `integer` and `double`, `max_len` of `string`, `values` and `fallback` of
/// `enumerable`. Only `type` and `values` are required.
///
/// # Errors
///
/// Rejects unknown or repeated pins and fields, values of the wrong type, and what
/// [`Datastream::from_parts`] rejects. An error in a datastream names its pin.
///
/// The result is the same for text and for a `serde_json::Value`, with every feature of
/// `serde_json`. Parsers disagree about `-0`, so it is rejected as a bound of an integer; a `Value`
/// with `arbitrary_precision` does not distinguish it from 0.
///
/// ```
/// use pinquery::{Datastream, Template, VirtualPin};
///
/// let template: Template = serde_json::from_str(r#"{"v3":{"type":"string","max_len":64}}"#)?;
/// assert_eq!(template, Template::new().with(VirtualPin(3), Datastream::string_up_to(64)));
///
/// let error = serde_json::from_str::<Template>(r#"{"v1":{"type":"integer","min":9,"max":1}}"#);
/// assert!(error.unwrap_err().to_string().starts_with("v1: min is above max"));
/// # Ok::<(), serde_json::Error>(())
/// ```
impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TemplateVisitor)
    }
}

struct TemplateVisitor;

impl<'de> Visitor<'de> for TemplateVisitor {
    type Value = Template;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a datastream for each pin")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pins: A) -> Result<Template, A::Error> {
        let mut template = Template::new();
        while let Some(pin) = pins.next_key::<VirtualPin>()? {
            let datastream = pins
                .next_value_seed(DatastreamSeed { in_template: true })
                .map_err(|error| de::Error::custom(format_args!("{pin}: {error}")))?;
            if template.insert(pin, datastream).is_some() {
                return Err(de::Error::custom(format_args!("{pin}: duplicate pin")));
            }
        }
        Ok(template)
    }

    reject_string!(Template);
}

/// Deserializes the name of a pin, `"v1"`: lowercase and canonical.
impl<'de> Deserialize<'de> for VirtualPin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match name.parse() {
            Ok(pin) if name.starts_with('v') => Ok(pin),
            _ => Err(de::Error::custom("key is not a pin `v0` to `v255`")),
        }
    }
}

/// Deserializes `{"type":"integer","min":0,"max":100}`, as in a [`Template`], or by
/// `#[serde(flatten)]` next to your own fields.
///
/// ```
/// use pinquery::Datastream;
///
/// let datastream: Datastream = serde_json::from_str(r#"{"type":"integer","max":100}"#)?;
/// assert_eq!(datastream, Datastream::integer(..=100).unwrap());
/// # Ok::<(), serde_json::Error>(())
/// ```
impl<'de> Deserialize<'de> for Datastream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DatastreamSeed { in_template: false }.deserialize(deserializer)
    }
}

/// Deserializes a datastream. Input buffered by `#[serde(flatten)]` cannot be distinguished from
/// text, but its numbers need `deserialize_any`. It never occurs within a template.
struct DatastreamSeed {
    in_template: bool,
}

impl<'de> DeserializeSeed<'de> for DatastreamSeed {
    type Value = Datastream;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Datastream, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DatastreamSeed {
    type Value = Datastream;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the type of a datastream and its bounds")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Datastream, A::Error> {
        // Text has no size hint. A `Value` has one, and with `arbitrary_precision` its
        // `deserialize_f64` converts every number to an `f64`.
        let number = NumberSeed {
            as_number: self.in_template && map.size_hint().is_none(),
        };
        let (mut type_name, mut values) = (None::<String>, None);
        let mut parts = DatastreamParts::default();
        while let Some(field) = map.next_key::<String>()? {
            match &*field {
                "type" => set(&mut type_name, TYPE, &field, map.next_value())?,
                "min" => set(&mut parts.min, NUMBER, &field, map.next_value_seed(number))?,
                "max" => set(&mut parts.max, NUMBER, &field, map.next_value_seed(number))?,
                "max_len" => {
                    // On 32 bits, the number may exceed a `usize`, but no string does.
                    let length = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
                    let found = map.next_value().map(length);
                    set(&mut parts.max_len, LENGTH, &field, found)?;
                }
                "values" => {
                    let found = map.next_value_seed(NumbersSeed(number));
                    set(&mut values, INTEGERS, &field, found)?;
                }
                "fallback" => {
                    let found = map.next_value_seed(number).and_then(integer);
                    set(&mut parts.fallback, INTEGER, &field, found)?;
                }
                _ => return Err(de::Error::custom("unknown field")),
            }
        }
        parts.type_name = match &type_name {
            Some(name) => name,
            None => return Err(de::Error::missing_field("type")),
        };
        parts.values = values.as_deref();
        Datastream::from_parts(&parts).map_err(build_error)
    }

    reject_string!(Datastream);
}

/// Adds the list of types, without repeating the unknown name.
fn build_error<E: de::Error>(error: DatastreamError) -> E {
    match error {
        DatastreamError::UnknownType => E::custom(format_args!(
            "{error}, expected one of {}",
            Datastream::TYPES.join(", ")
        )),
        _ => E::custom(error),
    }
}

const TYPE: &str = "expected the name of a type";
const NUMBER: &str = "expected a finite number";
const LENGTH: &str = "expected a non-negative integer";
const INTEGER: &str = "expected a 64-bit integer";
const INTEGERS: &str = "expected an array of 64-bit integers";

/// Sets a field that must not be set yet.
fn set<T, E: de::Error>(
    slot: &mut Option<T>,
    expected: &str,
    name: &str,
    found: Result<T, E>,
) -> Result<(), E> {
    // Replaced, because the original error may repeat the value.
    let found = found.map_err(|_| E::custom(format_args!("{name}: {expected}")))?;
    match slot.replace(found) {
        None => Ok(()),
        Some(_) => Err(E::custom(format_args!("duplicate field `{name}`"))),
    }
}
