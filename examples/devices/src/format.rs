//! Deserialization of the devices file.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

use pinquery::{Template, Token};
use serde::de::value::MapAccessDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor,
};

use crate::Device;

/// Deserializes at least one device by token, and converts each token and device.
pub struct Devices<F, K, V> {
    convert: F,
    converted: PhantomData<(K, V)>,
}

impl<F: FnMut(Token<'static>, Device) -> (K, V), K: Eq + Hash, V> Devices<F, K, V> {
    pub const fn new(convert: F) -> Self {
        Self {
            convert,
            converted: PhantomData,
        }
    }
}

impl<'de, F: FnMut(Token<'static>, Device) -> (K, V), K: Eq + Hash, V> DeserializeSeed<'de>
    for Devices<F, K, V>
{
    type Value = HashMap<K, V>;

    fn deserialize<J: Deserializer<'de>>(self, deserializer: J) -> Result<Self::Value, J::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(Token<'static>, Device) -> (K, V), K: Eq + Hash, V> Visitor<'de>
    for Devices<F, K, V>
{
    type Value = HashMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object that maps tokens to templates")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        // Hashed with random keys, so that nobody can choose colliding tokens.
        let (mut devices, mut ids) = (HashMap::new(), HashSet::new());
        let mut position = 0;
        while let Some(token) = map.next_key::<String>()? {
            position += 1;
            let invalid = |reason: &dyn fmt::Display| {
                A::Error::custom(format_args!("device {position}: {reason}"))
            };
            let token: Token = token.parse().map_err(|error| invalid(&error))?;
            let device: Device = map.next_value().map_err(|error| invalid(&error))?;
            if device.template.is_empty() {
                return Err(invalid(&"template has no datastreams"));
            }
            if device.id.clone().is_some_and(|id| !ids.insert(id)) {
                return Err(invalid(&"duplicate id"));
            }
            let (key, value) = (self.convert)(token, device);
            if devices.insert(key, value).is_some() {
                return Err(invalid(&"duplicate token"));
            }
        }
        match devices.is_empty() {
            true => Err(A::Error::custom("no devices")),
            false => Ok(devices),
        }
    }
}

/// Deserializes a template with an optional id among its pins: `{"id":"roof","v1":…}`.
impl<'de> Deserialize<'de> for Device {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DeviceVisitor)
    }
}

struct DeviceVisitor;

impl<'de> Visitor<'de> for DeviceVisitor {
    type Value = Device;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object that maps pins to datastreams")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Device, A::Error> {
        let mut pins = Pins { map, id: None };
        let template = Template::deserialize(MapAccessDeserializer::new(&mut pins))?;
        Ok(Device {
            id: pins.id,
            template,
        })
    }
}

/// An object without its `"id"`, from which the library deserializes a template.
struct Pins<A> {
    map: A,
    id: Option<String>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for &mut Pins<A> {
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
            let id = id.map_err(|error| A::Error::custom(format_args!("id: {error}")))?;
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
