//! Beside templates stand tokens: no message repeats a string of the file.
#![allow(missing_docs)]

use pinquery::{Datastream, Template, VirtualPin};
use pinquery_embedder::Described;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

const SECRET: &str = "bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg";
const TEMPLATE: &str = r#"{"v1":{"type":"integer","min":0,"max":100},"v2":{"type":"double","min":-40.5,"max":1e300},"v3":{"type":"string","max_len":64},"v4":{"type":"enumerable","values":[0,20,130],"fallback":0},"v5":{"type":"location"},"v6":{"type":"boolean"}}"#;

/// What a slip of the clipboard puts in place of something.
fn secrets() -> [Value; 6] {
    [
        json!(SECRET),
        json!([SECRET]),
        json!({ SECRET: SECRET }),
        json!({ "type": SECRET }),
        json!({ "$serde_json::private::Number": SECRET }),
        json!([[SECRET], { SECRET: 1 }]),
    ]
}

/// The value with a secret in each place of it in turn: instead of it, of a key, and as one more.
fn spoilt(value: &Value) -> Vec<Value> {
    let mut all = Vec::from(secrets());
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                for spoilt in spoilt(inner) {
                    all.push(with(map, key, key, spoilt));
                }
                all.push(with(map, key, SECRET, inner.clone()));
                all.push(with(map, key, &format!("{key}{SECRET}"), inner.clone()));
            }
            for secret in secrets() {
                all.push(with(map, "", SECRET, secret));
            }
        }
        Value::Array(values) => {
            for (index, inner) in values.iter().enumerate() {
                for spoilt in spoilt(inner) {
                    let mut values = values.clone();
                    values[index] = spoilt;
                    all.push(Value::Array(values));
                }
            }
        }
        _ => {}
    }
    all
}

/// The map with another key and value in place of one, or as a new one.
fn with(map: &Map<String, Value>, old: &str, key: &str, value: Value) -> Value {
    let mut map = map.clone();
    map.remove(old);
    map.insert(key.to_owned(), value);
    Value::Object(map)
}

/// Every message that reading it gives. None where it is read, which holds nothing secret then.
fn messages<T: DeserializeOwned>(value: &Value) -> Vec<String> {
    let text = value.to_string();
    [
        serde_json::from_str::<T>(&text).err(),
        serde_json::from_str::<T>(&text[..text.len() - 1]).err(),
        serde_json::from_slice::<T>(text.replace('b', r"\u0062").as_bytes()).err(),
        serde_json::from_reader::<_, T>(text.as_bytes()).err(),
        T::deserialize(value).err(),
        serde_json::from_value::<T>(value.clone()).err(),
    ]
    .into_iter()
    .flatten()
    .map(|error| format!("{error}\n{error:?}"))
    .collect()
}

fn check<T: DeserializeOwned>(value: &Value) {
    let messages = messages::<T>(value);
    assert!(messages.len() >= 6, "{value} was read");
    for message in messages {
        let repeats = message.contains(&SECRET[1..]) || message.contains("private");
        assert!(!repeats, "{value}: {message}");
    }
}

#[test]
fn no_message_repeats_a_string_of_a_template() {
    let template: Value = serde_json::from_str(TEMPLATE).unwrap();
    assert!(serde_json::from_value::<Template>(template.clone()).is_ok());
    let spoilt = spoilt(&template);
    assert!(spoilt.len() > 200, "{}", spoilt.len());
    spoilt.iter().for_each(check::<Template>);
}

#[test]
fn no_message_repeats_a_string_of_a_datastream_or_a_pin() {
    let Ok(Value::Object(pins)) = serde_json::from_str(TEMPLATE) else {
        panic!("an object");
    };
    for datastream in pins.values() {
        spoilt(datastream).iter().for_each(check::<Datastream>);
    }
    secrets().iter().for_each(check::<VirtualPin>);
}

/// Of the datastream's part, that is: an unknown field there is one of the embedder's struct.
#[test]
fn no_message_repeats_a_string_beside_fields_of_the_embedder() {
    let Ok(Value::Object(pins)) = serde_json::from_str(TEMPLATE) else {
        panic!("an object");
    };
    for datastream in pins.values().filter_map(Value::as_object) {
        for (key, value) in datastream {
            for spoilt in spoilt(value) {
                let datastream = with(datastream, key, key, spoilt);
                let map = datastream.as_object().expect("it is one");
                check::<Described>(&with(map, "", "label", json!("Pump")));
            }
        }
    }
}
