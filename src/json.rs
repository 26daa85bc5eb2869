//! The JSON of templates and of updates.

use alloc::vec::Vec;
use core::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::device::datastream::Datastream;
use crate::device::error::DatastreamError;
use crate::device::pin::VirtualPin;
use crate::device::template::Template;
use crate::query::text::Text;
use crate::update::{Adjustment, Update, Updates, Value};

/// From `{"v1":{"type":"integer","min":0,"max":100}}`: an object with a datastream for each pin.
///
/// Keys are `v0` to `v255`, lowercase. A datastream is a `type` and its own fields: `min` and
/// `max` of `integer` and `double`, `max_len` of `string`, `values` and `fallback` of
/// `enumerable`. All but `type` and `values` may be left out; whatever else is there, or is there
/// twice, is an error that names the pin.
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
        deserializer.deserialize_map(TemplateVisitor)
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
        while let Some(Key(pin)) = pins.next_key()? {
            let datastream = pins
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
}

struct Key(VirtualPin);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pin `v0` to `v255`")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Key, E> {
        match name.parse() {
            Ok(pin) if name.starts_with('v') => Ok(Key(pin)),
            _ => Err(E::custom(format_args!(
                "{name:?}: the key is no pin `v0` to `v255`"
            ))),
        }
    }
}

/// From `{"type":"integer","min":0,"max":100}`, as within a [`Template`].
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
        deserializer.deserialize_map(DatastreamVisitor)
    }
}

struct DatastreamVisitor;

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

impl<'de> Visitor<'de> for DatastreamVisitor {
    type Value = Datastream;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the type of a datastream and its bounds")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Datastream, A::Error> {
        let mut fields = Fields::default();
        while let Some(field) = map.next_key()? {
            match field {
                Field::Type => fill(&mut fields.type_name, "type", &mut map)?,
                Field::Min => fill(&mut fields.min, "min", &mut map)?,
                Field::Max => fill(&mut fields.max, "max", &mut map)?,
                Field::MaxLen => fill(&mut fields.max_len, "max_len", &mut map)?,
                Field::Values => fill(&mut fields.values, "values", &mut map)?,
                Field::Fallback => fill(&mut fields.fallback, "fallback", &mut map)?,
            }
        }
        fields.build()
    }
}

fn fill<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(de::Error::duplicate_field(name));
    }
    *slot = Some(
        map.next_value()
            .map_err(|error: A::Error| de::Error::custom(format_args!("{name}: {error}")))?,
    );
    Ok(())
}

impl Fields {
    fn build<E: de::Error>(self) -> Result<Datastream, E> {
        let type_name = self.type_name.ok_or_else(|| E::missing_field("type"))?;
        self.refuse_foreign(type_name)?;
        let built = match type_name {
            Type::Integer => {
                let min = self
                    .min
                    .map_or(Ok(Datastream::DEFAULT_MIN), Number::integer)?;
                let max = self
                    .max
                    .map_or(Ok(Datastream::DEFAULT_MAX), Number::integer)?;
                Datastream::integer((
                    core::ops::Bound::Included(min),
                    core::ops::Bound::Included(max),
                ))
            }
            Type::Double => Datastream::double((
                self.min.map_or(core::ops::Bound::Unbounded, Number::bound),
                self.max.map_or(core::ops::Bound::Unbounded, Number::bound),
            )),
            Type::String => Ok(Datastream::string_up_to(
                self.max_len.unwrap_or(Datastream::DEFAULT_MAX_LEN),
            )),
            Type::Enumerable => {
                let values = self.values.ok_or_else(|| E::missing_field("values"))?;
                Datastream::build_enumerable(values, self.fallback)
            }
            Type::Boolean => Ok(Datastream::boolean()),
            Type::Location => Ok(Datastream::location()),
        };
        built.map_err(|error: DatastreamError| E::custom(error))
    }

    /// A field of another type is a mistake, and never one to pass over.
    fn refuse_foreign<E: de::Error>(&self, type_name: Type) -> Result<(), E> {
        let has_bounds = matches!(type_name, Type::Integer | Type::Double);
        let given = [
            ("min", self.min.is_some() && !has_bounds),
            ("max", self.max.is_some() && !has_bounds),
            (
                "max_len",
                self.max_len.is_some() && type_name != Type::String,
            ),
            (
                "values",
                self.values.is_some() && type_name != Type::Enumerable,
            ),
            (
                "fallback",
                self.fallback.is_some() && type_name != Type::Enumerable,
            ),
        ];
        match given.iter().find(|(_, is_foreign)| *is_foreign) {
            Some((name, _)) => Err(E::custom(format_args!(
                "unknown field `{name}` of this type of datastream"
            ))),
            None => Ok(()),
        }
    }
}

/// Reads one of a few names.
macro_rules! names {
    ($type:ident, $what:literal, $($name:literal => $variant:ident),+ $(,)?) => {
        #[derive(Clone, Copy, PartialEq)]
        enum $type { $($variant),+ }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Names;

                impl Visitor<'_> for Names {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($what)
                    }

                    fn visit_str<E: de::Error>(self, name: &str) -> Result<$type, E> {
                        match name {
                            $($name => Ok($type::$variant),)+
                            _ => Err(E::custom(format_args!(concat!("unknown ", $what, " {:?}"), name))),
                        }
                    }
                }

                deserializer.deserialize_str(Names)
            }
        }
    };
}

names! { Field, "field",
    "type" => Type,
    "min" => Min,
    "max" => Max,
    "max_len" => MaxLen,
    "values" => Values,
    "fallback" => Fallback,
}

names! { Type, "type",
    "integer" => Integer,
    "double" => Double,
    "string" => String,
    "enumerable" => Enumerable,
    "boolean" => Boolean,
    "location" => Location,
}

/// A bound, as the JSON has it: `type` may come behind it.
#[derive(Clone, Copy)]
enum Number {
    Integer(i64),
    Other(f64),
}

impl Number {
    fn integer<E: de::Error>(self) -> Result<i64, E> {
        match self {
            Self::Integer(integer) => Ok(integer),
            Self::Other(number) => Err(E::custom(format_args!(
                "the bound {number:?} of an integer is no 64-bit integer"
            ))),
        }
    }

    fn bound(self) -> core::ops::Bound<f64> {
        core::ops::Bound::Included(match self {
            Self::Integer(integer) => integer as f64,
            Self::Other(number) => number,
        })
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number::Integer(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(i64::try_from(number).map_or(Number::Other(number as f64), Number::Integer))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                Ok(Number::Other(number))
            }
        }

        deserializer.deserialize_any(NumberVisitor)
    }
}

/// As the line format has it: `{"pin":1,"value":33,"adjusted":null}`.
///
/// ```
/// use pinquery::{Datastream, Template, VirtualPin, parse};
///
/// let template = Template::new().with(VirtualPin(2), Datastream::double(..=50.0)?);
/// let updates = parse("token=t&v2=51", |_| Some(&template))?;
/// assert_eq!(
///     serde_json::to_string(&updates)?,
///     r#"[{"pin":2,"value":50.0,"adjusted":"max"}]"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Serialize for Update<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut update = serializer.serialize_struct("Update", 3)?;
        update.serialize_field("pin", &self.pin.0)?;
        update.serialize_field("value", &self.value)?;
        update.serialize_field("adjusted", &self.adjusted)?;
        update.end()
    }
}

/// As an array of the updates.
impl Serialize for Updates<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

/// As a number, a string, `true` or `false`; a location as `[longitude,latitude]`.
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Integer(integer) | Value::Enumerable(integer) => integer.serialize(serializer),
            Value::Double(double) => double.serialize(serializer),
            Value::String(text) => text.serialize(serializer),
            Value::Boolean(boolean) => boolean.serialize(serializer),
            Value::Location {
                longitude,
                latitude,
            } => (longitude, latitude).serialize(serializer),
        }
    }
}

/// As the decoded text.
impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(self),
        }
    }
}

/// As `min`, `max` or `fallback`.
impl Serialize for Adjustment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
