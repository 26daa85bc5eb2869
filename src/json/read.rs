//! Reads templates, datastreams and pins.
//!
//! Templates are often stored next to tokens, so messages contain no string of the input other than
//! names of pins.

use alloc::string::String;
use core::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Unexpected, Visitor};

use super::number::{AnyNumber, integers};
use crate::pin::VirtualPin;
use crate::template::Template;
use crate::types::datastream::Datastream;
use crate::types::error::DatastreamError;
use crate::types::parts::DatastreamParts;

/// Rejects a string, of text or of bytes, without repeating it.
macro_rules! reject_string {
    ($value:ty) => {
        fn visit_str<E: de::Error>(self, _: &str) -> Result<$value, E> {
            Err(E::invalid_type(Unexpected::Other("a string"), &self))
        }

        fn visit_bytes<E: de::Error>(self, _: &[u8]) -> Result<$value, E> {
            self.visit_str("")
        }
    };
}

/// Deserializes a map with a datastream for each pin: `{"v1":{"type":"integer","max":100}}` in JSON.
///
/// Keys are `v0` to `v255`, lowercase. A datastream has a `type` and the fields of that type: `min`
/// and `max` of `integer` and `double`, `max_len` of `string`, `values` and `fallback` of
/// `enumerable`. Only `type` and `values` are required.
///
/// Any self-describing format works, such as JSON, YAML, TOML, CBOR, MessagePack and RON. The result
/// does not depend on the format, nor on whether the template is nested, flattened or read from a
/// buffered value such as `serde_json::Value`. [Section 6 of the
/// contract](crate::contract#6-templates-and-json-lines-output) lists the few exceptions, such as `-0`.
/// Formats that are not self-describing, such as `postcard` and `bincode`, return an error.
///
/// # Errors
///
/// Rejects unknown or repeated pins and fields, values of the wrong type, and what
/// [`Datastream::from_parts`] rejects. An error in a datastream names its pin.
///
/// These errors contain no string of the input other than names of pins, because templates are often
/// stored next to tokens. Some formats add an excerpt of the input when they display an error: log
/// `toml::de::Error::message()` and `serde_saphyr::Error::without_snippet()` instead.
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
///
/// With `serde`'s feature `rc`, templates can be deserialized into an `Arc`, which a lookup can clone:
///
/// ```
/// use pinquery::{BatchUpdate, Template};
/// use std::collections::HashMap;
/// use std::sync::Arc;
///
/// let devices: HashMap<String, Arc<Template>> =
///     serde_json::from_str(r#"{"t":{"v1":{"type":"integer"}}}"#)?;
///
/// let request = BatchUpdate::parse("token=t&v1=33")?;
/// let template = devices.get(request.token().as_str()).cloned();
/// let template: Arc<Template> = template.ok_or_else(|| request.unknown_token())?;
/// assert_eq!(request.updates(&template)?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
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
                .next_value()
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
        deserializer.deserialize_any(DatastreamVisitor)
    }
}

struct DatastreamVisitor;

impl<'de> Visitor<'de> for DatastreamVisitor {
    type Value = Datastream;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the type of a datastream and its bounds")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Datastream, A::Error> {
        let (mut type_name, mut values) = (None::<String>, None);
        let mut parts = DatastreamParts::default();
        while let Some(field) = map.next_key::<String>()? {
            match &*field {
                "type" => set(&mut type_name, TYPE, &field, map.next_value())?,
                "min" | "max" => {
                    let found = map.next_value().map(AnyNumber::bound);
                    let bound = match &*field {
                        "min" => &mut parts.min,
                        _ => &mut parts.max,
                    };
                    set(bound, NUMBER, &field, found)?;
                }
                "max_len" => {
                    // On 32 bits, the number may exceed a `usize`, but no string does.
                    let length = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
                    let found = map.next_value().and_then(AnyNumber::integer).map(length);
                    set(&mut parts.max_len, LENGTH, &field, found)?;
                }
                "values" => {
                    let found = map.next_value().and_then(integers);
                    set(&mut values, INTEGERS, &field, found)?;
                }
                "fallback" => {
                    let found = map.next_value().and_then(AnyNumber::integer);
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
