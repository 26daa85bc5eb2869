//! Templates in JSON, read a second time: whatever stands there is kept first, the same key twice
//! too, and judged by the contract's section 6 afterwards.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::plain::{Datastream, Template};

/// JSON, nothing lost.
#[derive(Clone, Debug)]
pub enum Json {
    /// A number that is an `i64`, written as one.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A text.
    String(String),
    /// What stands in brackets.
    Array(Vec<Json>),
    /// The entries in order.
    Object(Vec<(String, Json)>),
    /// `null`, `true` or `false`: nothing that a template has.
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
        Ok(Json::Object(object))
    }
}

/// The template, or the first key that does not belong to one.
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
    let mut rest = fields.clone();
    let Some(Json::String(type_name)) = take(&mut rest, "type") else {
        return None;
    };
    let mut take = |name| take(&mut rest, name);
    let datastream = match type_name.as_str() {
        "integer" => integer(take("min"), take("max"))?,
        "double" => double(take("min"), take("max"))?,
        "string" => Datastream::String {
            max_len: usize::try_from(whole(take("max_len"), 1024)?).ok()?,
        },
        "enumerable" => enumerable(take("values")?, take("fallback"))?,
        "location" => Datastream::Location,
        "boolean" => Datastream::Boolean,
        _ => return None,
    };
    // What is left is unknown, another type's, or there twice.
    (rest.is_empty() && datastream.is_sound()).then_some(datastream)
}

fn take(fields: &mut Vec<(String, Json)>, name: &str) -> Option<Json> {
    let at = fields.iter().position(|(field, _)| field == name)?;
    Some(fields.remove(at).1)
}

fn whole(bound: Option<Json>, default: i64) -> Option<i64> {
    match bound {
        None => Some(default),
        Some(Json::Integer(integer)) => Some(integer),
        Some(_) => None,
    }
}

fn integer(min: Option<Json>, max: Option<Json>) -> Option<Datastream> {
    Some(Datastream::Integer {
        min: whole(min, -2_147_483_648)?,
        max: whole(max, 2_147_483_647)?,
    })
}

fn double(min: Option<Json>, max: Option<Json>) -> Option<Datastream> {
    let bound = |bound, default| match bound {
        None => Some(default),
        Some(Json::Integer(integer)) => Some(integer as f64),
        Some(Json::Number(number)) => Some(number),
        Some(_) => None,
    };
    Some(Datastream::Double {
        min: bound(min, f64::MIN)?,
        max: bound(max, f64::MAX)?,
    })
}

fn enumerable(values: Json, fallback: Option<Json>) -> Option<Datastream> {
    let Json::Array(values) = values else {
        return None;
    };
    let values = values
        .into_iter()
        .map(|value| whole(Some(value), 0))
        .collect::<Option<Vec<i64>>>()?;
    let fallback = match fallback {
        None => None,
        Some(fallback) => Some(whole(Some(fallback), 0)?),
    };
    Some(Datastream::Enumerable { values, fallback })
}
