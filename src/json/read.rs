//! What is read from JSON: templates, datastreams and pins.
//!
//! A template stands beside tokens in its file, so no message repeats a string but a pin's name.

use alloc::vec::Vec;
use core::fmt::{self, Display};

use serde::de::{self, Deserialize, Deserializer, MapAccess, Unexpected, Visitor};

use super::fields::{Field, Figure, Length, Values};
use crate::device::datastream::{Datastream, Type};
use crate::device::error::DatastreamError;
use crate::device::from_row::foreign;
use crate::device::pin::VirtualPin;
use crate::device::row::{DatastreamRow, Number};
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
            let OfTemplate(datastream) = pins
                .next_value()
                .map_err(|error| de::Error::custom(format_args!("{pin}: {error}")))?;
            if template.insert(pin, datastream).is_some() {
                return Err(de::Error::custom(format_args!(
                    "{pin}: the pin is repeated"
                )));
            }
        }
        Ok(template)
    }

    no_string!(Template);
}

/// From its name, `"v1"`: lowercase and canonical.
impl<'de> Deserialize<'de> for VirtualPin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(PinVisitor)
    }
}

struct PinVisitor;

impl Visitor<'_> for PinVisitor {
    type Value = VirtualPin;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pin `v0` to `v255`")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<VirtualPin, E> {
        match name.parse() {
            Ok(pin) if name.starts_with('v') => Ok(pin),
            _ => Err(E::custom("the key is no pin `v0` to `v255`")),
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
        deserializer.deserialize_any(DatastreamVisitor::<false>)
    }
}

/// A datastream within a template, whose numbers are asked for as such: see [`Figure`].
struct OfTemplate(Datastream);

impl<'de> Deserialize<'de> for OfTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = DatastreamVisitor::<true>;
        deserializer.deserialize_any(visitor).map(Self)
    }
}

struct DatastreamVisitor<const AS_NUMBERS: bool>;

impl<'de, const AS_NUMBERS: bool> Visitor<'de> for DatastreamVisitor<AS_NUMBERS> {
    type Value = Datastream;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the type of a datastream and its bounds")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Datastream, A::Error> {
        // Text does not know its size. A `Value` does, and under `arbitrary_precision` it makes
        // every number an `f64` when it is asked for one.
        match AS_NUMBERS && map.size_hint().is_none() {
            true => fields_of::<true, _>(map)?.build(),
            false => fields_of::<false, _>(map)?.build(),
        }
    }

    no_string!(Datastream);
}

const TYPE: DatastreamError = DatastreamError::UnknownType;
const NUMBER: &str = "expected a finite number";
const LENGTH: &str = "expected a whole number from 0 on";
const WHOLE_NUMBER: &str = "expected a 64-bit integer";
const WHOLE_NUMBERS: &str = "expected an array of 64-bit integers";

fn bound<const AS_NUMBERS: bool>(Figure(number): Figure<AS_NUMBERS>) -> Option<Number> {
    Some(number)
}

fn values<const AS_NUMBERS: bool>(Values(values): Values<AS_NUMBERS>) -> Option<Vec<i64>> {
    Some(values)
}

fn fields_of<'de, const AS_NUMBERS: bool, A: MapAccess<'de>>(
    mut map: A,
) -> Result<Fields, A::Error> {
    let mut fields = Fields::default();
    while let Some(field) = map.next_key()? {
        let map = &mut map;
        match field {
            Field::Type => fill(&mut fields.type_name, "type", TYPE, map, Some)?,
            Field::Min => fill(&mut fields.min, "min", NUMBER, map, bound::<AS_NUMBERS>)?,
            Field::Max => fill(&mut fields.max, "max", NUMBER, map, bound::<AS_NUMBERS>)?,
            Field::MaxLen => fill(
                &mut fields.max_len,
                "max_len",
                LENGTH,
                map,
                |Length(length)| Some(length),
            )?,
            Field::Values => fill(
                &mut fields.values,
                "values",
                WHOLE_NUMBERS,
                map,
                values::<AS_NUMBERS>,
            )?,
            Field::Fallback => fill(
                &mut fields.fallback,
                "fallback",
                WHOLE_NUMBER,
                map,
                Figure::<AS_NUMBERS>::integer,
            )?,
        }
    }
    Ok(fields)
}

/// Reads a field that must not be there yet.
fn fill<'de, R: Deserialize<'de>, T, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    name: &'static str,
    wrong: impl Display,
    map: &mut A,
    take: impl FnOnce(R) -> Option<T>,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(de::Error::duplicate_field(name));
    }
    *slot = map.next_value().ok().and_then(take);
    match slot {
        Some(_) => Ok(()),
        // Not the error itself, which may repeat what is there.
        None => Err(de::Error::custom(format_args!("{name}: {wrong}"))),
    }
}

/// The fields of a datastream, as they were found.
#[derive(Default)]
struct Fields {
    type_name: Option<Type>,
    min: Option<Number>,
    max: Option<Number>,
    max_len: Option<usize>,
    values: Option<Vec<i64>>,
    fallback: Option<i64>,
}

impl Fields {
    fn build<E: de::Error>(self) -> Result<Datastream, E> {
        let row = DatastreamRow {
            type_name: self
                .type_name
                .ok_or_else(|| E::missing_field("type"))?
                .name(),
            min: self.min,
            max: self.max,
            max_len: self.max_len,
            values: self.values.as_deref(),
            fallback: self.fallback,
        };
        let datastream = Datastream::of_row(&row).map_err(E::custom)?;
        // A field of another type is a mistake, and never one to pass over.
        match foreign(&row, &datastream) {
            None => Ok(datastream),
            Some(name) => Err(E::custom(format_args!(
                "unknown field `{name}` of this type of datastream"
            ))),
        }
    }
}
