//! Writes updates, errors, templates, datastreams and pins. Examples are in JSON.

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::error::Error;
use crate::pin::VirtualPin;
use crate::query::text::Text;
use crate::template::Template;
use crate::types::datastream::Datastream;
use crate::types::parts::{Field, Number};
use crate::update::Update;
use crate::update::updates::Updates;

/// Serializes as `{"pin":1,"value":33,"adjusted":null}`.
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
impl<T: Serialize> Serialize for Update<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut update = serializer.serialize_struct("Update", 3)?;
        update.serialize_field("pin", &self.pin.0)?;
        update.serialize_field("value", &self.value)?;
        update.serialize_field("adjusted", &self.adjusted)?;
        update.end()
    }
}

/// Serializes as an array.
impl Serialize for Updates<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

/// Serializes as the decoded text.
impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(self),
        }
    }
}

/// Serializes the response body and the details for a log, with `pin` and `reason` if present.
///
/// ```
/// use pinquery::{Datastream, Template, VirtualPin, parse};
///
/// let template = Template::new().with(VirtualPin(2), Datastream::double(..)?);
/// let error = parse("token=t&v2=hot", |_| Some(&template)).unwrap_err();
/// assert_eq!(
///     serde_json::to_string(&error)?,
///     concat!(
///         r#"{"error":{"message":"Value doesn't match the Datastream data type"},"#,
///         r#""kind":"invalid_value","span":[11,14],"pin":2,"reason":"not_a_double"}"#,
///     ),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Message(&'static str);

        impl Serialize for Message {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut message = serializer.serialize_struct("Message", 1)?;
                message.serialize_field("message", self.0)?;
                message.end()
            }
        }

        let fields = 3 + usize::from(self.pin().is_some()) + usize::from(self.reason().is_some());
        let mut error = serializer.serialize_struct("Error", fields)?;
        error.serialize_field("error", &Message(self.message()))?;
        error.serialize_field("kind", &self.kind())?;
        error.serialize_field("span", &(self.span().start, self.span().end))?;
        if let Some(VirtualPin(pin)) = self.pin() {
            error.serialize_field("pin", &pin)?;
        }
        if let Some(reason) = self.reason() {
            error.serialize_field("reason", &reason)?;
        }
        error.end()
    }
}

/// Serializes as the name, `"v1"`, which also works as a map key. In an update or error, a pin is a
/// number.
///
/// ```
/// use pinquery::VirtualPin;
///
/// assert_eq!(serde_json::to_string(&VirtualPin(1)).unwrap(), r#""v1""#);
/// assert_eq!(serde_json::from_str::<VirtualPin>(r#""v1""#).unwrap(), VirtualPin(1));
/// ```
impl Serialize for VirtualPin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Serializes in the format from which it is deserialized. Bounds are always present, `fallback` only
/// if set.
///
/// ```
/// use pinquery::Datastream;
///
/// let json = serde_json::to_string(&Datastream::integer(0..)?)?;
/// assert_eq!(json, r#"{"type":"integer","min":0,"max":2147483647}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Serialize for Datastream {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = self.to_parts();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", parts.type_name)?;
        for (name, field) in parts.fields() {
            match field {
                Field::Number(Number::Double(double)) => map.serialize_entry(name, &double)?,
                Field::Number(Number::Integer(integer)) | Field::Integer(integer) => {
                    map.serialize_entry(name, &integer)?;
                }
                Field::Length(length) => map.serialize_entry(name, &length)?,
                Field::Values(values) => map.serialize_entry(name, values)?,
            }
        }
        map.end()
    }
}

/// Serializes in the format from which it is deserialized, in ascending order of pins.
///
/// ```
/// use pinquery::{Datastream, Template, VirtualPin};
///
/// let template = Template::from([(VirtualPin(6), Datastream::boolean())]);
/// let json = serde_json::to_string(&template)?;
/// assert_eq!(json, r#"{"v6":{"type":"boolean"}}"#);
/// assert_eq!(serde_json::from_str::<Template>(&json)?, template);
/// # Ok::<(), serde_json::Error>(())
/// ```
impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}
