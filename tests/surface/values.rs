//! Texts, values and updates.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use pinquery::{Datastream, Pairs, Update, Value, VirtualPin, parse};

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
fn texts_hash_by_their_decoded_form() {
    let text = |query: &'static str| Pairs::new(query).next().unwrap().value.decode().unwrap();
    let (plain, escaped, other) = (text("v1=a b"), text("v1=a+b"), text("v1=%61%20c"));
    let texts = HashSet::from([plain, escaped, other]);
    assert_eq!(texts.len(), 2);
    let state = BuildHasherDefault::<DefaultHasher>::default();
    assert_eq!(state.hash_one(plain), state.hash_one(escaped));
    assert_ne!(state.hash_one(plain), state.hash_one(other));
    // The boundary between two texts is also hashed.
    let (a, ab, b, empty) = (text("v1=a"), text("v1=ab"), text("v1=b"), text("v1="));
    assert_ne!(state.hash_one([a, b]), state.hash_one([ab, empty]));
}

#[test]
fn values_convert_to_matching_primitives() {
    let check = |value: Value<&str>, name, integer, double, boolean, string| {
        assert_eq!(value.type_name(), name);
        assert_eq!((value.as_i64(), value.as_f64()), (integer, double));
        assert_eq!((value.as_bool(), value.as_string()), (boolean, string));
        assert_eq!(value.as_str(), string.copied());
    };
    let (longitude, latitude) = (1.0, 2.0);
    let location = Value::Location {
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
    check(location, "location", None, None, None, None);
}

#[test]
fn strings_convert_to_str_unless_escaped() {
    assert_eq!(Value::String(String::from("a")).as_str(), Some("a"));
    assert_eq!(Value::String(Box::<str>::from("a")).as_str(), Some("a"));
    assert_eq!(Value::<String>::Boolean(true).as_str(), None);
    let template = template().with(VirtualPin(9), Datastream::integer(..).unwrap());
    let query = String::from("token=t&v1=OK&v2=a+b&v3=%4FK&v4=&v5=\u{e9}&v9=1");
    // The text outlives the updates.
    let texts: Vec<Option<&str>> = {
        let updates = parse(&query, |_| Some(&template)).unwrap();
        updates.iter().map(|update| update.value.as_str()).collect()
    };
    let expected = [Some("OK"), None, None, Some(""), Some("\u{e9}"), None];
    assert_eq!(texts, expected);
    let ok = texts[0].unwrap();
    assert_eq!(ok.as_ptr(), query[11..].as_ptr());
}
