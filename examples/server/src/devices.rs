//! Devices by token, and their keys in a store.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use pinquery::{Template, Token};
use sha2::{Digest, Sha256};

/// The token of the demo device; not a secret.
pub const DEMO_TOKEN: &str = "demo-greenhouse-not-a-secret";

/// The demo devices file.
pub const DEMO: &str = include_str!("demo.json");

/// Identifies a device in a store: the SHA-256 of its id, so that its token can change, or of its
/// token if it has no id. A copy of a database does not reveal tokens.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceKey([u8; 32]);

impl DeviceKey {
    /// Returns the key of a device without an id.
    #[must_use]
    pub fn of_token(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Returns the key of a device with this id.
    #[must_use]
    pub fn of_id(id: &str) -> Self {
        // Tokens cannot contain this byte, so the keys of ids and tokens never collide.
        Self(
            Sha256::new()
                .chain_update([0])
                .chain_update(id)
                .finalize()
                .into(),
        )
    }

    /// Reads a key from a database.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Returns the bytes to store in a database.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKey(..)")
    }
}

/// A device in the file.
#[derive(Clone, PartialEq)]
pub struct Entry {
    /// Its key in the store.
    pub key: DeviceKey,
    /// Its key in the store before it was given an id.
    pub token_key: DeviceKey,
    /// Its datastreams.
    pub template: Template,
}

impl Entry {
    fn new(token: &str, device: pinquery_devices::Device) -> Self {
        let token_key = DeviceKey::of_token(token);
        Self {
            key: device.id.as_deref().map_or(token_key, DeviceKey::of_id),
            token_key,
            template: device.template,
        }
    }
}

/// A device that a token grants access to.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Its number in the store.
    pub number: i64,
    /// Its datastreams.
    pub template: Template,
}

/// Devices by token: entries of the file, or devices with their numbers in a store.
///
/// The map's hasher is randomly seeded, so tokens cannot be chosen to collide.
#[derive(Clone)]
pub struct Devices<D = Entry>(HashMap<Token<'static>, D>);

impl Devices {
    /// Returns the demo device.
    ///
    /// # Panics
    ///
    /// Never: the file is compiled in and covered by a test.
    #[must_use]
    pub fn demo() -> Self {
        Self::from_json(DEMO.as_bytes()).expect("the demo devices are valid")
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or as [`from_json`](Self::from_json) does.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || anyhow::Ok(Self::from_json(&std::fs::read(path)?)?);
        read().with_context(|| format!("devices {path:?}"))
    }

    /// Parses `{"token":{"v1":{"type":"integer"}}}`.
    ///
    /// # Errors
    ///
    /// Reports the position of the device, the pin and the reason, but no token.
    pub fn from_json(json: &[u8]) -> Result<Self, pinquery_devices::Error> {
        let devices = pinquery_devices::from_json(json)?;
        let entries = devices.into_iter().map(|(token, device)| {
            let entry = Entry::new(&token, device);
            (token, entry)
        });
        Ok(Self(entries.collect()))
    }

    /// Replaces each entry with a device that has the number returned by `number`.
    ///
    /// # Errors
    ///
    /// Returns the first error of `number`.
    pub fn assign_numbers<E>(
        self,
        mut number: impl FnMut(&Entry) -> Result<i64, E>,
    ) -> Result<Devices<Arc<Device>>, E> {
        let numbered = self.0.into_iter().map(|(token, entry)| {
            let number = number(&entry)?;
            let template = entry.template;
            Ok((token, Arc::new(Device { number, template })))
        });
        Ok(Devices(numbered.collect::<Result<_, E>>()?))
    }
}

impl<D> Devices<D> {
    /// Returns the device with this token.
    #[must_use]
    pub fn get(&self, token: &str) -> Option<&D> {
        self.0.get(token)
    }

    /// Iterates over all devices in arbitrary order.
    pub fn iter(&self) -> impl Iterator<Item = &D> {
        self.0.values()
    }

    /// Returns the number of devices.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no devices.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Omits tokens.
impl<D> fmt::Debug for Devices<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Devices")
            .field("len", &self.0.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_file_has_one_device() {
        let devices = Devices::demo();
        assert_eq!(devices.len(), 1);
        assert!(devices.get(DEMO_TOKEN).is_some());
    }

    #[test]
    fn a_device_with_an_id_is_keyed_by_the_id() {
        let key = |json: &str, token: &str| {
            let devices = Devices::from_json(json.as_bytes()).expect("valid devices");
            devices.get(token).expect("the device exists").key
        };
        let without_id = key(r#"{"t":{"v1":{"type":"double"}}}"#, "t");
        let with_id = key(r#"{"t":{"v1":{"type":"double"},"id":"roof"}}"#, "t");
        assert_ne!(without_id, with_id);
        assert_eq!(
            with_id,
            key(r#"{"u":{"id":"roof","v1":{"type":"double"}}}"#, "u")
        );
        assert_ne!(DeviceKey::of_id("t"), DeviceKey::of_token("t"));
    }

    #[test]
    fn debug_output_omits_tokens_and_keys() {
        let devices = Devices::demo();
        assert!(!format!("{devices:?}").contains("demo"));
        assert_eq!(format!("{:?}", DeviceKey::of_token("t")), "DeviceKey(..)");
    }
}
