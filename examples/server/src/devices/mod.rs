//! Which devices there are: a JSON object of tokens, each with its template.

mod file;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use pinquery::Template;
use sha2::{Digest, Sha256};

/// The token of the demonstration's device: no secret.
pub const DEMO_TOKEN: &str = "demo-greenhouse-not-a-secret";

/// The demonstration's devices file.
pub const DEMO: &str = include_str!("../demo.json");

/// What a store knows a device by: the SHA-256 of its token, so that no copy of a database lets
/// anyone send values; or of its id, where it has one, so that its token may change.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceKey([u8; 32]);

impl DeviceKey {
    /// The key of the device with this token and no id.
    #[must_use]
    pub fn of_token(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// The key of the device with this id.
    #[must_use]
    pub fn of_id(id: &str) -> Self {
        // No token begins with this byte, and so none has the key of an id.
        Self(
            Sha256::new()
                .chain_update([0])
                .chain_update(id)
                .finalize()
                .into(),
        )
    }

    /// From what a database has kept.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// As a database keeps it.
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

/// A device of the file.
#[derive(Clone, PartialEq)]
pub struct Listed {
    /// What a store knows it by.
    pub key: DeviceKey,
    /// What a store has known it by if it had no id then.
    pub token_key: DeviceKey,
    /// What its virtual pins hold.
    pub template: Template,
}

/// What a token gives access to.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Its number in the store.
    pub number: i64,
    /// What its virtual pins hold.
    pub template: Template,
}

/// Devices by token, as the file lists them or with their numbers in a store.
///
/// The map hashes with random keys: nobody can choose tokens that collide.
#[derive(Clone)]
pub struct Devices<D = Listed>(HashMap<String, D>);

impl Devices {
    /// The demonstration's device alone.
    ///
    /// # Panics
    ///
    /// Never: the file is part of the program, and a test reads it.
    #[must_use]
    pub fn demo() -> Self {
        Self::from_json(DEMO).expect("the demonstration's devices are valid")
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is refused as [`from_json`](Self::from_json) says.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("devices {path:?}"))?;
        let text = str::from_utf8(&bytes).with_context(|| format!("devices {path:?}"))?;
        Self::from_json(text).with_context(|| format!("devices {path:?}"))
    }

    /// Reads `{"token":{"v1":{"type":"integer"}}}`.
    ///
    /// # Errors
    ///
    /// Names the device by its place in the file, the pin and the reason. No string of the file is
    /// repeated: in a file that is wrong, any of them may be a token.
    pub fn from_json(json: &str) -> anyhow::Result<Self> {
        serde_json::from_str(json).map_err(|error| anyhow!(without_strings(&error.to_string())))
    }

    /// The same devices as a store has them, by the numbers that it gives them.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub fn numbered<E>(
        self,
        mut number: impl FnMut(&Listed) -> Result<i64, E>,
    ) -> Result<Devices<Arc<Device>>, E> {
        let numbered = self.0.into_iter().map(|(token, listed)| {
            let number = number(&listed)?;
            let template = listed.template;
            Ok((token, Arc::new(Device { number, template })))
        });
        Ok(Devices(numbered.collect::<Result<_, E>>()?))
    }
}

impl<D> Devices<D> {
    /// The device with this token.
    #[must_use]
    pub fn get(&self, token: &str) -> Option<&D> {
        self.0.get(token)
    }

    /// Every device, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &D> {
        self.0.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Without its tokens.
impl<D> fmt::Debug for Devices<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Devices")
            .field("len", &self.0.len())
            .finish_non_exhaustive()
    }
}

/// The message with each quoted string left out.
fn without_strings(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for char in message.chars() {
        let ends_or_begins = char == '"' && !is_escaped;
        is_escaped = is_quoted && char == '\\' && !is_escaped;
        if ends_or_begins {
            shown.push_str(if is_quoted { "…\"" } else { "\"" });
            is_quoted = !is_quoted;
        } else if !is_quoted {
            shown.push(char);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        format!("{:#}", Devices::from_json(json).expect_err("a rejection"))
    }

    #[test]
    fn the_demonstration_has_one_device() {
        let devices = Devices::demo();
        assert_eq!(devices.len(), 1);
        assert!(devices.get(DEMO_TOKEN).is_some());
    }

    #[test]
    fn a_refusal_names_place_pin_and_reason() {
        let json = r#"{"good-token":{"v1":{"type":"double"}},
                       "SECRET":{"v1":{"type":"integer","min":9,"max":1}}}"#;
        let message = refused(json);
        assert!(
            message.starts_with("device 2: v1: min is above max"),
            "{message}"
        );
        assert!(message.contains("line 2"), "{message}");
    }

    #[test]
    fn no_refusal_repeats_a_string_of_the_file() {
        for json in [
            r#"{"SECRET":{"v1":{"type":"integer","min":9,"max":1}}}"#,
            r#"{"devices":{"SECRET":{"v1":{"type":"double"}}}}"#,
            r#"{"a":"SECRET"}"#,
            r#"["SECRET"]"#,
            r#""SECRET""#,
            r#"{"a":{"v1":{"type":"SECRET"}}}"#,
            r#"{"a":{"v1":{"SECRET":1}}}"#,
            r#"{"a":{"v1":{"SEC\"RET":1}}}"#,
            r#"{"SECRET":{"v1":{"type":"double"}},"SECRET":{"v1":{"type":"double"}}}"#,
            r#"{"SECRET\n":{"v1":{"type":"double"}}}"#,
            r#"{"SECRET":{}}"#,
            r#"{"SECRET":{"id":1,"v1":{"type":"double"}}}"#,
            r#"{"SECRET":{"id":"SECRET","id":"SECRET","v1":{"type":"double"}}}"#,
            r#"{"SECRET":{"v1":{"type":"double"}}"#,
        ] {
            let message = refused(json);
            assert!(
                !message.contains("SEC") && !message.contains("RET"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_repeated_token_an_impossible_one_and_no_device_are_refused() {
        let twice = r#"{"t":{"v1":{"type":"double"}},"t":{"v1":{"type":"double"}}}"#;
        assert!(refused(twice).starts_with("device 2: an earlier device has the same token"));
        for token in ["", "a b", "é", "a\\u0000"] {
            let json = format!(r#"{{"{token}":{{"v1":{{"type":"double"}}}}}}"#);
            assert!(
                refused(&json).starts_with("device 1: a token is"),
                "{token}"
            );
        }
        assert!(Devices::from_json(r#"{"a&b=c%+":{"v1":{"type":"double"}}}"#).is_ok());
        assert!(refused("{}").starts_with("there is no device"));
    }

    #[test]
    fn an_id_is_what_a_store_knows_a_device_by() {
        let key = |json: &str, token: &str| {
            Devices::from_json(json)
                .expect("devices")
                .get(token)
                .expect("a device")
                .key
        };
        let plain = key(r#"{"t":{"v1":{"type":"double"}}}"#, "t");
        let named = key(r#"{"t":{"v1":{"type":"double"},"id":"roof"}}"#, "t");
        assert_ne!(plain, named);
        assert_eq!(
            named,
            key(r#"{"u":{"id":"roof","v1":{"type":"double"}}}"#, "u")
        );
        assert_ne!(DeviceKey::of_id("t"), DeviceKey::of_token("t"));
        let twice =
            r#"{"t":{"id":"a","v1":{"type":"double"}},"u":{"id":"a","v1":{"type":"double"}}}"#;
        assert!(refused(twice).starts_with("device 2: an earlier device has the same id"));
        let wrong = r#"{"t":{"id":"a","v1":{"type":"integer","min":9,"max":1}}}"#;
        assert!(refused(wrong).starts_with("device 1: v1: min is above max at line 1"));
    }

    #[test]
    fn debug_hides_tokens_and_keys() {
        let devices = Devices::demo();
        assert!(!format!("{devices:?}").contains("demo"));
        assert_eq!(format!("{:?}", DeviceKey::of_token("t")), "DeviceKey(..)");
    }
}
