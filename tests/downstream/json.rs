//! JSON reads the same from text and from a `Value`, with every feature of `serde_json`.
#![allow(missing_docs)]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use pinquery::{Datastream, Template, VirtualPin};
use pinquery_downstream::LabelledDatastream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const CONTRACT: &str = r#"{"v1":{"type":"integer","min":0,"max":100},"v2":{"type":"double","min":-40.5,"max":0.25},"v3":{"type":"string","max_len":64},"v4":{"type":"enumerable","values":[0,20,130],"fallback":0},"v5":{"type":"location"},"v6":{"type":"boolean"}}"#;

/// Reads text, and checks that its `Value` reads the same.
#[track_caller]
fn read<T: DeserializeOwned + Debug + PartialEq>(text: &str) -> T {
    let from_text: T = serde_json::from_str(text).expect(text);
    let value: Value = serde_json::from_str(text).expect(text);
    assert_eq!(
        serde_json::from_value::<T>(value.clone()).expect(text),
        from_text
    );
    assert_eq!(T::deserialize(&value).expect(text), from_text);
    from_text
}

/// Returns the errors from text, from a `Value` and from a reference to one.
#[track_caller]
fn errors<T: DeserializeOwned + Debug>(text: &str) -> [String; 3] {
    let value: Value = serde_json::from_str(text).expect(text);
    let all = [
        serde_json::from_str::<T>(text).expect_err(text),
        T::deserialize(&value).expect_err(text),
        serde_json::from_value::<T>(value).expect_err(text),
    ];
    all.map(|error| format!("{error} {error:?}"))
}

#[test]
fn a_template_is_the_same_from_text_and_from_a_value() {
    let template = Template::from([
        (VirtualPin(1), Datastream::integer(0..=100).unwrap()),
        (VirtualPin(2), Datastream::double(-40.5..=0.25).unwrap()),
        (VirtualPin(3), Datastream::string_up_to(64)),
        (
            VirtualPin(4),
            Datastream::enumerable_or([0, 20, 130], 0).unwrap(),
        ),
        (VirtualPin(5), Datastream::location()),
        (VirtualPin(6), Datastream::boolean()),
    ]);
    assert_eq!(read::<Template>(CONTRACT), template);
    assert_eq!(serde_json::to_string(&template).unwrap(), CONTRACT);
    let value = serde_json::to_value(&template).unwrap();
    assert_eq!(serde_json::from_value::<Template>(value).unwrap(), template);
    let backwards = r#"{"v1":{"max":100,"min":0,"type":"integer"}}"#;
    assert_eq!(
        read::<Template>(backwards).get(VirtualPin(1)),
        template.get(VirtualPin(1))
    );
}

#[test]
fn bounds_are_exact() {
    for (bounds, expected) in [
        (r#""min":-40.5"#, Datastream::double(-40.5..)),
        (r#""min":-40,"max":1e2"#, Datastream::double(-40.0..=100.0)),
        (r#""max":1.5E+300"#, Datastream::double(..=1.5e300)),
        (
            r#""max":18446744073709551615"#,
            Datastream::double(..=18446744073709551615.0),
        ),
        (
            r#""max":123456789012345678901234567890"#,
            Datastream::double(..=123456789012345678901234567890.0),
        ),
        (
            r#""min":-123456789012345678901234567890"#,
            Datastream::double(-123456789012345678901234567890.0..),
        ),
        (r#""min":-0.0"#, Datastream::double(-0.0..)),
    ] {
        let text = format!(r#"{{"type":"double",{bounds}}}"#);
        assert_eq!(read::<Datastream>(&text), expected.clone().unwrap());
        let template = Template::from([(VirtualPin(1), expected.unwrap())]);
        assert_eq!(read::<Template>(&format!(r#"{{"v1":{text}}}"#)), template);
    }
    let text = r#"{"v1":{"type":"integer","min":-9223372036854775808,"max":9223372036854775807}}"#;
    let expected = Datastream::integer(i64::MIN..=i64::MAX).unwrap();
    assert_eq!(read::<Template>(text).get(VirtualPin(1)), Some(&expected));
    assert_eq!(
        serde_json::to_string(&read::<Template>(text)).unwrap(),
        text
    );
    for wrong in [
        "0.5",
        "1.0",
        "1e2",
        "9223372036854775808",
        "-9223372036854775809",
        "null",
        "true",
        "[]",
        "{}",
    ] {
        let text = format!(r#"{{"v1":{{"type":"integer","min":{wrong}}}}}"#);
        for message in errors::<Template>(&text) {
            assert!(message.starts_with("v1: "), "{text}: {message}");
        }
    }
}

#[test]
fn max_len_saturates_at_the_largest_usize() {
    let long = usize::try_from(5_000_000_000_u64).unwrap_or(usize::MAX);
    let text = r#"{"type":"string","max_len":5000000000}"#;
    assert_eq!(read::<Datastream>(text), Datastream::string_up_to(long));
    let template = Template::from([(VirtualPin(3), Datastream::string_up_to(long))]);
    assert_eq!(read::<Template>(&format!(r#"{{"v3":{text}}}"#)), template);
    let beyond = r#"{"v3":{"type":"string","max_len":18446744073709551616}}"#;
    assert!(
        errors::<Template>(beyond)
            .iter()
            .all(|message| message.starts_with("v3: max_len: "))
    );
}

/// Fields for a number: in each of them, the number 5 is valid.
fn fields_with(number: &str) -> [String; 5] {
    [
        format!(r#""type":"integer","min":{number}"#),
        format!(r#""type":"double","min":{number}"#),
        format!(r#""type":"string","max_len":{number}"#),
        format!(r#""type":"enumerable","values":[{number}]"#),
        format!(r#""type":"enumerable","values":[5],"fallback":{number}"#),
    ]
}

/// Returns the datastreams, or an empty string where rejected, by how they were read.
fn outcomes(fields: &str) -> Vec<(&'static str, String)> {
    fn show(result: serde_json::Result<Datastream>) -> String {
        result.map_or_else(|_| String::new(), |datastream| datastream.to_string())
    }
    let plain = format!("{{{fields}}}");
    let template = format!(r#"{{"v1":{plain}}}"#);
    let flattened = format!(r#"{{"label":"Pump",{fields}}}"#);
    let tagged = format!(r#"{{"kind":"device","template":{template}}}"#);
    let in_template = |template: Template| template.get(VirtualPin(1)).unwrap().clone();
    let in_struct = |labelled: LabelledDatastream| labelled.datastream;
    let in_enum = |configuration| match configuration {
        Configuration::Device { template } => in_template(template),
        Configuration::Pins(pins) => in_template(pins.template),
    };
    let from_text = [
        ("text", serde_json::from_str(&plain)),
        ("text", serde_json::from_str(&template).map(in_template)),
        (
            "text",
            serde_json::from_reader(template.as_bytes()).map(in_template),
        ),
        (
            "buffered text",
            serde_json::from_str(&flattened).map(in_struct),
        ),
        ("buffered text", serde_json::from_str(&tagged).map(in_enum)),
    ];
    let value = |text: &str| serde_json::from_str::<Value>(text);
    let from_value = [
        ("value", value(&plain).and_then(serde_json::from_value)),
        (
            "value",
            value(&template)
                .and_then(|value| Template::deserialize(&value))
                .map(in_template),
        ),
        (
            "buffered value",
            value(&flattened)
                .and_then(serde_json::from_value)
                .map(in_struct),
        ),
        (
            "buffered value",
            value(&tagged).and_then(serde_json::from_value).map(in_enum),
        ),
    ];
    let all = from_text.into_iter().chain(from_value);
    all.map(|(source, result)| (source, show(result))).collect()
}

const MINUS_ZERO: [&str; 2] = ["-0", r#"{"$serde_json::private::Number":"-0"}"#];
const BEYOND_64_BITS: [&str; 3] = [
    "18446744073709551616",
    "-9223372036854775809",
    "123456789012345678901234567890",
];

#[test]
fn numbers_are_the_same_from_text_and_from_a_value() {
    for number in [
        "0",
        "-0.0",
        "5",
        "5.0",
        "5e0",
        "9007199254740993",
        "-9223372036854775808",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "1e400",
        r#"{"$serde_json::private::Number":"5"}"#,
        r#"{"$serde_json::private::Number":"5.0"}"#,
        r#"{"$serde_json::private::Number":"9007199254740993"}"#,
        r#"{"$serde_json::private::Number":"18446744073709551615"}"#,
        r#"{"$serde_json::private::Number":"1e400"}"#,
    ] {
        for fields in fields_with(number) {
            let outcomes = outcomes(&fields);
            let is_same = outcomes
                .iter()
                .all(|(_, outcome)| *outcome == outcomes[0].1);
            assert!(is_same, "{fields}: {outcomes:?}");
        }
    }
    for fields in fields_with(r#"{"$serde_json::private::Number":"5"}"#) {
        let number = fields.replace(r#"{"$serde_json::private::Number":"5"}"#, "5");
        assert_eq!(outcomes(&fields), outcomes(&number));
        assert!(!outcomes(&fields)[0].1.is_empty(), "{fields}");
    }
}

/// The exceptions that section 6 of the contract lists.
#[test]
fn a_value_with_arbitrary_precision_reads_some_numbers_differently() {
    let differs = cfg!(feature = "arbitrary_precision");
    for fields in MINUS_ZERO.map(fields_with).concat() {
        let zero = outcomes(
            &MINUS_ZERO
                .iter()
                .fold(fields.clone(), |fields, one| fields.replace(one, "0")),
        );
        let is_double = fields.contains("double");
        for ((source, outcome), (_, zero)) in outcomes(&fields).into_iter().zip(zero) {
            let is_value = source.ends_with("value");
            let expected = match is_value && differs {
                true => zero,
                false if is_double => zero.replace("double 0.0", "double -0.0"),
                false => String::new(),
            };
            assert_eq!(outcome, expected, "{source}: {fields}");
        }
    }
    for fields in BEYOND_64_BITS.map(fields_with).concat() {
        for (source, outcome) in outcomes(&fields) {
            let is_rejected = source == "buffered value" && differs;
            let is_accepted = fields.contains("double") && !is_rejected;
            assert_eq!(!outcome.is_empty(), is_accepted, "{source}: {fields}");
        }
    }
}

#[test]
fn a_datastream_can_be_flattened_into_a_struct() {
    for (fields, datastream) in [
        (
            r#""type":"integer","min":0,"max":100"#,
            Datastream::integer(0..=100),
        ),
        (
            r#""type":"double","min":-40.5,"max":0.25"#,
            Datastream::double(-40.5..=0.25),
        ),
        (
            r#""type":"enumerable","values":[-1,20],"fallback":20"#,
            Datastream::enumerable_or([-1, 20], 20),
        ),
        (
            r#""type":"string","max_len":5000000"#,
            Ok(Datastream::string_up_to(5_000_000)),
        ),
        (r#""type":"boolean""#, Ok(Datastream::boolean())),
    ] {
        let described = LabelledDatastream {
            label: "Pump".to_owned(),
            datastream: datastream.unwrap(),
        };
        let text = format!(r#"{{"label":"Pump",{fields}}}"#);
        assert_eq!(read::<LabelledDatastream>(&text), described);
        assert_eq!(serde_json::to_string(&described).unwrap(), text);
        let label_last = format!(r#"{{{fields},"label":"Pump"}}"#);
        assert_eq!(read::<LabelledDatastream>(&label_last), described);
    }
    for fields in [
        r#""type":"integer","min":0.5"#,
        r#""type":"boolean","min":0"#,
        r#""min":0"#,
    ] {
        errors::<LabelledDatastream>(&format!(r#"{{"label":"Pump",{fields}}}"#));
    }
}

/// A device's configuration. Serde buffers the template until it knows the variant.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Configuration {
    Device { template: Template },
    Pins(Pins),
}

#[derive(Debug, Deserialize, PartialEq)]
struct Pins {
    #[serde(flatten)]
    template: Template,
}

#[test]
fn a_template_can_be_nested_or_flattened() {
    let template: Template = read(CONTRACT);
    let device = format!(r#"{{"kind":"device","template":{CONTRACT}}}"#);
    let expected = Configuration::Device { template };
    assert_eq!(read::<Configuration>(&device), expected);
    let pins = format!(r#"{{"kind":"pins",{}"#, &CONTRACT[1..]);
    let expected = Configuration::Pins(read(CONTRACT));
    assert_eq!(read::<Configuration>(&pins), expected);
}

fn check_round_trip<T: Serialize + DeserializeOwned + Debug + PartialEq>(one: &T, text: &str) {
    assert_eq!(serde_json::to_string(one).unwrap(), text);
    assert_eq!(&read::<T>(text), one);
}

#[test]
fn a_pin_is_serialized_as_its_name() {
    check_round_trip(&VirtualPin(1), r#""v1""#);
    check_round_trip(
        &BTreeMap::from([(VirtualPin(2), 1), (VirtualPin(10), 0)]),
        r#"{"v2":1,"v10":0}"#,
    );
    check_round_trip(
        &HashMap::from([(VirtualPin(255), "x".to_owned())]),
        r#"{"v255":"x"}"#,
    );
    assert_eq!(json!(VirtualPin(7)), "v7");
    for wrong in [r#""V1""#, r#""v01""#, r#""v256""#, "1", "null"] {
        errors::<VirtualPin>(wrong);
    }
}

#[test]
fn an_enumerable_needs_valid_values() {
    for fields in [
        "",
        r#","values":[]"#,
        r#","values":[1],"fallback":0"#,
        r#","values":[0.5]"#,
        r#","values":7"#,
    ] {
        let text = format!(r#"{{"v4":{{"type":"enumerable"{fields}}}}}"#);
        for message in errors::<Template>(&text) {
            assert!(message.starts_with("v4: "), "{message}");
        }
    }
}
