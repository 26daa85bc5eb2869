//! A second reader of templates in JSON: first keeps everything, including duplicate keys, then
//! applies section 6 of the contract.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::plain::Template;
use crate::types::Datastream;

/// A JSON value with duplicate keys.
#[derive(Clone, Debug)]
pub enum Json {
    /// An integer in the range of `i64`.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object with its entries in order.
    Object(Vec<(String, Json)>),
    /// `null`, `true` or `false`, which templates do not contain.
    Other,
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Json, E> {
        Ok(Json::Integer(integer))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Json, E> {
        Ok(i64::try_from(integer).map_or(Json::Number(integer as f64), Json::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        // `serde_json` represents some numbers as such objects.
        Ok(match &*object {
            [(key, Json::String(number))] if key == "$serde_json::private::Number" => {
                match (number.parse(), number.parse::<f64>()) {
                    (Ok(integer), _) if number != "-0" => Json::Integer(integer),
                    (_, Ok(double)) if double.is_finite() => Json::Number(double),
                    _ => Json::Object(object),
                }
            }
            _ => Json::Object(object),
        })
    }
}

/// Reads a template.
///
/// # Errors
///
/// Returns the first key that is invalid or has an invalid datastream.
pub fn template(entries: &[(String, Json)]) -> Result<Template, &str> {
    let mut template = Template::new();
    for (key, value) in entries {
        let pin = (0..=255).find(|pin| *key == format!("v{pin}"));
        let (Some(pin), Some(datastream)) = (pin, datastream(value)) else {
            return Err(key);
        };
        if template.insert(pin, datastream).is_some() {
            return Err(key);
        }
    }
    Ok(template)
}

fn datastream(json: &Json) -> Option<Datastream> {
    let Json::Object(fields) = json else {
        return None;
    };
    let mut rest = Fields(fields.clone());
    let Some(Json::String(type_name)) = rest.take("type") else {
        return None;
    };
    let datastream = Datastream::from_json(&type_name, &mut rest)?;
    // Remaining fields are unknown, of another type, or duplicates.
    (rest.0.is_empty() && datastream.is_valid()).then_some(datastream)
}

/// The fields of a datastream that have not been read yet.
#[derive(Clone, Debug)]
pub struct Fields(Vec<(String, Json)>);

impl Fields {
    /// Removes a field.
    pub fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.0.iter().position(|(field, _)| field == name)?;
        Some(self.0.remove(at).1)
    }

    /// Removes an integer field, or returns the default if it is missing.
    pub fn integer(&mut self, name: &str, default: i64) -> Option<i64> {
        match self.take(name) {
            None => Some(default),
            Some(Json::Integer(integer)) => Some(integer),
            Some(_) => None,
        }
    }
}
