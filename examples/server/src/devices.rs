//! Devices by token, and their keys in a store.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use pinquery::Template;
use sha2::{Digest, Sha256};

/// The token of the demo device; not a secret.
pub const DEMO_TOKEN: &str = "demo-greenhouse-not-a-secret";

/// The demo devices file.
pub const DEMO: &str = include_str!("demo.json");

/// Identifies a device in a store: the SHA-256 of its id, so that its token can change, or of its
/// token if it has no id. A copy of a database does not reveal tokens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// Returns the key with these bytes from a database.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
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

/// The keys of a device to register in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewDevice {
    /// Its key.
    pub key: DeviceKey,
    /// Its key before it was given an id.
    pub token_key: DeviceKey,
}

/// A device of the file.
struct Entry {
    keys: NewDevice,
    /// Its number in the store, if known.
    number: Option<i64>,
    template: Arc<Template>,
}

/// The devices of a file, sorted by key, with their numbers in a store as far as they are known.
pub struct Entries(Vec<Entry>);

impl Entries {
    /// Returns the demo device.
    ///
    /// # Panics
    ///
    /// Never: the file is compiled in and covered by a test.
    #[must_use]
    pub fn demo() -> Self {
        Self::from_json(DEMO.as_bytes()).expect("the demo devices are valid")
    }

    /// Reads a devices file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or as [`from_json`](Self::from_json) does.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || anyhow::Ok(Self::from_json(File::open(path)?)?);
        read().with_context(|| format!("devices {path:?}"))
    }

    /// Parses `{"token":{"v1":{"type":"integer"}}}`.
    ///
    /// # Errors
    ///
    /// Reports the position of the device, the pin and the reason, but no token.
    pub fn from_json(json: impl Read) -> Result<Self, pinquery_devices::Error> {
        let mut templates = Templates::default();
        let devices = pinquery_devices::from_reader(json, |token, device| {
            let template = templates.share(device.template);
            let id = device.id.map(String::into_boxed_str);
            (DeviceKey::of_token(&token), (id, template))
        })?;
        let entries = devices.into_iter().map(|(token_key, (id, template))| {
            let key = id.map_or(token_key, |id| DeviceKey::of_id(&id));
            Entry {
                keys: NewDevice { key, token_key },
                number: None,
                template,
            }
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_unstable_by_key(|entry| entry.keys.key);
        Ok(Self(entries))
    }

    /// Sets the number of the device with this key, if there is one.
    pub fn set_number(&mut self, key: &DeviceKey, number: i64) {
        if let Ok(position) = self.0.binary_search_by_key(key, |entry| entry.keys.key) {
            self.0[position].number = Some(number);
        }
    }

    /// Returns the keys of all devices without a number, in ascending order.
    #[must_use]
    pub fn new_devices(&self) -> Vec<NewDevice> {
        let entries = self.0.iter().filter(|entry| entry.number.is_none());
        entries.map(|entry| entry.keys).collect()
    }

    /// Returns the devices by token.
    ///
    /// # Errors
    ///
    /// Fails if a device has no number.
    pub fn into_devices(self) -> anyhow::Result<Devices> {
        let mut devices = HashMap::with_capacity(self.0.len());
        for entry in self.0 {
            let number = entry.number.context("a device is not registered")?;
            let template = entry.template;
            devices.insert(entry.keys.token_key, Device { number, template });
        }
        Ok(Devices(devices))
    }
}

/// Maximum distinct templates to share, which limits the memory if each device has a different one.
const MAX_SHARED: usize = 1000;

/// Distinct templates by their JSON, so that devices share equal ones.
#[derive(Default)]
struct Templates(HashMap<String, Arc<Template>>);

impl Templates {
    fn share(&mut self, template: Template) -> Arc<Template> {
        // Not compared as templates: bounds of 0.0 and -0.0 are equal.
        let Ok(json) = serde_json::to_string(&template) else {
            return Arc::new(template);
        };
        if let Some(shared) = self.0.get(&json) {
            return Arc::clone(shared);
        }
        let template = Arc::new(template);
        if self.0.len() < MAX_SHARED {
            self.0.insert(json, Arc::clone(&template));
        }
        template
    }
}

/// A device that a token grants access to.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Its number in the store.
    pub number: i64,
    /// Its datastreams.
    pub template: Arc<Template>,
}

/// Devices by token. Contains only the hashes of the tokens, which take less memory, as each token
/// would be a separate allocation.
///
/// The map's hasher is randomly seeded, so tokens cannot be chosen to collide.
pub struct Devices(HashMap<DeviceKey, Device>);

impl Devices {
    /// Returns the device with this token.
    #[must_use]
    pub fn get(&self, token: &str) -> Option<&Device> {
        self.0.get(&DeviceKey::of_token(token))
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

/// Omits keys.
impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Devices")
            .field("len", &self.0.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Registers all devices with the same number.
    fn devices(mut entries: Entries) -> Devices {
        for device in entries.new_devices() {
            entries.set_number(&device.key, 7);
        }
        entries.into_devices().expect("all devices are registered")
    }

    fn entries(json: &str) -> Entries {
        Entries::from_json(json.as_bytes()).expect("valid devices")
    }

    #[test]
    fn the_demo_file_has_one_device() {
        let devices = devices(Entries::demo());
        assert_eq!(devices.len(), 1);
        assert!(devices.get(DEMO_TOKEN).is_some());
    }

    #[test]
    fn a_device_with_an_id_is_keyed_by_the_id() {
        let key = |json: &str| entries(json).new_devices()[0];
        let without_id = key(r#"{"t":{"v1":{"type":"double"}}}"#);
        assert_eq!(without_id.key, DeviceKey::of_token("t"));
        assert_eq!(without_id.token_key, without_id.key);
        let with_id = key(r#"{"t":{"v1":{"type":"double"},"id":"roof"}}"#);
        assert_eq!(with_id.key, DeviceKey::of_id("roof"));
        assert_eq!(with_id.token_key, without_id.key);
        assert_ne!(DeviceKey::of_id("t"), DeviceKey::of_token("t"));
    }

    #[test]
    fn devices_have_the_numbers_of_their_keys() {
        let mut entries = entries(
            r#"{"a":{"v1":{"type":"double"}},"b":{"v1":{"type":"double"}},"c":{"v1":{"type":"double"}}}"#,
        );
        for (token, number) in [("c", 3), ("a", 1), ("unknown", 9)] {
            entries.set_number(&DeviceKey::of_token(token), number);
        }
        let [new] = entries.new_devices()[..] else {
            panic!("one device has no number");
        };
        assert_eq!(new.key, DeviceKey::of_token("b"));
        entries.set_number(&new.key, 2);
        let devices = entries.into_devices().expect("all have numbers");
        for (token, number) in [("a", 1), ("b", 2), ("c", 3)] {
            assert_eq!(devices.get(token).map(|device| device.number), Some(number));
        }
        assert!(devices.get("unknown").is_none());
    }

    #[test]
    fn a_device_that_is_not_registered_is_an_error() {
        let error = Entries::demo().into_devices().expect_err("no number");
        assert_eq!(error.to_string(), "a device is not registered");
    }

    #[test]
    fn equal_templates_are_shared() {
        let double = |min| format!(r#"{{"v1":{{"type":"double","min":{min}}}}}"#);
        let devices = devices(entries(&format!(
            r#"{{"a":{},"b":{},"c":{}}}"#,
            double("0.0"),
            double("-0.0"),
            double("0")
        )));
        let template = |token| &devices.get(token).expect("the device exists").template;
        assert!(Arc::ptr_eq(template("a"), template("c")));
        // Both are equal to `==`, but clamp to different values.
        assert!(!Arc::ptr_eq(template("a"), template("b")));
    }

    #[test]
    fn the_number_of_shared_templates_is_limited() {
        let mut templates = Templates::default();
        let mut share = |length: usize| {
            let datastream = pinquery::Datastream::string_up_to(length);
            templates.share(Template::new().with(pinquery::VirtualPin(0), datastream))
        };
        let first: Vec<_> = (0..=MAX_SHARED).map(&mut share).collect();
        let second: Vec<_> = (0..=MAX_SHARED).map(&mut share).collect();
        assert_eq!(first, second);
        let is_shared = |(a, b)| Arc::ptr_eq(a, b);
        assert_eq!(
            first.iter().zip(&second).position(|pair| !is_shared(pair)),
            Some(MAX_SHARED)
        );
    }

    #[test]
    fn debug_output_omits_tokens_and_keys() {
        let devices = devices(Entries::demo());
        assert!(!format!("{devices:?}").contains("demo"));
        assert_eq!(format!("{:?}", DeviceKey::of_token("t")), "DeviceKey(..)");
    }
}
