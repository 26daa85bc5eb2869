//! The formats other than JSON, as an application calls them.

use std::fmt::{Debug, Display};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

/// A format, as an application calls it. Errors are formatted by the call that the docs name.
pub trait Format {
    const NAME: &str;

    fn write<T: Serialize>(value: &T) -> Vec<u8>;
    fn read<T: DeserializeOwned>(input: &[u8]) -> Result<T, String>;
}

pub struct Yaml;
pub struct Toml;
pub struct Cbor;
pub struct MessagePack;
pub struct Ron;

pub fn text(input: &[u8]) -> &str {
    std::str::from_utf8(input).expect("a text")
}

impl Format for Yaml {
    const NAME: &str = "YAML";

    fn write<T: Serialize>(value: &T) -> Vec<u8> {
        serde_saphyr::to_string(value).expect("YAML").into_bytes()
    }

    fn read<T: DeserializeOwned>(input: &[u8]) -> Result<T, String> {
        serde_saphyr::from_str(text(input)).map_err(|error| error.without_snippet().to_string())
    }
}

impl Format for Toml {
    const NAME: &str = "TOML";

    fn write<T: Serialize>(value: &T) -> Vec<u8> {
        toml::to_string(value).expect("TOML").into_bytes()
    }

    fn read<T: DeserializeOwned>(input: &[u8]) -> Result<T, String> {
        toml::from_str(text(input)).map_err(|error| error.message().to_owned())
    }
}

impl Format for Cbor {
    const NAME: &str = "CBOR";

    fn write<T: Serialize>(value: &T) -> Vec<u8> {
        let mut output = Vec::new();
        ciborium::into_writer(value, &mut output).expect("CBOR");
        output
    }

    fn read<T: DeserializeOwned>(input: &[u8]) -> Result<T, String> {
        ciborium::from_reader(input).map_err(verbose)
    }
}

impl Format for MessagePack {
    const NAME: &str = "MessagePack";

    fn write<T: Serialize>(value: &T) -> Vec<u8> {
        rmp_serde::to_vec_named(value).expect("MessagePack")
    }

    fn read<T: DeserializeOwned>(input: &[u8]) -> Result<T, String> {
        rmp_serde::from_slice(input).map_err(verbose)
    }
}

impl Format for Ron {
    const NAME: &str = "RON";

    fn write<T: Serialize>(value: &T) -> Vec<u8> {
        ron::to_string(value).expect("RON").into_bytes()
    }

    fn read<T: DeserializeOwned>(input: &[u8]) -> Result<T, String> {
        ron::from_str(text(input)).map_err(verbose)
    }
}

fn verbose(error: impl Debug + Display) -> String {
    format!("{error} {error:?}")
}

/// Translates JSON text, including `null`, `1e999` and duplicate keys, into each format that can
/// express it.
pub fn translations(json: &str) -> [(&'static str, Option<Vec<u8>>); 5] {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    let value: ciborium::Value = serde_saphyr::from_str_with_options(json, options).expect(json);
    [
        (Yaml::NAME, Some(json.as_bytes().to_vec())),
        (
            Toml::NAME,
            toml::to_string(&value).ok().map(String::into_bytes),
        ),
        (Cbor::NAME, Some(Cbor::write(&value))),
        (MessagePack::NAME, Some(MessagePack::write(&value))),
        (Ron::NAME, Some(json.as_bytes().to_vec())),
    ]
}

pub fn read<T: DeserializeOwned>(format: &str, input: &[u8]) -> Result<T, String> {
    match format {
        Yaml::NAME => Yaml::read(input),
        Toml::NAME => Toml::read(input),
        Cbor::NAME => Cbor::read(input),
        MessagePack::NAME => MessagePack::read(input),
        _ => Ron::read(input),
    }
}
