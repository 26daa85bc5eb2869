//! Texts, values, updates and numbers.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use pinquery::{
    Datastream, DatastreamError, DatastreamRow, Number, Pairs, Update, Value, VirtualPin, parse,
};

use super::template;

#[test]
fn an_update_displays_as_one_line() {
    let template = template().with(VirtualPin(9), Datastream::integer(..=100).unwrap());
    let query = "token=t&v1=a%0Ab%1B%7F&v2=caf%C3%A9&v9=101";
    let updates = parse(query, |_| Some(&template)).unwrap();
    let shown: Vec<String> = updates.iter().map(Update::to_string).collect();
    assert_eq!(shown, [r"v1=a\nb\u{1b}\u{7f}", "v2=café", "v9=100 (max)"]);
}

#[test]
fn texts_compare_and_hash_by_their_decoded_form() {
    let text = |query: &'static str| Pairs::new(query).next().unwrap().value.decode().unwrap();
    let (plain, escaped, next) = (text("v1=a b"), text("v1=a+b"), text("v1=%61%20c"));
    assert!(plain < next && escaped < next && escaped <= plain);
    let texts = HashSet::from([plain, escaped, next]);
    assert_eq!(texts.len(), 2);
    let state = BuildHasherDefault::<DefaultHasher>::default();
    assert_eq!(state.hash_one(plain), state.hash_one(escaped));
    assert_ne!(state.hash_one(plain), state.hash_one(next));
    // The boundary between two texts is hashed, too.
    let (a, ab, b, empty) = (text("v1=a"), text("v1=ab"), text("v1=b"), text("v1="));
    assert_ne!(state.hash_one([a, b]), state.hash_one([ab, empty]));
}

#[test]
fn numbers_are_integers_if_they_fit_an_i64() {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;

    assert_eq!(Number::from(-1.0), Number::Integer(-1));
    assert_eq!(Number::from(-BEYOND), Number::Integer(i64::MIN));
    for number in [0.5, BEYOND, -1e300, f64::INFINITY] {
        assert_eq!(Number::from(number), Number::Double(number));
    }
}

#[test]
fn values_convert_to_their_own_type_only() {
    let check = |value: Value<&str>, name, integer, double, boolean, string| {
        assert_eq!(value.type_name(), name);
        assert_eq!((value.as_i64(), value.as_f64()), (integer, double));
        assert_eq!((value.as_bool(), value.as_string()), (boolean, string));
    };
    let (longitude, latitude) = (1.0, 2.0);
    let place = Value::Location {
        longitude,
        latitude,
    };
    check(Value::Integer(7), "integer", Some(7), Some(7.0), None, None);
    check(Value::Double(7.5), "double", None, Some(7.5), None, None);
    check(Value::String("a"), "string", None, None, None, Some(&"a"));
    check(
        Value::Enumerable(5),
        "enumerable",
        Some(5),
        Some(5.0),
        None,
        None,
    );
    check(
        Value::Boolean(true),
        "boolean",
        None,
        None,
        Some(true),
        None,
    );
    check(
        Value::Boolean(false),
        "boolean",
        None,
        None,
        Some(false),
        None,
    );
    check(place, "location", None, None, None, None);
}

#[test]
fn a_row_is_a_datastream_of_each_type() {
    let row = |type_name| DatastreamRow {
        type_name,
        ..DatastreamRow::default()
    };
    let (min, max) = (Some(Number::from(-5)), Some(Number::from(0.5)));
    let rows = [
        (
            DatastreamRow {
                min,
                ..row("integer")
            },
            Datastream::integer(-5..),
        ),
        (
            DatastreamRow {
                min,
                max,
                ..row("double")
            },
            Datastream::double(-5.0..=0.5),
        ),
        (
            DatastreamRow {
                max_len: Some(4),
                ..row("string")
            },
            Ok(Datastream::string_up_to(4)),
        ),
        (
            DatastreamRow {
                values: Some(&[7, 1]),
                fallback: Some(7),
                ..row("enumerable")
            },
            Datastream::enumerable_or([1, 7], 7),
        ),
        (row("boolean"), Ok(Datastream::boolean())),
        (row("location"), Ok(Datastream::location())),
        (
            DatastreamRow {
                max,
                ..row("integer")
            },
            Err(DatastreamError::BoundNotAnInteger),
        ),
        (
            DatastreamRow {
                min,
                ..row("location")
            },
            Err(DatastreamError::ForeignBound),
        ),
        (
            DatastreamRow {
                max_len: Some(4),
                ..row("double")
            },
            Err(DatastreamError::ForeignBound),
        ),
        (
            DatastreamRow {
                fallback: Some(1),
                ..row("boolean")
            },
            Err(DatastreamError::ForeignBound),
        ),
        (row("text"), Err(DatastreamError::UnknownType)),
    ];
    for name in Datastream::TYPES {
        assert!(rows.iter().any(|(row, _)| row.type_name == *name), "{name}");
    }
    for (row, datastream) in rows {
        assert_eq!(Datastream::from_row(&row), datastream, "{row:?}");
    }
}
