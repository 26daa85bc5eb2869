//! What is read from JSON: templates, datastreams and pins.
//!
//! A template stands beside tokens in its file, so no message repeats a string but a pin's name.

use alloc::string::String;
use core::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Unexpected, Visitor};

use super::number::{NumberSeed, NumbersSeed, whole};
use crate::device::datastream::Datastream;
use crate::device::from_row::foreign;
use crate::device::pin::VirtualPin;
use crate::device::row::DatastreamRow;
use crate::device::template::Template;

/// What a visitor that takes no string says of one.
macro_rules! no_string {
    ($value:ty) => {
        fn visit_str<E: de::Error>(self, _: &str) -> Result<$value, E> {
            Err(E::invalid_type(Unexpected::Other("a string"), &self))
        }
    };
}

/// From `{"v1":{"type":"integer","min":0,"max":100}}`: an object with a datastream for each pin.
///
/// Keys are `v0` to `v255`, lowercase. A datastream is a `type` and its own fields: `min` and
/// `max` of `integer` and `double`, `max_len` of `string`, `values` and `fallback` of
/// `enumerable`. All but `type` and `values` may be left out; whatever else is there, or is there
/// twice, is an error that names the pin.
///
/// It reads the same from text and from a `serde_json::Value`, under every feature of
/// `serde_json`. As readers differ on what `-0` is, it is refused as an integer's bound; a `Value`
/// under `arbitrary_precision` does not tell it from 0.
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

    no_string!(Template);
}

/// From its name, `"v1"`: lowercase and canonical.
impl<'de> Deserialize<'de> for VirtualPin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match name.parse() {
            Ok(pin) if name.starts_with('v') => Ok(pin),
            _ => Err(de::Error::custom("key is not a pin `v0` to `v255`")),
        }
    }
}

/// From `{"type":"integer","min":0,"max":100}`, as within a [`Template`], or by `#[serde(flatten)]`
/// beside fields of your own.
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

/// What `#[serde(flatten)]` has put aside does not look different from text, but its numbers have
/// to be asked for as anything. It does not come within a template.
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
        // Text does not know its size. A `Value` does, and under `arbitrary_precision` it makes
        // every number an `f64` when it is asked for one.
        let number = NumberSeed {
            as_number: self.in_template && map.size_hint().is_none(),
        };
        let (mut type_name, mut values) = (None::<String>, None);
        let mut row = DatastreamRow::default();
        while let Some(field) = map.next_key::<String>()? {
            match &*field {
                "type" => set(&mut type_name, TYPE, &field, map.next_value())?,
                "min" => set(&mut row.min, NUMBER, &field, map.next_value_seed(number))?,
                "max" => set(&mut row.max, NUMBER, &field, map.next_value_seed(number))?,
                "max_len" => {
                    // None is longer than a `usize` can say, which on 32 bits the number may be.
                    let length = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
                    let found = map.next_value().map(length);
                    set(&mut row.max_len, LENGTH, &field, found)?;
                }
                "values" => {
                    let found = map.next_value_seed(NumbersSeed(number));
                    set(&mut values, WHOLE_NUMBERS, &field, found)?;
                }
                "fallback" => {
                    let found = map.next_value_seed(number).and_then(whole);
                    set(&mut row.fallback, WHOLE_NUMBER, &field, found)?;
                }
                _ => return Err(de::Error::custom("unknown field")),
            }
        }
        row.type_name = match &type_name {
            Some(name) => name,
            None => return Err(de::Error::missing_field("type")),
        };
        row.values = values.as_deref();
        build(&row)
    }

    no_string!(Datastream);
}

const TYPE: &str = "expected the name of a type";
const NUMBER: &str = "expected a finite number";
const LENGTH: &str = "expected a whole number from 0 on";
const WHOLE_NUMBER: &str = "expected a 64-bit integer";
const WHOLE_NUMBERS: &str = "expected an array of 64-bit integers";

/// Sets a field that must not be there yet.
fn set<T, E: de::Error>(
    slot: &mut Option<T>,
    wrong: &str,
    name: &str,
    found: Result<T, E>,
) -> Result<(), E> {
    // Not the error itself, which may repeat what is there.
    let found = found.map_err(|_| E::custom(format_args!("{name}: {wrong}")))?;
    match slot.replace(found) {
        None => Ok(()),
        Some(_) => Err(E::custom(format_args!("duplicate field `{name}`"))),
    }
}

fn build<E: de::Error>(row: &DatastreamRow<'_>) -> Result<Datastream, E> {
    let datastream = Datastream::of_row(row).map_err(E::custom)?;
    // A field of another type is a mistake, and never one to pass over.
    match foreign(row, &datastream) {
        None => Ok(datastream),
        Some(name) => Err(E::custom(format_args!(
            "unknown field `{name}` of this type of datastream"
        ))),
    }
}
