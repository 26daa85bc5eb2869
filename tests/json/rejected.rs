//! Rejected templates, and the messages of their errors.

use pinquery::{Template, VirtualPin};
use serde_json::{Map, Value};

use pinquery_test_support::encoding::other_cases;

use super::SERIALIZED;

#[track_caller]
fn check_error(json: &str, message: &str) {
    let error = serde_json::from_str::<Template>(json)
        .expect_err(json)
        .to_string();
    assert!(error.contains(message), "{json}: {error}");
    if let Some(key) = json
        .strip_prefix("{\"")
        .and_then(|rest| rest.split('"').next())
    {
        let is_pin = key.starts_with('v') && key.parse::<VirtualPin>().is_ok();
        assert_eq!(
            error.starts_with(&format!("{key}: ")),
            is_pin,
            "{json}: {error}"
        );
    }
}

#[test]
fn keys_are_canonical_lowercase_pins_without_duplicates() {
    for key in [
        "V1", "v01", "v256", "v", "", "1", "v1 ", "v-1", "v+1", "vv1",
    ] {
        check_error(
            &format!(r#"{{"{key}":{{"type":"boolean"}}}}"#),
            "key is not a pin",
        );
    }
    check_error(
        r#"{"v1":{"type":"boolean"},"v1":{"type":"boolean"}}"#,
        "v1: duplicate pin",
    );
    check_error(
        r#"{"v1":{"type":"boolean"},"v\u0031":{"type":"string"}}"#,
        "v1: duplicate pin",
    );
}

const REJECTED_DATASTREAMS: &[(&str, &str)] = &[
    // Without the field's name, which may be a secret.
    (r#"{"type":"integer","mim":0}"#, "v1: unknown field at line"),
    (
        r#"{"type":"integer","max_len":1}"#,
        "unknown field `max_len` for this type",
    ),
    (
        r#"{"type":"integer","values":[1]}"#,
        "unknown field `values` for this type",
    ),
    (
        r#"{"type":"double","fallback":1}"#,
        "unknown field `fallback` for this type",
    ),
    (
        r#"{"type":"string","min":1}"#,
        "unknown field `min` for this type",
    ),
    (
        r#"{"type":"enumerable","values":[1],"max":1}"#,
        "unknown field `max` for this type",
    ),
    (
        r#"{"type":"boolean","min":0}"#,
        "unknown field `min` for this type",
    ),
    (
        r#"{"type":"location","max":0}"#,
        "unknown field `max` for this type",
    ),
    (
        r#"{"type":"float"}"#,
        "v1: unknown type, expected one of integer, double, string, enumerable, boolean, location",
    ),
    (r#"{"min":0}"#, "missing field `type`"),
    ("{}", "missing field `type`"),
    ("[]", "invalid type"),
    ("null", "invalid type"),
    (r#""integer""#, "invalid type"),
    (r#"{"type":null}"#, "type: expected the name of a type"),
    (
        r#"{"type":"integer","min":null}"#,
        "min: expected a finite number",
    ),
    (
        r#"{"type":"integer","max":null}"#,
        "max: expected a finite number",
    ),
    (
        r#"{"type":"string","max_len":null}"#,
        "max_len: expected a non-negative integer",
    ),
    (
        r#"{"type":"enumerable","values":null}"#,
        "values: expected an array of 64-bit integers",
    ),
    (
        r#"{"type":"enumerable","values":[null]}"#,
        "values: expected an array of 64-bit integers",
    ),
    (
        r#"{"type":"enumerable","values":[1],"fallback":null}"#,
        "fallback: expected a 64-bit integer",
    ),
    (
        r#"{"type":"integer","min":"0"}"#,
        "min: expected a finite number",
    ),
    (
        r#"{"type":"string","max_len":-1}"#,
        "max_len: expected a non-negative integer",
    ),
    (
        r#"{"type":"string","max_len":1.0}"#,
        "max_len: expected a non-negative integer",
    ),
    (
        r#"{"type":"enumerable","values":1}"#,
        "values: expected an array of 64-bit integers",
    ),
    (
        r#"{"type":"enumerable","values":[1.5]}"#,
        "values: expected an array of 64-bit integers",
    ),
    (
        r#"{"type":"enumerable","values":[9223372036854775808]}"#,
        "values: expected an array of 64-bit integers",
    ),
    (
        r#"{"type":"enumerable","values":[1],"fallback":true}"#,
        "fallback: expected a 64-bit integer",
    ),
];

#[test]
fn unknown_missing_and_mistyped_fields_are_rejected() {
    for (datastream, message) in REJECTED_DATASTREAMS {
        check_error(&format!(r#"{{"v1":{datastream}}}"#), message);
    }
}

#[test]
fn duplicate_fields_are_rejected() {
    for json in SERIALIZED {
        let fields: Map<String, Value> = serde_json::from_str(json).unwrap();
        for (field, value) in fields {
            let repeated = json.replace('}', &format!(r#","{field}":{value}}}"#));
            check_error(
                &format!(r#"{{"v1":{repeated}}}"#),
                &format!("v1: duplicate field `{field}`"),
            );
        }
    }
}

/// A name in any other case is an unknown name.
#[test]
fn names_of_types_and_fields_are_case_sensitive() {
    for json in SERIALIZED {
        let fields: Map<String, Value> = serde_json::from_str(json).unwrap();
        let type_name = fields["type"].as_str().unwrap();
        for other in other_cases(type_name) {
            let renamed = json.replace(&format!(r#""{type_name}""#), &format!(r#""{other}""#));
            check_error(
                &format!(r#"{{"v1":{renamed}}}"#),
                "v1: unknown type, expected",
            );
        }
        for field in fields.keys() {
            for other in other_cases(field) {
                let renamed = json.replace(&format!(r#""{field}""#), &format!(r#""{other}""#));
                check_error(
                    &format!(r#"{{"v1":{renamed}}}"#),
                    "v1: unknown field at line",
                );
            }
        }
    }
}

#[test]
fn errors_state_what_was_expected() {
    use serde::Deserialize;
    use serde::de::value::{Error, MapDeserializer};

    check_error("[]", "expected an object with a datastream for each pin");
    check_error(
        r#"{"v1":[]}"#,
        "expected an object with the type of a datastream and its bounds",
    );
    check_error(
        r#"{"v1":{"type":"integer","min":[]}}"#,
        "expected a finite number",
    );
    // Keys in JSON are always strings; in other formats they may not be.
    let pins = MapDeserializer::<_, Error>::new([(1, "boolean")].into_iter());
    let error = Template::deserialize(pins).unwrap_err().to_string();
    assert!(error.contains("expected a string"), "{error}");
}

#[test]
fn invalid_bounds_and_documents_are_rejected() {
    for (datastream, message) in [
        (r#"{"type":"integer","min":1.5}"#, "is not a 64-bit integer"),
        (r#"{"type":"integer","max":1e2}"#, "is not a 64-bit integer"),
        (
            r#"{"type":"integer","max":9223372036854775808}"#,
            "is not a 64-bit integer",
        ),
        (r#"{"type":"integer","min":2,"max":1}"#, "min is above max"),
        (r#"{"type":"integer","min":2147483648}"#, "min is above max"),
        (
            r#"{"type":"integer","max":-2147483649}"#,
            "min is above max",
        ),
        (r#"{"type":"double","min":1,"max":0.5}"#, "min is above max"),
        (
            r#"{"type":"double","max":1e999}"#,
            "max: expected a finite number",
        ),
        (r#"{"type":"enumerable"}"#, "values are empty"),
        (r#"{"type":"enumerable","values":[]}"#, "values are empty"),
        (
            r#"{"type":"enumerable","values":[1],"fallback":0}"#,
            "fallback is not one of the values",
        ),
    ] {
        check_error(&format!(r#"{{"v1":{datastream}}}"#), message);
    }
    for json in ["", "[]", "null", "1", "{", r#"{"v1":{"type":"boolean"}"#] {
        assert!(serde_json::from_str::<Template>(json).is_err());
    }
}
