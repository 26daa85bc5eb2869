//! The devices file: templates by token, as JSON. Shared by the C API, the example server and the
//! `batch_update` example.
#![forbid(unsafe_code)]

mod format;

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::io::{BufReader, Read};
use std::marker::PhantomData;

use pinquery::{Template, Token};
use serde::de::DeserializeSeed;
use serde_json::de::{self, Deserializer, IoRead, StrRead};

/// A device of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Its id, which stays the same if its token changes. Unique within the file.
    pub id: Option<String>,
    /// Its datastreams; at least one.
    pub template: Template,
}

/// Parses devices: an object that maps tokens to templates, each with an optional `id` among its
/// pins.
///
/// A byte-order mark at the start is skipped, as [RFC 8259, section
/// 8.1](https://www.rfc-editor.org/rfc/rfc8259#section-8.1) permits. The map's hasher is randomly
/// seeded, so tokens cannot be chosen to collide.
///
/// # Errors
///
/// Reports the position of the device (counting from 1), the pin and the reason. Rejects invalid or
/// repeated tokens, repeated ids, invalid or empty templates, and files without devices.
///
/// ```
/// let json = br#"{"bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg":{"id":"roof","v1":{"type":"double"}}}"#;
/// let devices = pinquery_devices::from_json(json)?;
/// assert_eq!(devices["bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg"].id.as_deref(), Some("roof"));
///
/// let json = br#"{"secret":{"v1":{"type":"integer","min":9,"max":1}}}"#;
/// let error = pinquery_devices::from_json(json).unwrap_err();
/// let expected = "device 1: v1: min is above max at line 1 column 50";
/// assert_eq!(error.to_string(), expected);
/// # Ok::<(), pinquery_devices::Error>(())
/// ```
pub fn from_json(json: &[u8]) -> Result<HashMap<Token<'static>, Device>, Error> {
    parse_slice(json, format::Devices::new(|token, device| (token, device)))
}

/// Like [`from_json`], but does not read the whole file into memory, and converts each token and
/// device, so that the caller can keep less of them. Different tokens must have different keys.
///
/// # Errors
///
/// Fails as `from_json` does, or if the reader fails.
///
/// ```
/// let json = br#"{"bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg":{"id":"roof","v1":{"type":"double"}}}"#;
/// let ids = pinquery_devices::from_reader(&json[..], |token, device| (token, device.id))?;
/// assert_eq!(ids["bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg"].as_deref(), Some("roof"));
///
/// let error = pinquery_devices::from_reader(&b"{}"[..], |token, _| (token, ())).unwrap_err();
/// assert_eq!(error.to_string(), "no devices at line 1 column 2");
/// # Ok::<(), pinquery_devices::Error>(())
/// ```
pub fn from_reader<K: Eq + Hash, V>(
    mut reader: impl Read,
    convert: impl FnMut(Token<'static>, Device) -> (K, V),
) -> Result<HashMap<K, V>, Error> {
    let mut start = Vec::new();
    let mark = BYTE_ORDER_MARK.as_bytes();
    let length = mark.len() as u64;
    reader
        .by_ref()
        .take(length)
        .read_to_end(&mut start)
        .map_err(Error::new)?;
    let start = start.strip_prefix(mark).unwrap_or(&start);
    let json = IoRead::new(BufReader::new(start.chain(reader)));
    parse(json, format::Devices::new(convert))
}

/// Parses the template of one device, without an `id`. It may be empty.
///
/// A byte-order mark at the start is skipped.
///
/// # Errors
///
/// Reports the pin and the reason, as the library does.
///
/// ```
/// let template = pinquery_devices::template_from_json(br#"{"v1":{"type":"double"}}"#)?;
/// assert_eq!(template.len(), 1);
///
/// let error = pinquery_devices::template_from_json(br#"{"v1":{"type":"int"}}"#).unwrap_err();
/// assert!(error.to_string().starts_with("v1: unknown type"));
/// # Ok::<(), pinquery_devices::Error>(())
/// ```
pub fn template_from_json(json: &[u8]) -> Result<Template, Error> {
    parse_slice(json, PhantomData)
}

const BYTE_ORDER_MARK: &str = "\u{FEFF}";

fn parse_slice<'de, S: DeserializeSeed<'de>>(json: &'de [u8], seed: S) -> Result<S::Value, Error> {
    let text = std::str::from_utf8(json).map_err(Error::new)?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    parse(StrRead::new(text), seed)
}

fn parse<'de, S: DeserializeSeed<'de>>(
    json: impl de::Read<'de>,
    seed: S,
) -> Result<S::Value, Error> {
    let mut json = Deserializer::new(json);
    let value = seed.deserialize(&mut json).map_err(Error::new)?;
    json.end().map_err(Error::new)?;
    Ok(value)
}

/// The error returned for invalid JSON: where and why. Repeats no string of the JSON except names of
/// pins, because in an invalid file any other string may be a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    fn new(cause: impl fmt::Display) -> Self {
        Self(redact_strings(&cause.to_string()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Replaces the contents of each quoted string with `…`.
fn redact_strings(message: &str) -> String {
    let mut redacted = String::with_capacity(message.len());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for character in message.chars() {
        let is_quote = character == '"' && !is_escaped;
        is_escaped = is_quoted && character == '\\' && !is_escaped;
        if is_quote {
            redacted.push_str(if is_quoted { "…\"" } else { "\"" });
            is_quoted = !is_quoted;
        } else if !is_quoted {
            redacted.push(character);
        }
    }
    redacted
}
