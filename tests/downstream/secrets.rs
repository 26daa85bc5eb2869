//! Configuration files contain tokens: no error message repeats a string of the file.
#![allow(missing_docs)]

mod format;

use format::{read, translations};
use pinquery::{Datastream, Template, VirtualPin};
use pinquery_downstream::LabelledDatastream;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

const SECRET: &str = "bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg";
const TEMPLATE: &str = r#"{"v1":{"type":"integer","min":0,"max":100},"v2":{"type":"double","min":-40.5,"max":1e300},"v3":{"type":"string","max_len":64},"v4":{"type":"enumerable","values":[0,20,130],"fallback":0},"v5":{"type":"location"},"v6":{"type":"boolean"}}"#;

/// Returns values that a wrong paste could put into the file.
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

/// Returns copies of the value, each with a secret in one position: in place of a value, in place of
/// a key, or as an additional field.
fn corruptions(value: &Value) -> Vec<Value> {
    let mut all = Vec::from(secrets());
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                for corrupted in corruptions(inner) {
                    all.push(with(map, key, key, corrupted));
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
                for corrupted in corruptions(inner) {
                    let mut values = values.clone();
                    values[index] = corrupted;
                    all.push(Value::Array(values));
                }
            }
        }
        _ => {}
    }
    all
}

/// Returns the map with the entry `old`, if any, replaced by `key` and `value`.
fn with(map: &Map<String, Value>, old: &str, key: &str, value: Value) -> Value {
    let mut map = map.clone();
    map.remove(old);
    map.insert(key.to_owned(), value);
    Value::Object(map)
}

/// Returns the error messages of every way to read the value.
fn messages<T: DeserializeOwned>(value: &Value) -> Vec<String> {
    let text = value.to_string();
    let json = [
        serde_json::from_str::<T>(&text).err(),
        serde_json::from_str::<T>(&text[..text.len() - 1]).err(),
        serde_json::from_slice::<T>(text.replace('b', r"\u0062").as_bytes()).err(),
        serde_json::from_reader::<_, T>(text.as_bytes()).err(),
        T::deserialize(value).err(),
        serde_json::from_value::<T>(value.clone()).err(),
    ];
    let json = json.into_iter().flatten();
    let json = json.map(|error| format!("{error}\n{error:?}"));
    let others = translations(&text).into_iter();
    let others = others.filter_map(|(format, input)| read::<T>(format, &input?).err());
    json.chain(others).collect()
}

fn check<T: DeserializeOwned>(value: &Value) {
    let messages = messages::<T>(value);
    let formats = 10 + usize::from(value.is_object());
    assert!(messages.len() >= formats, "{value} was accepted");
    for message in messages {
        let repeats = message.contains(&SECRET[1..]) || message.contains("private");
        assert!(!repeats, "{value}: {message}");
    }
}

#[test]
fn template_errors_do_not_repeat_strings() {
    let template: Value = serde_json::from_str(TEMPLATE).unwrap();
    assert!(serde_json::from_value::<Template>(template.clone()).is_ok());
    let corrupted = corruptions(&template);
    assert!(corrupted.len() > 200, "{}", corrupted.len());
    corrupted.iter().for_each(check::<Template>);
}

#[test]
fn datastream_and_pin_errors_do_not_repeat_strings() {
    let Ok(Value::Object(pins)) = serde_json::from_str(TEMPLATE) else {
        panic!("an object");
    };
    for datastream in pins.values() {
        corruptions(datastream).iter().for_each(check::<Datastream>);
    }
    secrets().iter().for_each(check::<VirtualPin>);
}

/// Corrupts the datastream's fields only: the application's struct accepts unknown fields.
#[test]
fn errors_of_a_flattened_datastream_do_not_repeat_strings() {
    let Ok(Value::Object(pins)) = serde_json::from_str(TEMPLATE) else {
        panic!("an object");
    };
    for datastream in pins.values().filter_map(Value::as_object) {
        for (key, value) in datastream {
            for corrupted in corruptions(value) {
                let datastream = with(datastream, key, key, corrupted);
                let map = datastream.as_object().expect("an object");
                check::<LabelledDatastream>(&with(map, "", "label", json!("Pump")));
            }
        }
    }
}

#[test]
fn byte_strings_are_not_repeated() {
    let bytes = format!("b\"{SECRET}\"");
    for text in [
        bytes.clone(),
        format!("{{\"v1\":{bytes}}}"),
        format!("{{\"v1\":{{\"type\":{bytes}}}}}"),
        format!("{{\"v1\":{{\"type\":\"integer\",\"min\":{bytes}}}}}"),
        format!("{{{bytes}:{{\"type\":\"boolean\"}}}}"),
    ] {
        let errors = [
            ron::from_str::<Template>(&text).unwrap_err().to_string(),
            ron::from_str::<Datastream>(&text).unwrap_err().to_string(),
        ];
        assert!(
            errors.iter().all(|error| !error.contains(SECRET)),
            "{errors:?}"
        );
    }
}

/// Why the docs name other calls: these formats print the line of the error.
#[test]
fn display_of_some_formats_repeats_the_source() {
    let yaml = format!("{SECRET}: {{type: boolean}}");
    let error = serde_saphyr::from_str::<Template>(&yaml).unwrap_err();
    assert!(error.to_string().contains(SECRET));
    assert!(!error.without_snippet().to_string().contains(SECRET));
    let toml = format!("{SECRET} = {{type = 'boolean'}}");
    let error = toml::from_str::<Template>(&toml).unwrap_err();
    assert!(error.to_string().contains(SECRET));
    assert!(!error.message().contains(SECRET));
}
