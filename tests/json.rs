//! Templates from JSON and updates to JSON. `downstream` tests other formats.
#![cfg(feature = "serde")]
#![allow(missing_docs)]

#[path = "json/rejected.rs"]
mod rejected;

use pinquery::{Datastream, DatastreamParts, Template, VirtualPin, parse};
use serde::de::value::{Error, MapDeserializer};
use serde::de::{Deserialize, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::json;
use serde_test::{Token, assert_ser_tokens};

const CONTRACT: &str = r#"{"v1":{"type":"integer","min":0,"max":100},"v2":{"type":"double"},"v3":{"type":"string","max_len":64},"v4":{"type":"enumerable","values":[0,20,130],"fallback":0},"v5":{"type":"location"},"v6":{"type":"boolean"}}"#;

fn read(json: &str) -> Template {
    serde_json::from_str(json).expect(json)
}

#[test]
fn the_template_of_the_contract_is_accepted() {
    let expected = Template::new()
        .with(VirtualPin(1), Datastream::integer(0..=100).unwrap())
        .with(VirtualPin(2), Datastream::double(..).unwrap())
        .with(VirtualPin(3), Datastream::string_up_to(64))
        .with(
            VirtualPin(4),
            Datastream::enumerable_or([0, 20, 130], 0).unwrap(),
        )
        .with(VirtualPin(5), Datastream::location())
        .with(VirtualPin(6), Datastream::boolean());
    assert_eq!(read(CONTRACT), expected);
    let value: serde_json::Value = serde_json::from_str(CONTRACT).unwrap();
    assert_eq!(
        serde_json::from_value::<Template>(value).unwrap(),
        expected,
        "from a buffered value"
    );
    assert_eq!(read("{}"), Template::new());
    assert_eq!(
        read(r#"{"v0":{"type":"boolean"},"v255":{"type":"boolean"}}"#).len(),
        2
    );
}

/// Serialized datastreams: every type, with every field.
const SERIALIZED: [&str; 8] = [
    r#"{"type":"integer","min":-9223372036854775808,"max":9223372036854775807}"#,
    r#"{"type":"double","min":-40.5,"max":0.1}"#,
    r#"{"type":"double","min":-0.0,"max":100.0}"#,
    r#"{"type":"string","max_len":64}"#,
    r#"{"type":"enumerable","values":[-1,7]}"#,
    r#"{"type":"enumerable","values":[0,20,130],"fallback":0}"#,
    r#"{"type":"boolean"}"#,
    r#"{"type":"location"}"#,
];

#[test]
fn datastreams_and_templates_round_trip() {
    let mut template = Template::new();
    for (pin, json) in (0..).zip(SERIALIZED) {
        let datastream: Datastream = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&datastream).unwrap(), json);
        let value = serde_json::to_value(&datastream).unwrap();
        assert_eq!(
            serde_json::from_value::<Datastream>(value).unwrap(),
            datastream
        );
        template.insert(VirtualPin(pin), datastream);
    }
    for name in Datastream::TYPES {
        let mut serialized = SERIALIZED.iter();
        let is_type = |json: &&str| json.contains(&format!(r#""type":"{name}""#));
        assert!(serialized.any(is_type), "write {name} in SERIALIZED");
    }
    let json = serde_json::to_string(&template).unwrap();
    assert!(json.starts_with(r#"{"v0":{"type":"integer","#), "{json}");
    assert_eq!(read(&json), template);
}

#[test]
fn default_bounds_are_serialized() {
    let value = |type_name| {
        let datastream = Datastream::from_parts(&DatastreamParts::new(type_name)).unwrap();
        serde_json::to_value(datastream).unwrap()
    };
    assert_eq!(
        value("integer"),
        json!({"type": "integer", "min": -2_147_483_648_i64, "max": 2_147_483_647})
    );
    assert_eq!(
        value("double"),
        json!({"type": "double", "min": f64::MIN, "max": f64::MAX})
    );
    assert_eq!(value("string"), json!({"type": "string", "max_len": 1024}));
}

#[test]
fn bounds_are_optional_and_in_any_order() {
    let one = |json: &str| {
        let template = read(&format!(r#"{{"v1":{json}}}"#));
        template.get(VirtualPin(1)).unwrap().to_string()
    };
    assert_eq!(one(r#"{"type":"integer"}"#), "integer");
    assert_eq!(one(r#"{"max":5,"type":"integer"}"#), "integer ..=5");
    assert_eq!(one(r#"{"min":5,"type":"integer"}"#), "integer 5..");
    assert_eq!(
        one(r#"{"min":-9223372036854775808,"max":9223372036854775807,"type":"integer"}"#),
        "integer -9223372036854775808..=9223372036854775807"
    );
    assert_eq!(
        one(r#"{"min":-1,"max":1e2,"type":"double"}"#),
        "double -1.0..=100.0"
    );
    assert_eq!(
        one(r#"{"max":18446744073709551615,"type":"double"}"#),
        "double ..=1.8446744073709552e19"
    );
    assert_eq!(one(r#"{"type":"string"}"#), "string");
    assert_eq!(
        one(r#"{"max_len":0,"type":"string"}"#),
        "string up to 0 bytes"
    );
    assert_eq!(
        one(r#"{"values":[3],"type":"enumerable"}"#),
        "enumerable [3]"
    );
}

/// With `arbitrary_precision`, a `serde_json::Value` represents a number as such a map.
#[test]
fn arbitrary_precision_numbers_are_accepted() {
    let read = |type_name: &str, number: &str| {
        let min = json!({ "$serde_json::private::Number": number });
        serde_json::from_value::<Datastream>(json!({ "type": type_name, "min": min }))
    };
    assert_eq!(
        read("double", "0.5").unwrap(),
        Datastream::double(0.5..).unwrap()
    );
    let integer = Datastream::integer(i64::MIN..).unwrap();
    assert_eq!(read("integer", "-9223372036854775808").unwrap(), integer);
    for rejected in ["5.0", "-0", "9223372036854775808", "1e400", "NaN", "x", ""] {
        assert!(read("integer", rejected).is_err(), "{rejected}");
    }
}

#[test]
fn updates_are_serialized_as_in_the_json_lines_output() {
    let template = read(CONTRACT);
    let query = "token=t&v1=133&v2=-0&v3=a+%22%C3%A9%22&v4=7&v5=1,2.5&v6=TRUE";
    let updates = parse(query, |_| Some(&template)).unwrap();
    assert_eq!(
        serde_json::to_string(&updates).unwrap(),
        concat!(
            r#"[{"pin":1,"value":100,"adjusted":"max"},"#,
            r#"{"pin":2,"value":-0.0,"adjusted":null},"#,
            r#"{"pin":3,"value":"a \"é\"","adjusted":null},"#,
            r#"{"pin":4,"value":0,"adjusted":"fallback"},"#,
            r#"{"pin":5,"value":[1.0,2.5],"adjusted":null},"#,
            r#"{"pin":6,"value":true,"adjusted":null}]"#,
        )
    );
    let updates = parse("token=t&v1=-9&v3=plain&v2=44", |_| Some(&template)).unwrap();
    assert_eq!(
        serde_json::to_string(&updates).unwrap(),
        concat!(
            r#"[{"pin":1,"value":0,"adjusted":"min"},"#,
            r#"{"pin":3,"value":"plain","adjusted":null},"#,
            r#"{"pin":2,"value":44.0,"adjusted":null}]"#,
        )
    );
}

#[test]
fn errors_announce_their_number_of_fields() {
    let template = read(CONTRACT);
    let queries = [
        ("token=t", 3),
        ("token=t&v0=1", 4),
        ("token=t&v255=1", 4),
        ("token=t&v1=x", 5),
    ];
    for (query, fields) in queries {
        let error = parse(query, |_| Some(&template)).unwrap_err();
        let mut tokens = vec![
            Token::Struct {
                name: "Error",
                len: fields,
            },
            Token::Str("error"),
            Token::Struct {
                name: "Message",
                len: 1,
            },
            Token::Str("message"),
            Token::Str(error.message()),
            Token::StructEnd,
            Token::Str("kind"),
            Token::Str(error.kind().name()),
            Token::Str("span"),
            Token::Tuple { len: 2 },
            Token::U64(error.span().start as u64),
            Token::U64(error.span().end as u64),
            Token::TupleEnd,
        ];
        if let Some(VirtualPin(pin)) = error.pin() {
            tokens.extend([Token::Str("pin"), Token::U8(pin)]);
        }
        if let Some(reason) = error.reason() {
            tokens.extend([Token::Str("reason"), Token::Str(reason.name())]);
        }
        tokens.push(Token::StructEnd);
        assert_ser_tokens(&error, &tokens);
    }
}

#[test]
fn updates_announce_their_number_of_fields() {
    let template = read(CONTRACT);
    let updates = parse("token=t&v1=133", |_| Some(&template)).unwrap();
    let tokens = [
        Token::Struct {
            name: "Update",
            len: 3,
        },
        Token::Str("pin"),
        Token::U8(1),
        Token::Str("value"),
        Token::I64(100),
        Token::Str("adjusted"),
        Token::Some,
        Token::Str("max"),
        Token::StructEnd,
    ];
    assert_ser_tokens(&updates[0], &tokens);
    assert_ser_tokens(&updates[0].into_owned(), &tokens);
}

/// Input from other formats. `serde_json` does not produce all of it.
#[derive(Clone, Copy)]
enum Input {
    Text(&'static str),
    Bytes(&'static [u8]),
    Signed(i128),
    Unsigned(u128),
}

impl<'de> Deserializer<'de> for Input {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Text(text) => visitor.visit_str(text),
            Self::Bytes(bytes) => visitor.visit_bytes(bytes),
            Self::Signed(number) => visitor.visit_i128(number),
            Self::Unsigned(number) => visitor.visit_u128(number),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Input {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[test]
fn numbers_of_128_bits_are_converted_or_rejected() {
    let min = |type_name, min| {
        let fields = [("type", Input::Text(type_name)), ("min", min)];
        Datastream::deserialize(MapDeserializer::new(fields.into_iter()))
    };
    for (number, expected) in [
        (Input::Signed(-7), -7.0),
        (Input::Unsigned(7), 7.0),
        (Input::Signed(i128::MIN), -(2f64.powi(127))),
        (Input::Unsigned(1 << 127), 2f64.powi(127)),
        (Input::Unsigned(u128::MAX), 2f64.powi(128)),
    ] {
        let double = Datastream::double(expected..).unwrap();
        assert_eq!(min("double", number), Ok(double));
        let integer = (expected.abs() == 7.0).then_some(expected as i64);
        let integer = integer.and_then(|integer| Datastream::integer(integer..).ok());
        assert_eq!(min("integer", number).ok(), integer);
    }
}

#[test]
fn errors_about_bytes_do_not_repeat_them() {
    for input in [Input::Bytes(b"secret"), Input::Text("secret")] {
        let template = Template::deserialize(input).unwrap_err().to_string();
        let datastream = Datastream::deserialize(input).unwrap_err().to_string();
        let pin = VirtualPin::deserialize(input).unwrap_err().to_string();
        for error in [template, datastream, pin] {
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
