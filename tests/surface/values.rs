//! Texts, values, updates and numbers.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use pinquery::{
    Datastream, DatastreamError, DatastreamParts, Number, Pairs, Update, Value, VirtualPin, parse,
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
    assert!(plain == escaped && plain != next);
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

type Case = (
    DatastreamParts<'static>,
    Result<Datastream, DatastreamError>,
);

/// A case of [`parts_build_each_type`]: the fields that are set, and what is built.
fn case(
    type_name: &'static str,
    set: impl FnOnce(&mut DatastreamParts<'static>),
    built: Result<Datastream, DatastreamError>,
) -> Case {
    let mut parts = DatastreamParts::new(type_name);
    set(&mut parts);
    (parts, built)
}

#[test]
fn parts_build_each_type() {
    let (min, max) = (Some(Number::from(-5)), Some(Number::from(0.5)));
    let foreign = |name| Err(DatastreamError::ForeignField(name));
    let cases = [
        case(
            "integer",
            |parts| parts.min = min,
            Datastream::integer(-5..),
        ),
        case(
            "double",
            |parts| (parts.min, parts.max) = (min, max),
            Datastream::double(-5.0..=0.5),
        ),
        case(
            "string",
            |parts| parts.max_len = Some(4),
            Ok(Datastream::string_up_to(4)),
        ),
        case(
            "enumerable",
            |parts| {
                parts.values = Some(&[7, 1]);
                parts.fallback = Some(7);
            },
            Datastream::enumerable_or([1, 7], 7),
        ),
        case("boolean", |_| {}, Ok(Datastream::boolean())),
        case("location", |_| {}, Ok(Datastream::location())),
        case(
            "integer",
            |parts| parts.max = max,
            Err(DatastreamError::BoundNotAnInteger),
        ),
        case("location", |parts| parts.min = min, foreign("min")),
        case("boolean", |parts| parts.max = max, foreign("max")),
        case(
            "double",
            |parts| parts.max_len = Some(4),
            foreign("max_len"),
        ),
        case(
            "string",
            |parts| parts.values = Some(&[1]),
            foreign("values"),
        ),
        case(
            "integer",
            |parts| parts.fallback = Some(1),
            foreign("fallback"),
        ),
        case("text", |_| {}, Err(DatastreamError::UnknownType)),
    ];
    for name in Datastream::TYPES {
        assert!(
            cases.iter().any(|(parts, _)| parts.type_name == *name),
            "{name}"
        );
    }
    for name in Datastream::FIELDS {
        let is_foreign = |(_, built): &Case| *built == foreign(name);
        assert!(cases.iter().any(is_foreign), "{name}");
    }
    for (parts, built) in cases {
        assert_eq!(Datastream::from_parts(&parts), built, "{parts:?}");
        if let Ok(datastream) = built {
            let parts = datastream.to_parts();
            assert_eq!(Datastream::from_parts(&parts), Ok(datastream.clone()));
        }
    }
}
