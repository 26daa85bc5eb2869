//! Deserialization of the devices file.

use std::collections::{HashMap, HashSet};
use std::fmt;

use pinquery::{Pairs, Template, Token};
use serde::de::value::MapAccessDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor,
};

use super::{DeviceKey, Devices, Entry};

impl<'de> Deserialize<'de> for Devices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DevicesVisitor)
    }
}

struct DevicesVisitor;

impl<'de> Visitor<'de> for DevicesVisitor {
    type Value = Devices;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a template for each token")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Devices, A::Error> {
        let (mut devices, mut ids) = (HashMap::new(), HashSet::new());
        let mut position = 0;
        while let Some(token) = map.next_key::<String>()? {
            position += 1;
            let invalid = |reason: &dyn fmt::Display| {
                A::Error::custom(format!("device {position}: {reason}"))
            };
            if !is_token(&token) {
                return Err(invalid(&"token must be one or more bytes in 0x21..=0x7E"));
            }
            let RawEntry { id, template } = map.next_value().map_err(|error| invalid(&error))?;
            if template.is_empty() {
                return Err(invalid(&"template has no datastreams"));
            }
            let token_key = DeviceKey::of_token(&token);
            let key = id.as_deref().map_or(token_key, DeviceKey::of_id);
            if id.is_some_and(|id| !ids.insert(id)) {
                return Err(invalid(&"duplicate id"));
            }
            let entry = Entry {
                key,
                token_key,
                template,
            };
            if devices.insert(token, entry).is_some() {
                return Err(invalid(&"duplicate token"));
            }
        }
        if devices.is_empty() {
            return Err(A::Error::custom("file contains no devices"));
        }
        Ok(Devices(devices))
    }
}

/// A template with an optional device id among its pins: `{"id":"roof","v1":…}`.
struct RawEntry {
    id: Option<String>,
    template: Template,
}

impl<'de> Deserialize<'de> for RawEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawEntryVisitor;

        impl<'de> Visitor<'de> for RawEntryVisitor {
            type Value = RawEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a datastream for each pin")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawEntry, A::Error> {
                let mut pins = WithoutId { map, id: None };
                let template = Template::deserialize(MapAccessDeserializer::new(&mut pins))?;
                Ok(RawEntry {
                    id: pins.id,
                    template,
                })
            }
        }

        deserializer.deserialize_map(RawEntryVisitor)
    }
}

/// Takes `id` out of an object and leaves the other keys to the library's deserializer.
struct WithoutId<A> {
    map: A,
    id: Option<String>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for &mut WithoutId<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<String>()? {
            if key != "id" {
                return seed.deserialize(key.into_deserializer()).map(Some);
            }
            let id = self.map.next_value::<String>();
            let id = id.map_err(|error| A::Error::custom(format!("id: {error}")))?;
            if self.id.replace(id).is_some() {
                return Err(A::Error::custom("id: duplicate key"));
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Returns whether a request can carry this token: escapes it and has the library validate it.
fn is_token(token: &str) -> bool {
    let escaped: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let query = format!("token={escaped}");
    Pairs::new(&query).all(|pair| Token::new(pair.value).is_some())
}
