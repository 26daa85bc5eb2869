//! Templates in YAML, TOML, CBOR, MessagePack and RON.
#![allow(missing_docs)]

mod format;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use format::{Cbor, Format, MessagePack, Ron, Toml, Yaml, read, text, translations};
use pinquery::{Datastream, Template, VirtualPin};
use pinquery_downstream::LabelledDatastream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const CONTRACT: &str = include_str!("../../CONTRACT.md");

/// Calls a generic function for each format.
macro_rules! for_each_format {
    ($function:ident($($argument:expr),*)) => {
        $function::<Yaml>($($argument),*);
        $function::<Toml>($($argument),*);
        $function::<Cbor>($($argument),*);
        $function::<MessagePack>($($argument),*);
        $function::<Ron>($($argument),*);
    };
}

/// Compares the debug output too, because -0.0 equals 0.0.
#[track_caller]
fn check<F: Format, T: Serialize + DeserializeOwned + Debug + PartialEq>(value: &T) {
    let output = F::write(value);
    let read = F::read::<T>(&output).unwrap_or_else(|error| panic!("{}: {error}", F::NAME));
    assert_eq!(&read, value, "{}", F::NAME);
    assert_eq!(format!("{read:?}"), format!("{value:?}"), "{}", F::NAME);
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Device {
    name: String,
    template: Template,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Pins {
    name: String,
    #[serde(flatten)]
    template: Template,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind")]
enum Configuration {
    Device(Device),
}

fn datastreams() -> Vec<Datastream> {
    let integers = [
        (i64::MIN, i64::MAX),
        (0, 0),
        (-129, 255),
        (-1, (1 << 53) + 1),
    ];
    let doubles = [
        (f64::MIN, f64::MAX),
        (-0.0, 0.0),
        (0.1, 1.0 / 3.0),
        (-40.5, 100.0),
        (5e-324, f64::MIN_POSITIVE / 3.0),
        (1e-7, 1e22),
        (2f64.powi(63), 2f64.powi(64)),
    ];
    let mut all = vec![Datastream::boolean(), Datastream::location()];
    all.extend([0, 64, i64::MAX as usize].map(Datastream::string_up_to));
    all.extend([usize::MAX, usize::MAX - 1].map(Datastream::string_up_to));
    all.extend(integers.map(|(min, max)| Datastream::integer(min..=max).unwrap()));
    all.extend(doubles.map(|(min, max)| Datastream::double(min..=max).unwrap()));
    all.push(Datastream::enumerable([0, 20, 130]).unwrap());
    let values = [i64::MIN, -1, (1 << 53) + 1, i64::MAX];
    all.push(Datastream::enumerable_or(values, i64::MAX).unwrap());
    all
}

fn check_round_trips<F: Format>(template: &Template) {
    for name in Datastream::TYPES {
        let mut datastreams = template.iter().map(|(_, datastream)| datastream);
        assert!(
            datastreams.any(|one| one.to_parts().type_name == *name),
            "{name}"
        );
    }
    for (_, datastream) in template {
        check::<F, _>(datastream);
        check::<F, _>(&LabelledDatastream {
            label: "Pump".to_owned(),
            datastream: datastream.clone(),
        });
    }
    let name = || "Greenhouse".to_owned();
    let template = || template.clone();
    check::<F, _>(&template());
    check::<F, _>(&Device {
        name: name(),
        template: template(),
    });
    check::<F, _>(&Pins {
        name: name(),
        template: template(),
    });
    check::<F, _>(&Configuration::Device(Device {
        name: name(),
        template: template(),
    }));
    check::<F, _>(&HashMap::from([(name(), template())]));
    check::<F, _>(&BTreeMap::from([
        (VirtualPin(0), 0.5),
        (VirtualPin(255), -0.5),
    ]));
}

#[test]
fn templates_round_trip_through_each_format() {
    let pins = (0..=u8::MAX).map(VirtualPin);
    let template: Template = pins.zip(datastreams()).collect();
    for_each_format!(check_round_trips(&template));
}

/// The values of `toml` contain no integer above `i64::MAX`; its text does.
#[test]
fn templates_round_trip_through_buffered_values() {
    let pins = (0..=u8::MAX).map(VirtualPin);
    let template: Template = pins.zip(datastreams()).collect();
    let cbor = ciborium::Value::serialized(&template).unwrap();
    assert_eq!(cbor.deserialized::<Template>().unwrap(), template);
    let ron: ron::Value = ron::from_str(text(&Ron::write(&template))).unwrap();
    assert_eq!(ron.into_rust::<Template>().unwrap(), template);

    let long = Template::from([(VirtualPin(3), Datastream::string_up_to(usize::MAX))]);
    assert_eq!(toml::Value::try_from(&long).is_err(), usize::BITS == 64);
    let is_short = |datastream: &Datastream| datastream.to_parts().max_len < Some(usize::MAX - 1);
    let short = template
        .into_iter()
        .filter(|(_, datastream)| is_short(datastream));
    let short: Template = short.collect();
    let toml = toml::Value::try_from(&short).unwrap();
    assert_eq!(toml.try_into::<Template>().unwrap(), short);
}

fn rejected_templates() -> impl Iterator<Item = String> {
    let (_, rows) = CONTRACT.split_once("| rejected template |").unwrap();
    let (rows, _) = rows.split_once("\n\n").unwrap();
    let cells = rows.lines().filter_map(|row| row.split_once("| `{"));
    cells.map(|(_, cell)| format!("{{{}", cell.trim_end_matches("` |")))
}

#[test]
fn rejected_templates_of_the_contract_are_rejected_in_each_format() {
    let mut rejected = 0;
    for json in rejected_templates() {
        for (format, input) in translations(&json) {
            let Some(input) = input else {
                assert!(
                    format == Toml::NAME && json.contains("null"),
                    "{format}: {json}"
                );
                continue;
            };
            let result = read::<Template>(format, &input);
            // Only JSON text distinguishes the integer -0 from 0.
            if json.contains("-0") {
                assert!(result.is_ok(), "{format}: {json}");
                continue;
            }
            let error = result.expect_err(&json);
            let names_the_pin = error.contains("v1") || json.contains("V1");
            // The parser's own error.
            let is_duplicate = error == "duplicate key";
            assert!(names_the_pin || is_duplicate, "{format}: {json}: {error}");
            rejected += 1;
        }
    }
    assert_eq!(rejected, 49);
}

/// Returns the outcome of a field for text formats that have the syntax of JSON's numbers.
fn outcomes(fields: &str) -> [Option<String>; 3] {
    let json = format!("{{{fields}}}");
    let toml = json[1..json.len() - 1]
        .replace("\":", "\"=")
        .replace(',', "\n");
    [
        Yaml::read::<Datastream>(json.as_bytes()),
        Toml::read::<Datastream>(toml.as_bytes()),
        Ron::read::<Datastream>(json.as_bytes()),
    ]
    .map(|result| Some(result.ok()?.to_string()))
}

#[test]
fn numbers_are_the_same_in_each_text_format() {
    for (fields, expected) in [
        (r#""type":"integer","min":5,"max":9"#, Some("integer 5..=9")),
        (
            r#""type":"integer","min":-0,"max":9"#,
            Some("integer 0..=9"),
        ),
        (r#""type":"integer","min":5.0"#, None),
        (r#""type":"integer","min":-0.0"#, None),
        (r#""type":"integer","max":9223372036854775808"#, None),
        (
            r#""type":"double","min":-5,"max":1e2"#,
            Some("double -5.0..=100.0"),
        ),
        (
            r#""type":"double","min":-0,"max":1"#,
            Some("double 0.0..=1.0"),
        ),
        (
            r#""type":"double","min":-0.0,"max":1"#,
            Some("double -0.0..=1.0"),
        ),
        (
            r#""type":"double","min":18446744073709551616,"max":1e39"#,
            Some("double 1.8446744073709552e19..=1e39"),
        ),
        (
            r#""type":"string","max_len":5"#,
            Some("string up to 5 bytes"),
        ),
        (r#""type":"string","max_len":5.0"#, None),
        (r#""type":"string","max_len":18446744073709551616"#, None),
        (
            r#""type":"enumerable","values":[9007199254740993]"#,
            Some("enumerable [9007199254740993]"),
        ),
        (r#""type":"enumerable","values":[1.0]"#, None),
    ] {
        assert_eq!(
            outcomes(fields),
            [(); 3].map(|()| expected.map(str::to_owned)),
            "{fields}"
        );
    }
}

/// `serde` buffers no integers beyond 64 bits.
#[test]
fn flattened_integers_beyond_64_bits_are_rejected_from_toml() {
    let read = |max: &str| {
        let toml = format!("label = 'Pump'\ntype = 'double'\nmax = {max}");
        Toml::read::<LabelledDatastream>(toml.as_bytes())
    };
    assert!(read("18446744073709551616").is_err());
    assert!(read("18446744073709551615").is_ok());
    assert!(read("1e20").is_ok());
}

/// Encoders may pick the smallest type that is exact.
#[test]
fn numbers_of_any_width_are_accepted_in_binary_formats() {
    #[derive(Serialize)]
    struct Fields<T> {
        r#type: &'static str,
        max: T,
    }
    fn check_max<F: Format>(r#type: &'static str, max: impl Serialize, expected: &str) {
        let output = F::write(&Fields { r#type, max });
        let read = F::read::<Datastream>(&output)
            .unwrap()
            .to_parts()
            .max
            .unwrap()
            .to_string();
        assert_eq!(read, expected, "{} {type}", F::NAME);
    }
    for_each_format!(check_max("integer", 5_u8, "5"));
    for_each_format!(check_max("integer", -5_i16, "-5"));
    for_each_format!(check_max("double", 5_u8, "5.0"));
    for_each_format!(check_max("double", 0.5_f32, "0.5"));
    check_max::<Cbor>("double", 1_u128 << 64, "1.8446744073709552e19");
    check_max::<Cbor>("double", u128::MAX, "3.402823669209385e38");
    check_max::<Cbor>("integer", i128::from(i64::MAX), "9223372036854775807");
}

#[test]
fn formats_that_are_not_self_describing_return_errors() {
    let template = Template::from([(VirtualPin(6), Datastream::boolean())]);
    assert!(postcard::to_allocvec(&template).is_err());
    assert!(postcard::to_allocvec(&Datastream::boolean()).is_err());
    for length in 0..64 {
        let input = vec![1; length];
        assert!(postcard::from_bytes::<Template>(&input).is_err());
        assert!(postcard::from_bytes::<Datastream>(&input).is_err());
    }
}
