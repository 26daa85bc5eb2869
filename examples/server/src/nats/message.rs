//! The messages of the stream.
//!
//! A batch is `{"v":1,"u":[[1,"integer",33],[2,"double",21.5,"max"]]}`: the version and the
//! updates, each with its pin, type, value and, if it was adjusted, how. A location is
//! `[longitude,latitude]`. The last token of the subject identifies the device, and the stream
//! assigns the time. Doubles survive a round trip exactly.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pinquery::{Adjustment, Update, Value, VirtualPin};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::devices::DeviceKey;
use crate::value;

/// The version that [`encode`] writes.
const VERSION: u64 = 1;

/// The last token of the subject of health checks, which contain no batch.
pub const HEALTH: &str = "health";

/// Returns the subject of a device's batches: the stream's name and the device's key.
#[must_use]
pub fn subject(stream: &str, device: &DeviceKey) -> String {
    format!("{stream}.{}", URL_SAFE_NO_PAD.encode(device.as_bytes()))
}

/// Parses the last token of a subject. Returns the key of the device.
#[must_use]
pub fn device(token: &str) -> Option<DeviceKey> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    Some(DeviceKey::from_bytes(bytes.try_into().ok()?))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message<U> {
    v: u64,
    u: Vec<U>,
}

#[derive(Serialize)]
struct Written<'a>(
    u8,
    &'static str,
    &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")] Option<Adjustment>,
);

impl<'a> Written<'a> {
    fn of(update: &'a Update) -> Self {
        let (pin, type_name) = (update.pin.0, update.value.type_name());
        Self(pin, type_name, &update.value, update.adjusted)
    }
}

#[derive(Deserialize)]
struct Found<'a>(u8, &'a str, Json, #[serde(default)] Option<&'a str>);

/// Encodes a batch as a message.
///
/// # Panics
///
/// Never: these types can be serialized.
#[must_use]
pub fn encode(updates: &[Update]) -> Vec<u8> {
    let message = Message {
        v: VERSION,
        u: updates.iter().map(Written::of).collect(),
    };
    serde_json::to_vec(&message).expect("a batch can be serialized")
}

/// Why a message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// A newer server wrote it, in this version.
    Newer(u64),
    /// It is not a batch.
    Invalid(String),
}

impl std::error::Error for DecodeError {}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Newer(version) => write!(
                f,
                "version {version} is newer than {VERSION}: upgrade this program"
            ),
            Self::Invalid(reason) => write!(f, "not a batch: {reason}"),
        }
    }
}

/// Decodes the updates of a message.
///
/// # Errors
///
/// Fails if the version is newer, as in `{"v":2}`, or if the message is not a batch, as in `{}`.
pub fn decode(message: &[u8]) -> Result<Vec<Update>, DecodeError> {
    let updates = match serde_json::from_slice(message) {
        Ok(Message { v: VERSION, u }) => Ok(u),
        Ok(Message { v, .. }) => Err(format!("unknown version {v}")),
        Err(error) => Err(error.to_string()),
    };
    let updates = updates.and_then(|updates| updates.into_iter().map(update).collect());
    let updates = updates.and_then(check_pins);
    updates.map_err(|reason| match newer_version(message) {
        Some(version) => DecodeError::Newer(version),
        None => DecodeError::Invalid(reason),
    })
}

/// Returns the version of a message if it is newer. Its other fields may be unknown.
fn newer_version(message: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Version {
        v: u64,
    }
    let Version { v } = serde_json::from_slice(message).ok()?;
    (v > VERSION).then_some(v)
}

/// Checks that no pin occurs twice, which the database would reject.
fn check_pins(updates: Vec<Update>) -> Result<Vec<Update>, String> {
    let mut pins = HashSet::new();
    let duplicate = updates.iter().find(|update| !pins.insert(update.pin.0));
    match duplicate {
        Some(update) => Err(format!("duplicate pin {}", update.pin.0)),
        None => Ok(updates),
    }
}

fn update(Found(pin, type_name, json, adjusted): Found<'_>) -> Result<Update, String> {
    let row = Row { type_name, json };
    let value = value::value(type_name, &row)?;
    let adjusted = adjusted.map(|name| {
        let unknown = || format!("unknown adjustment {name:?}");
        value::adjustment(name).ok_or_else(unknown)
    });
    Ok(Update {
        pin: VirtualPin(pin),
        value: value.ok_or_else(|| format!("unknown type {type_name:?}"))?,
        adjusted: adjusted.transpose()?,
    })
}

/// A value and its type.
struct Row<'a> {
    type_name: &'a str,
    json: Json,
}

impl Row<'_> {
    fn mismatch(&self) -> String {
        format!("a value does not have the type {:?}", self.type_name)
    }

    fn number(&self, index: usize) -> Result<f64, String> {
        let number = match (self.type_name, &self.json) {
            ("location", Json::Array(degrees)) if degrees.len() == 2 => &degrees[index],
            ("double", number) => number,
            _ => return Err(self.mismatch()),
        };
        number.as_f64().ok_or_else(|| self.mismatch())
    }
}

impl value::Row for Row<'_> {
    type Error = String;

    fn integer(&self) -> Result<i64, String> {
        let integer = match self.type_name {
            "boolean" => self.json.as_bool().map(i64::from),
            _ => self.json.as_i64(),
        };
        integer.ok_or_else(|| self.mismatch())
    }

    fn double(&self) -> Result<f64, String> {
        self.number(0)
    }

    fn text(&self) -> Result<String, String> {
        let text = self.json.as_str().ok_or_else(|| self.mismatch())?;
        match text.contains('\0') {
            true => Err("a string contains U+0000".to_owned()),
            false => Ok(text.to_owned()),
        }
    }

    fn latitude(&self) -> Result<f64, String> {
        self.number(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(pin: u8, value: Value) -> Update {
        Update {
            pin: VirtualPin(pin),
            value,
            adjusted: None,
        }
    }

    #[test]
    fn a_batch_has_the_documented_format() {
        let mut updates = vec![
            update(1, Value::Integer(33)),
            update(2, Value::Double(21.5)),
            update(3, Value::String("a\"b\n".to_owned())),
            update(4, Value::Boolean(true)),
            update(
                5,
                Value::Location {
                    longitude: 24.94,
                    latitude: 60.17,
                },
            ),
            update(255, Value::Enumerable(7)),
        ];
        updates[1].adjusted = Some(Adjustment::Max);
        let json = r#"{"v":1,"u":[[1,"integer",33],[2,"double",21.5,"max"],[3,"string","a\"b\n"],[4,"boolean",true],[5,"location",[24.94,60.17]],[255,"enumerable",7]]}"#;
        assert_eq!(String::from_utf8_lossy(&encode(&updates)), json);
        assert_eq!(decode(json.as_bytes()), Ok(updates));
    }

    #[test]
    fn values_survive_a_round_trip() {
        let doubles = [
            -0.0,
            0.1,
            1.0,
            1e21,
            5e-324,
            f64::MIN_POSITIVE,
            f64::MAX,
            f64::MIN,
        ];
        let random = (1..1000u64).map(|n| f64::from_bits(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        for double in doubles.into_iter().chain(random.filter(|d| d.is_finite())) {
            let location = Value::Location {
                longitude: double,
                latitude: -double,
            };
            for value in [Value::Double(double), location] {
                let updates = [update(0, value)];
                let decoded = decode(&encode(&updates)).expect("a valid batch");
                // Distinguishes 0.0 and -0.0.
                assert_eq!(format!("{decoded:?}"), format!("{updates:?}"));
            }
        }
        for integer in [i64::MIN, -1, 0, 1 << 53, (1 << 53) + 1, i64::MAX] {
            let updates = [
                update(0, Value::Integer(integer)),
                update(255, Value::Enumerable(integer)),
            ];
            assert_eq!(decode(&encode(&updates)).as_deref(), Ok(&updates[..]));
        }
        let text: String = ('\u{1}'..='\u{fff}').chain(['\u{10ffff}', '💧']).collect();
        let updates = [update(0, Value::String(text))];
        assert_eq!(decode(&encode(&updates)).as_deref(), Ok(&updates[..]));
        for adjustment in Adjustment::ALL {
            let mut updates = [update(0, Value::Boolean(false))];
            updates[0].adjusted = Some(*adjustment);
            assert_eq!(decode(&encode(&updates)).as_deref(), Ok(&updates[..]));
        }
    }

    fn assert_invalid(message: &str, reason: &str) {
        match decode(message.as_bytes()) {
            Err(DecodeError::Invalid(error)) => {
                assert!(error.contains(reason), "{message}: {error}");
            }
            other => panic!("{message}: {other:?}"),
        }
    }

    #[test]
    fn newer_versions_and_invalid_messages_are_distinguished() {
        for newer in [
            r#"{"v":2,"u":[]}"#,
            r#"{"v":2}"#,
            r#"{"v":2,"u":"compressed","x":1}"#,
            r#"{"v":2,"u":[[1,"color","red"]]}"#,
        ] {
            assert_eq!(decode(newer.as_bytes()), Err(DecodeError::Newer(2)));
        }
        for (invalid, reason) in [
            ("", "EOF"),
            ("{}", "missing field"),
            (r#"{"v":0,"u":[]}"#, "unknown version 0"),
            (r#"{"v":1}"#, "missing field"),
            (r#"{"v":1,"u":[],"x":1}"#, "unknown field"),
            (r#"{"v":1,"u":[]} x"#, "trailing"),
            (r#"{"v":1,"u":[[256,"integer",1]]}"#, "256"),
            (r#"{"v":1,"u":[[1,"integer"]]}"#, "invalid length"),
            (r#"{"v":1,"u":[[1,"integer",1,"max",1]]}"#, "trailing"),
            (r#"{"v":1,"u":[[1,"color",1]]}"#, "unknown type"),
            (
                r#"{"v":1,"u":[[1,"integer",1,"up"]]}"#,
                "unknown adjustment",
            ),
            (r#"{"v":1,"u":[[1,"string","a\u0000"]]}"#, "U+0000"),
            (
                r#"{"v":1,"u":[[1,"integer",1],[2,"integer",1],[1,"integer",1]]}"#,
                "duplicate pin 1",
            ),
        ] {
            assert_invalid(invalid, reason);
        }
        for update in [
            r#""integer",true"#,
            r#""integer",1.0"#,
            r#""integer",9223372036854775808"#,
            r#""boolean",1"#,
            r#""double",[1,2]"#,
            r#""double",null"#,
            r#""location",[1]"#,
            r#""location",[1,2,3]"#,
            r#""string",1"#,
        ] {
            let message = format!(r#"{{"v":1,"u":[[1,{update}]]}}"#);
            assert_invalid(&message, "does not have the type");
        }
    }

    #[test]
    fn a_subject_identifies_the_device() {
        let key = DeviceKey::of_token("t");
        let subject = subject("PQ", &key);
        let (stream, token) = subject.split_once('.').expect("two tokens");
        assert_eq!((stream, token.len()), ("PQ", 43));
        assert!(device(token) == Some(key));
        for invalid in [
            HEALTH,
            "",
            &token[1..],
            &format!("{token}="),
            &format!("{token}A"),
        ] {
            assert!(device(invalid).is_none(), "{invalid}");
        }
    }
}
