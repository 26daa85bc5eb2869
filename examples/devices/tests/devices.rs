//! The format of the devices file, and errors that do not repeat its strings.

use std::collections::HashMap;
use std::fmt::Debug;

use pinquery::{Datastream, Template, Token, VirtualPin};
use pinquery_devices::{Device, Error, from_json, from_reader, template_from_json};

const DEVICE: &str = r#"{"v1":{"type":"double"}}"#;

/// Invalid devices and the start of their errors.
#[rustfmt::skip]
const INVALID_DEVICES: &[(&str, &str)] = &[
    ("", "EOF while parsing a value at line 1 column 0"),
    ("{}", "no devices at line 1 column 2"),
    (r#"["SECRET"]"#, "invalid type: sequence, expected an object that maps tokens to templates"),
    (r#""SECRET""#, r#"invalid type: string "…", expected an object that maps tokens to templates"#),
    (r#""SEC\"RET\\""#, r#"invalid type: string "…", expected an object"#),
    (r#""SEC\\\"RET\n""#, r#"invalid type: string "…", expected an object"#),
    (r#"{"SECRET":{}}"#, "device 1: template has no datastreams"),
    (r#"{"SECRET":{"id":"SECRET"}}"#, "device 1: template has no datastreams"),
    (r#"{"a":"SECRET"}"#, r#"device 1: invalid type: string "…", expected an object that maps pins"#),
    (r#"{"SECRET":null}"#, "device 1: invalid type: null, expected an object that maps pins"),
    (r#"{"SECRET\n":{"v1":{"type":"double"}}}"#, "device 1: token must be one or more bytes in 0x21..=0x7E"),
    (r#"{"SECRET":{"v1":{"type":"double"}},"SECRET":{"v1":{"type":"double"}}}"#, "device 2: duplicate token"),
    (r#"{"SECRET":{"v1":{"type":"double"}},"SE\u0043RET":{"v1":{"type":"double"}}}"#, "device 2: duplicate token"),
    (r#"{"a":{"id":"SECRET","v1":{"type":"double"}},"b":{"id":"SECRET","v1":{"type":"double"}}}"#, "device 2: duplicate id"),
    (r#"{"SECRET":{"id":1,"v1":{"type":"double"}}}"#, "device 1: id: invalid type: integer `1`"),
    (r#"{"a":{"id":["SECRET"],"v1":{"type":"double"}}}"#, "device 1: id: invalid type: sequence"),
    (r#"{"a":{"id":"SECRET","v1":{"type":"double"},"id":""}}"#, "device 1: id: duplicate key"),
    (r#"{"a":{"id":"a","v1":{"type":"integer","min":9,"max":1}}}"#, "device 1: v1: min is above max at line 1"),
    (r#"{"devices":{"SECRET":{"v1":{"type":"double"}}}}"#, "device 1: key is not a pin `v0` to `v255`"),
    (r#"{"a":{"v1":{"type":"SECRET"}}}"#, "device 1: v1: unknown type"),
    (r#"{"a":{"v1":{"SEC\"RET":1}}}"#, "device 1: v1: unknown field"),
    (r#"{"a":{"v1":{"type":"integer","min":"a\\\"SECRET"}}}"#, "device 1: v1: min: expected"),
    (r#"{"a":{"v1":{"type":"double"},"v1":{"type":"double"}}}"#, "device 1: v1: duplicate pin"),
    (r#"{"SECRET":{"v1":{"type":"double"}}"#, "EOF while parsing an object at line 1 column 34"),
    (r#"{"a":{"v1":{"type":"double"}}} "SECRET""#, "trailing characters at line 1 column 32"),
];

/// Invalid templates, the pin in the error and a part of the reason.
#[rustfmt::skip]
const INVALID_TEMPLATES: &[(&str, &str, &str)] = &[
    (r#"{"v1":{"type":"integer","mn":0}}"#, "v1", "unknown field"),
    (r#"{"v1":{"type":"boolean","min":0}}"#, "v1", "unknown field"),
    (r#"{"v1":{"type":"boolean"},"v1":{"type":"boolean"}}"#, "v1", "duplicate pin"),
    (r#"{"v1":{"type":"integer","min":0,"min":0}}"#, "v1", "duplicate field"),
    (r#"{"v1":null}"#, "v1", "null"),
    (r#"{"v1":{"type":"integer","min":null}}"#, "v1", "min: expected"),
    (r#"{"v1":{"type":"string","max_len":null}}"#, "v1", "max_len: expected"),
    (r#"{"v1":{"type":"integer","min":"0"}}"#, "v1", "min: expected"),
    (r#"{"v1":{"type":"string","max_len":-1}}"#, "v1", "non-negative integer"),
    (r#"{"v1":{"type":7}}"#, "v1", "type"),
    (r#"{"v1":{"type":"int"}}"#, "v1", "unknown type"),
    (r#"{"v1":{}}"#, "v1", "type"),
    (r#"{"v1":[]}"#, "v1", "sequence"),
    (r#"{"v1":{"type":"integer","min":0.5}}"#, "v1", "64-bit integer"),
    (r#"{"v1":{"type":"integer","max":9223372036854775808}}"#, "v1", "64-bit integer"),
    (r#"{"v2":{"type":"double","max":1e999}}"#, "v2", "finite"),
    (r#"{"v2":{"type":"double","min":1,"max":0}}"#, "v2", "min is above max"),
    (r#"{"v1":{"type":"integer","min":3000000000}}"#, "v1", "min is above max"),
    (r#"{"v4":{"type":"enumerable"}}"#, "v4", "values"),
    (r#"{"v4":{"type":"enumerable","values":[]}}"#, "v4", "values"),
    (r#"{"v4":{"type":"enumerable","values":[1],"fallback":0}}"#, "v4", "fallback"),
    (r#"{"v256":{"type":"boolean"}}"#, "", "not a pin"),
    (r#"{"V1":{"type":"boolean"}}"#, "", "not a pin"),
    (r#"{"v01":{"type":"boolean"}}"#, "", "not a pin"),
    (r#"{"v1":{"type":"boolean"}"#, "", "EOF"),
    (r#"{"v1":{"type":"boolean"}} {}"#, "", "trailing"),
    ("[]", "", "sequence"),
    ("", "", "EOF"),
];

/// Returns the message of a rejection.
#[track_caller]
fn rejected<T: Debug>(result: Result<T, Error>) -> String {
    result.expect_err("the JSON is invalid").to_string()
}

fn read(json: &[u8]) -> Result<HashMap<Token<'static>, Device>, Error> {
    from_reader(json, |token, device| (token, device))
}

#[test]
fn devices_are_mapped_by_token() {
    let json = format!(r#"{{"a&b=c%+":{DEVICE},"two":{{"v2":{{"type":"boolean"}},"id":"roof"}}}}"#);
    let devices = from_json(json.as_bytes()).expect("the devices are valid");
    assert_eq!(devices.len(), 2);
    let double = Template::new().with(VirtualPin(1), Datastream::double(..).expect("no bounds"));
    assert_eq!(devices["a&b=c%+"].template, double);
    assert_eq!(devices["a&b=c%+"].id, None);
    let boolean = Template::new().with(VirtualPin(2), Datastream::boolean());
    assert_eq!(devices["two"].template, boolean);
    assert_eq!(devices["two"].id.as_deref(), Some("roof"));
    assert!(!devices.contains_key("a"));
}

#[test]
fn invalid_devices_are_rejected_without_repeating_a_string() {
    for (json, expected) in INVALID_DEVICES {
        let message = rejected(from_json(json.as_bytes()));
        assert!(message.starts_with(expected), "{json}: {message}");
        let read = rejected(read(json.as_bytes()));
        assert!(read.starts_with(expected), "{json}: {read}");
        let is_secret = |part| message.contains(part);
        assert!(!["SEC", "RET"].into_iter().any(is_secret), "{message}");
    }
}

#[test]
fn invalid_templates_are_rejected_with_pin_and_reason() {
    for (json, pin, reason) in INVALID_TEMPLATES {
        let message = rejected(template_from_json(json.as_bytes()));
        let is_expected = message.starts_with(pin) && message.contains(reason);
        assert!(is_expected, "{json}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn tokens_that_no_request_can_carry_are_rejected() {
    for token in ["", "a b", "é", r"a\u0000", r"\u007F", "\u{FEFF}t"] {
        let message = rejected(from_json(format!(r#"{{"{token}":{DEVICE}}}"#).as_bytes()));
        assert!(message.starts_with("device 1: token must be"), "{message}");
    }
}

#[test]
fn errors_contain_the_position_of_the_device_and_the_line() {
    let json = format!(
        "{{\"a\":{DEVICE},\n\"b\":{}}}",
        r#"{"v1":{"type":"integer","min":9,"max":1}}"#
    );
    let message = rejected(from_json(json.as_bytes()));
    assert_eq!(
        message,
        "device 2: v1: min is above max at line 2 column 44"
    );
}

#[test]
fn bounds_are_read_exactly() {
    // Without its feature `float_roundtrip`, serde_json returns the next double.
    let json = br#"{"v1":{"type":"double","min":1788888901216e-23}}"#;
    let template = template_from_json(json).expect("the template is valid");
    let expected = Datastream::double(1_788_888_901_216e-23..).expect("bounds in order");
    assert_eq!(template.get(VirtualPin(1)), Some(&expected));
}

#[test]
fn a_template_has_no_id_and_may_be_empty() {
    assert!(template_from_json(b"{}").is_ok_and(|template| template.is_empty()));
    let message = rejected(template_from_json(
        br#"{"id":"SECRET","v1":{"type":"double"}}"#,
    ));
    assert!(message.starts_with("key is not a pin"), "{message}");
    let message = rejected(template_from_json(br#""SECRET""#));
    assert!(message.starts_with("invalid type: "), "{message}");
    assert!(!message.contains("SECRET"), "{message}");
}

#[test]
fn one_byte_order_mark_at_the_start_is_skipped() {
    let devices = format!(r#"{{"t":{DEVICE}}}"#);
    for prefix in ["\u{FEFF}", "\u{FEFF}\n "] {
        let json = format!("{prefix}{devices}");
        assert!(from_json(json.as_bytes()).is_ok());
        assert!(read(json.as_bytes()).is_ok());
        assert!(template_from_json(format!("{prefix}{DEVICE}").as_bytes()).is_ok());
    }
    for prefix in ["\u{FEFF}\u{FEFF}", " \u{FEFF}", "{\u{FEFF}"] {
        let message = rejected(from_json(format!("{prefix}{devices}").as_bytes()));
        assert!(message.contains("at line 1 column"), "{message}");
        rejected(template_from_json(format!("{prefix}{DEVICE}").as_bytes()));
    }
    rejected(from_json(format!("{devices}\u{FEFF}").as_bytes()));
    // Columns do not count the mark, because editors hide it.
    let message = rejected(from_json("\u{FEFF}{}".as_bytes()));
    assert_eq!(message, "no devices at line 1 column 2");
    assert!(rejected(from_json("\u{FEFF}".as_bytes())).starts_with("EOF"));
}

#[test]
fn encodings_other_than_utf_8_are_rejected() {
    let latin = rejected(from_json(b"{\"t\xE9\":{}}"));
    assert_eq!(latin, "invalid utf-8 sequence of 1 bytes from index 3");
    let after_mark = rejected(from_json(b"\xEF\xBB\xBF\xFF"));
    assert!(after_mark.ends_with("from index 3"), "{after_mark}");
    let cut = rejected(template_from_json(b"\xEF\xBB"));
    assert_eq!(cut, "incomplete utf-8 byte sequence from index 0");
    let devices = format!(r#"{{"t":{DEVICE}}}"#);
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let encode = |text: &str| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
        let message = rejected(from_json(&encode(&format!("\u{FEFF}{devices}"))));
        assert!(message.starts_with("invalid utf-8"), "{message}");
        rejected(from_json(&encode(&devices)));
        rejected(read(&encode(&devices)));
    }
}

#[test]
fn debug_output_omits_tokens() {
    let devices = from_json(format!(r#"{{"SECRET":{DEVICE}}}"#).as_bytes());
    let devices = devices.expect("the devices are valid");
    assert!(!format!("{devices:?}").contains("SECRET"));
}
