//! Texts, values and updates.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use pinquery::{BatchUpdate, Datastream, Pairs, Template, Token, Update, Value, VirtualPin, parse};

use pinquery_test_support::comparison::check_texts;

use super::template;

#[test]
fn an_update_displays_as_one_line() {
    let template = template().with(VirtualPin(9), Datastream::integer(..=100).unwrap());
    let query = "token=t&v1=a%0Ab%1B%7F%C2%85%C2%9F&v2=caf%C3%A9%C2%A0&v9=101";
    let updates = parse(query, |_| Some(&template)).unwrap();
    let shown: Vec<String> = updates.iter().map(Update::to_string).collect();
    assert_eq!(
        shown,
        [
            r"v1=a\nb\u{1b}\u{7f}\u{85}\u{9f}",
            "v2=café\u{a0}",
            "v9=100 (max)"
        ]
    );
}

#[test]
fn values_display_in_canonical_form() {
    let shown = |value: Value<&str>| value.to_string();
    let location = |longitude, latitude| Value::Location {
        longitude,
        latitude,
    };
    assert_eq!(shown(Value::Integer(-7)), "-7");
    assert_eq!(shown(Value::Double(5.0)), "5.0");
    assert_eq!(shown(Value::Double(1e300)), "1e300");
    assert_eq!(shown(Value::String("a b")), "a b");
    assert_eq!(shown(Value::Enumerable(20)), "20");
    assert_eq!(shown(Value::Boolean(true)), "true");
    assert_eq!(shown(location(12.0, -11.5)), "12.0,-11.5");
    assert_eq!(shown(location(-0.0, 1e-7)), "-0.0,1e-7");
}

/// Some of these strings are prefixes or encodings of others.
const STRINGS: [&str; 14] = [
    "", "a", "ab", "b", "é", "aé", "éa", "e", "a b", "a+b", "a%20b", "%", "&=", "日本",
];

#[test]
fn texts_compare_and_hash_as_their_decoded_strings() {
    // As few escapes as possible, only escapes, and a mixture.
    let spellings: [&[u8]; 3] = [&[0], &[7], &[7, 0, 0x31]];
    for one in STRINGS {
        for other in STRINGS {
            for first in spellings {
                for second in spellings {
                    check_texts([one, other], [first, second]);
                }
            }
        }
    }
}

#[test]
fn the_hash_includes_the_boundary_between_texts() {
    let text = |query: &'static str| Pairs::new(query).next().unwrap().value.decode().unwrap();
    let state = BuildHasherDefault::<DefaultHasher>::default();
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

#[test]
fn values_are_padded_like_their_primitives() {
    let padded = |value: Value<&str>| format!("[{value:>6}]");
    assert_eq!(padded(Value::Integer(-7)), "[    -7]");
    assert_eq!(padded(Value::Double(0.5)), "[   0.5]");
    assert_eq!(padded(Value::String("é")), "[     é]");
    assert_eq!(padded(Value::Enumerable(20)), "[    20]");
    assert_eq!(padded(Value::Boolean(true)), "[  true]");
}

#[test]
fn pins_and_tokens_are_ordered_as_their_contents() {
    let pins: Vec<_> = (0..=255).map(VirtualPin).collect();
    assert!(pins.is_sorted());
    let tokens = ["B", "a", "aa", "b", "ba"];
    let tokens = tokens.map(|token| (Token::try_from(token).unwrap(), token));
    assert!(tokens.is_sorted());
    let devices = BTreeMap::from(tokens.clone());
    for (_, token) in tokens {
        assert_eq!(devices.get(token), Some(&token));
    }
}

#[track_caller]
fn check_size_hint(mut iterator: impl Iterator + Clone) {
    loop {
        let (count, (min, max)) = (iterator.clone().count(), iterator.size_hint());
        assert!(min <= count && max.is_none_or(|max| count <= max));
        if iterator.next().is_none() {
            return;
        }
    }
}

#[test]
fn size_hints_contain_the_number_of_items() {
    let query = "token=t&v1=%E6%97%A5+a&v3=\u{e9}b&&x";
    let request = BatchUpdate::parse(query).unwrap();
    let template = Template::new()
        .with(VirtualPin(1), Datastream::string())
        .with(VirtualPin(200), Datastream::string());
    check_size_hint(template.iter());
    check_size_hint(template.clone().into_iter());
    check_size_hint(request.pairs());
    check_size_hint(request.results(&template));
    check_size_hint(Pairs::new(query));
    for pair in Pairs::new(query) {
        check_size_hint(pair.value.decode().unwrap().chars());
    }
}
