//! Templates in JSON.

use std::fmt::Debug;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ReadTemplate, Summary, summary};
use crate::json::{self, Json};
use crate::{Device, convert};

/// Asserts that library and test support agree on a template in JSON, and on a query after a NUL.
///
/// An invalid template is rejected with the name of the pin.
pub fn template(data: &[u8], read: ReadTemplate) -> Summary {
    let mut parts = data.splitn(2, |&byte| byte == 0);
    let text = parts.next().unwrap_or_default();
    let ours = read(text);
    let Ok(Json::Object(entries)) = serde_json::from_slice(text) else {
        assert!(ours.is_err(), "only an object is a template");
        return None;
    };
    match (json::template(&entries), ours) {
        (Ok(expected), Ok(template)) => {
            assert_eq!(Ok(&template), convert::template(&expected).as_ref());
            let device = Device::new(expected);
            let queries = [QUERY, TWICE].into_iter().chain(parts);
            queries.map(|query| summary(&device.outcome(query))).last()
        }
        (Err(key), Err(error)) => {
            // A key that is not a pin may be a token and is not repeated.
            let reason = match pinquery::VirtualPin::from_str(key) {
                Ok(pin) if pin.to_string() == *key => error
                    .strip_prefix(key)
                    .unwrap_or_else(|| panic!("{key} is not named: {error}")),
                _ => error.as_str(),
            };
            Some(words(reason).to_owned())
        }
        (expected, ours) => panic!("expected {expected:?}, found {ours:?}"),
    }
}

/// Reads a template after asserting that it survives being written to text and to a
/// [`serde_json::Value`].
///
/// `T` is the library's template, which implements the traits only with its feature `serde`.
///
/// # Errors
///
/// Returns the message of the library's error.
///
/// # Panics
///
/// If a template that was written and read back differs.
pub fn read_template<T>(json: &[u8]) -> Result<pinquery::Template, String>
where
    T: DeserializeOwned + Serialize + PartialEq + Debug + Into<pinquery::Template>,
{
    let template: T = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let write = |template: &T| serde_json::to_string(template).expect("JSON");
    let text = write(&template);
    let value = serde_json::to_value(&template).expect("a value");
    let from_text = serde_json::from_str(&text).expect(&text);
    let from_value = serde_json::from_value(value).expect(&text);
    for again in [from_text, from_value] {
        assert_eq!(again, template);
        // `==` ignores the sign of a zero; the text shows it.
        assert_eq!(write(&again), text);
    }
    Ok(template.into())
}

/// Truncates a message before what it quotes, what it expects and the position in JSON.
fn words(reason: &str) -> &str {
    let cited = reason.find(['`', '"', '(', ',']).unwrap_or(reason.len());
    let end = reason.find(" at line").unwrap_or(reason.len());
    reason[..cited.min(end)].trim_matches([':', ' '])
}

const QUERY: &[u8] = b"token=t&v0=1&v1=33&v2=44.5&v3=a+b&v4=20&v5=1.5,2&v6=true";
const TWICE: &[u8] = b"v255=1&token=t&v5=1&v5=2&v9=-1e400&v10=99999999999999999999";
