//! One value: `parse`, `parse_encoded` and `fits` of each type.

use pinquery::{Datastream, Reason, Value};
use pinquery_test_support::encoding::Choices;
use pinquery_test_support::value::Datastreams;

type Owned = Value<String>;

/// A datastream of each type, in its notation.
const TYPES: [&str; 8] = [
    "integer(-5,50)",
    "double(-0.5,50)",
    "string(2)",
    "string",
    "enumerable(0,7,-9223372036854775808)",
    "enumerable(0,7;7)",
    "boolean",
    "location",
];

#[test]
fn every_type_is_tested() {
    let tested = TYPES.map(|datastream| datastream.split('(').next().unwrap());
    let mut all = Datastream::TYPES.iter();
    assert!(all.all(|name| tested.contains(name)));
}

#[test]
fn values_of_up_to_two_bytes_agree_with_the_reference() {
    for datastreams in TYPES.map(Datastreams::read) {
        let check = |raw: &[u8]| {
            if !raw.contains(&b'&') {
                let _ = datastreams.parse_encoded(raw);
            }
            if let Ok(text) = std::str::from_utf8(raw) {
                // Encodes as little as possible, and everything.
                for choice in [0, 7] {
                    let _ = datastreams.parse(text, &mut Choices::new(&[choice]));
                }
            }
        };
        check(b"");
        for first in 0..=255 {
            check(&[first]);
            for second in 0..=255 {
                check(&[first, second]);
            }
        }
    }
}

#[test]
fn plus_and_percent_signs_are_ordinary_in_decoded_text() {
    let parse = |datastream: &str, text: &str| {
        Datastreams::read(datastream).parse(text, &mut Choices::new(&[]))
    };
    let string = |text: &str| Ok((Owned::String(text.to_owned()), None));
    assert_eq!(parse("string", "100%"), string("100%"));
    assert_eq!(parse("string", "a+b%20c&d=e"), string("a+b%20c&d=e"));
    assert_eq!(parse("integer", "+5"), Ok((Owned::Integer(5), None)));
    assert_eq!(parse("integer", "%35"), Err("not_an_integer"));
    assert_eq!(parse("double", "1e+2"), Ok((Owned::Double(100.0), None)));
    assert_eq!(parse("boolean", "true+"), Err("not_a_boolean"));
    assert_eq!(parse("location", "1%2C2"), Err("not_a_double"));
}

#[test]
fn a_location_on_its_own_is_one_text() {
    let parse = |text: &str| Datastreams::read("location").parse(text, &mut Choices::new(&[]));
    let (longitude, latitude) = (1.0, -2.5);
    let location = Owned::Location {
        longitude,
        latitude,
    };
    assert_eq!(parse(" 1 ,\t-2.5\r\n"), Ok((location, None)));
    for (text, reason) in [
        ("1", "no_latitude"),
        ("x", "not_a_double"),
        ("", "not_a_double"),
        ("181", "out_of_range"),
        ("181,x", "out_of_range"),
        ("1,", "not_a_double"),
        ("1,2,3", "not_a_double"),
        ("1,91", "out_of_range"),
        ("1&v5=2", "not_a_double"),
    ] {
        assert_eq!(parse(text), Err(reason), "{text:?}");
    }
}

/// The limit of `parse` counts the bytes of the text, that of `parse_encoded` those of its encoding.
#[test]
fn values_other_than_strings_have_at_most_4096_bytes() {
    for (datastream, value) in [
        ("integer", "7"),
        ("double", "7"),
        ("enumerable(7)", "7"),
        ("boolean", "1"),
        ("location", "1,2"),
    ] {
        let datastreams = Datastreams::read(datastream);
        let parse = |text: &str| datastreams.parse(text, &mut Choices::new(&[]));
        let [longest, longer] = [4096, 4097].map(|len| format!("{value:>len$}"));
        assert!(parse(&longest).is_ok(), "{datastream}");
        assert_eq!(parse(&longer), Err("too_long"), "{datastream}");
        // Blanks of three bytes each, so that only the encoding of the text is too long.
        let escaped = "%20".repeat(1000) + value;
        let [longest, longer] = [4096, 4097].map(|len| format!("{escaped:+>len$}"));
        assert!(datastreams.parse_encoded(longest.as_bytes()).is_ok());
        let too_long = datastreams.parse_encoded(longer.as_bytes());
        assert_eq!(too_long, Err("too_long"), "{datastream}");
        let blanks = &format!("{value:>2000}");
        assert!(datastreams.parse(blanks, &mut Choices::new(&[7])).is_ok());
    }
    // Multi-byte characters count by their bytes, and a text that is too long is not examined.
    let integer = Datastream::integer(..).unwrap();
    assert_eq!(integer.parse(&"é".repeat(2048)), Err(Reason::NotAnInteger));
    assert_eq!(integer.parse(&"é".repeat(2049)), Err(Reason::TooLong));
    assert_eq!(
        Datastream::location().parse(&",".repeat(4097)),
        Err(Reason::TooLong)
    );
    let string = Datastream::string_up_to(5000);
    assert!(string.parse(&"a".repeat(5000)).is_ok());
    assert_eq!(string.parse(&"a".repeat(5001)), Err(Reason::TooLong));
}

#[test]
fn decoded_text_is_borrowed() {
    let text = String::from("a+b%20c é");
    let (value, adjusted) = Datastream::string().parse(&text).unwrap();
    assert_eq!((value.as_str(), adjusted), (Some(text.as_str()), None));
    assert_eq!(value.as_str().unwrap().as_ptr(), text.as_ptr());
}

#[test]
fn small_integers_fit_exactly_within_bounds() {
    for min in -2..=2_i64 {
        for max in min..=2 {
            let integer = Datastream::integer(min..=max).unwrap();
            for value in -3..=3 {
                let fits = integer.fits(&Owned::Integer(value));
                assert_eq!(fits, min <= value && value <= max, "{value} in {integer}");
                assert!(!integer.fits(&Owned::Enumerable(value)));
                assert!(!integer.fits(&Owned::Double(value as f64)));
                assert!(!integer.fits(&Owned::String(value.to_string())));
            }
        }
    }
    let widest = Datastream::integer(i64::MIN..=i64::MAX).unwrap();
    for value in [i64::MIN, i64::MAX] {
        assert!(widest.fits(&Owned::Integer(value)));
    }
}

#[test]
fn enumerables_fit_exactly_if_listed() {
    let every: Vec<i64> = (-2..=2).collect();
    for subset in 1..32 {
        let is_listed = |value: i64| (0..5).any(|at| subset >> at & 1 == 1 && every[at] == value);
        let values: Vec<i64> = every
            .iter()
            .copied()
            .filter(|&value| is_listed(value))
            .collect();
        let fallback = values[0];
        for enumerable in [
            Datastream::enumerable(values.iter().copied()).unwrap(),
            Datastream::enumerable_or(values.iter().copied(), fallback).unwrap(),
        ] {
            for value in -3..=3 {
                let fits = enumerable.fits(&Owned::Enumerable(value));
                assert_eq!(fits, is_listed(value), "{value} in {enumerable}");
                assert!(!enumerable.fits(&Owned::Integer(value)));
            }
        }
    }
}

/// Zeros, the smallest and largest numbers, neighbours, and NaN.
const DOUBLES: [f64; 14] = [
    0.0,
    -0.0,
    f64::from_bits(1),
    -f64::from_bits(1),
    1.0,
    -1.0,
    1.0 - f64::EPSILON / 2.0,
    1.0 + f64::EPSILON,
    f64::MAX,
    f64::MIN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    -f64::NAN,
];

#[test]
fn finite_doubles_fit_exactly_within_bounds() {
    for min in DOUBLES {
        for max in DOUBLES {
            let Ok(double) = Datastream::double(min..=max) else {
                continue;
            };
            for value in DOUBLES {
                let fits = double.fits(&Owned::Double(value));
                assert_eq!(fits, min <= value && value <= max, "{value:?} in {double}");
            }
        }
    }
    assert!(
        Datastream::double(0.0..)
            .unwrap()
            .fits(&Owned::Double(-0.0))
    );
    assert!(!Datastream::double(..).unwrap().fits(&Owned::Integer(0)));
}

#[test]
fn strings_fit_up_to_their_maximum_length() {
    for text in [
        "", "a", "é", "ab", "aé", "éé", "abcde", "\0", "a\0b", "%41+", "&=",
    ] {
        for max_len in 0..=6 {
            let string = Datastream::string_up_to(max_len);
            let expected = text.len() <= max_len && !text.contains('\0');
            assert_eq!(
                string.fits(&Value::String(text)),
                expected,
                "{text:?} in {string}"
            );
            assert_eq!(string.fits(&Owned::String(text.to_owned())), expected);
            assert_eq!(string.parse(text).is_ok(), expected);
        }
    }
    let string = Datastream::string();
    assert!(!string.fits(&Owned::Integer(1)));
    let boxed: Value<Box<str>> = Value::String("a".into());
    assert!(string.fits(&boxed));
}

#[test]
fn booleans_and_locations_fit_by_type_and_range() {
    let (boolean, location) = (Datastream::boolean(), Datastream::location());
    for value in [false, true] {
        assert!(boolean.fits(&Owned::Boolean(value)));
        assert!(!location.fits(&Owned::Boolean(value)));
    }
    assert!(!boolean.fits(&Owned::Integer(1)));
    assert!(!boolean.fits(&Owned::String("true".to_owned())));
    let degrees = [180.0, -180.0, 90.0, -90.0, 0.0, -0.0];
    let above = |degrees: f64| degrees * (1.0 + f64::EPSILON);
    for longitude in degrees.into_iter().chain(degrees.map(above)).chain(DOUBLES) {
        for latitude in degrees.into_iter().chain(degrees.map(above)).chain(DOUBLES) {
            let value = Owned::Location {
                longitude,
                latitude,
            };
            let expected = longitude.abs() <= 180.0 && latitude.abs() <= 90.0;
            assert_eq!(location.fits(&value), expected, "{value:?}");
        }
    }
}
