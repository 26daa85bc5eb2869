//! The short forms take what they are for. Their `None` is not wrong, only slow, and so is seen
//! here alone.

use std::borrow::ToOwned;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::*;
use crate::device::datastream::Datastream;
use crate::query::text::Text;
use crate::query::view::{End, SEPARATOR};

const AT: usize = "v1=".len();

/// What the short form makes of a whole query of the pin `v1`, and where its segment ends.
fn value(query: &str, datastream: &Datastream) -> Option<(Converted<'static>, usize)> {
    let segment = String::leak(query.into()).as_bytes();
    let mut end = End::EMPTY;
    end.fill(segment);
    let window = &Window {
        query: segment,
        end: &end,
    };
    let short = Short {
        window,
        segment,
        view: window.view(segment)?,
        value: AT,
        pin: VirtualPin(1),
    };
    let mut updates = Updates::new();
    let behind = add_short(datastream.kind(), short, &mut updates)?;
    match *updates {
        [update] => Some(((update.value, update.adjusted), behind.get() - 1)),
        _ => None,
    }
}

#[track_caller]
fn reads(datastream: &Datastream, text: &str, expected: Value<Text<'_>>) {
    for behind in ["", "&", "&v2=1&v3=2&v4=3&v5=4&v6=5&v7=6"] {
        let converted = ((expected, None), AT + text.len());
        let query = format!("v1={text}{behind}");
        assert_eq!(value(&query, datastream), Some(converted), "{query}");
    }
}

#[track_caller]
fn leaves(datastream: &Datastream, texts: &[&str]) {
    for text in texts {
        let query = format!("v1={text}");
        assert_eq!(value(&query, datastream), None, "{query}");
    }
}

/// Every number as it is.
fn integer() -> Datastream {
    Datastream::integer(i64::MIN..=i64::MAX).unwrap()
}

#[test]
fn every_byte_that_is_no_digit_stops_a_number() {
    for byte in (0..=0xFF).filter(|byte: &u8| !byte.is_ascii_digit()) {
        for place in 0..8 {
            let mut text = *b"12345678&&&&&&&&";
            text[place] = byte;
            let query = [b"v1=", &text[..]].concat();
            let mut end = End::EMPTY;
            end.fill(&query);
            let window = Window {
                query: &query,
                end: &end,
            };
            let view = window.view(&query).unwrap();
            let digits = core::str::from_utf8(&text[..place]).unwrap();
            let found = integer::short(view, AT);
            let expected = digits.parse().ok().map(|digits| (digits, AT + place));
            // A minus is read as such.
            let is_negative = (place, byte) == (0, b'-');
            let expected = expected.filter(|_| byte == SEPARATOR);
            assert_eq!(found.filter(|_| !is_negative), expected, "{byte:#x}");
            if let Some((double, end)) = double::short(view, AT) {
                // A point, and digits to the end.
                let end = if byte == b'.' { 8 } else { end - AT };
                let text = core::str::from_utf8(&text[..end]).unwrap();
                assert_eq!(Ok(double), text.parse(), "{text}");
                assert!(is_negative || byte == b'.' || end == place);
            } else {
                assert_eq!(place, 0);
            }
        }
    }
}

/// As many as an integer can have.
const DIGITS: &str = "1234567890123456789";

#[test]
fn every_plain_integer_is_short() {
    for length in 1..=DIGITS.len() {
        for sign in ["", "-"] {
            let text = format!("{sign}{}", &DIGITS[..length]);
            reads(&integer(), &text, Value::Integer(text.parse().unwrap()));
            leaves(&integer(), &[&format!("{text}."), &format!("{text}x")]);
        }
    }
    reads(&integer(), "0000000000000000000007", Value::Integer(7));
    reads(&integer(), "9223372036854775807", Value::Integer(i64::MAX));
    leaves(
        &integer(),
        &[
            "",
            "-",
            "+1",
            " 1",
            "1 ",
            "--1",
            "1.5",
            "9223372036854775808",
            "18446744073709551616",
        ],
    );
}

#[test]
fn every_plain_double_is_short() {
    let double = Datastream::double(..).unwrap();
    let reads = |text: &str| reads(&double, text, Value::Double(text.parse().unwrap()));
    for length in 1..=DIGITS.len() {
        for point in 0..=length + 1 {
            for sign in ["", "-"] {
                let mut text = DIGITS[..length].to_owned();
                if point <= length {
                    text.insert(point, '.');
                }
                let text = format!("{sign}{text}");
                reads(&text);
                leaves(&double, &[&format!("{text}x"), &format!("{text}e5")]);
            }
        }
    }
    for text in [
        "9007199254740992",
        "9007199254740993",
        "9007199254740993.5",
        "0.0040000000000000036",
        "0.000000000000000001",
        "-0",
        "5.",
        ".5",
    ] {
        reads(text);
    }
    leaves(
        &double,
        &[
            "",
            ".",
            "-",
            "-.",
            "+1",
            " 1",
            "e5",
            "1,5",
            "18446744073709551616",
        ],
    );
}

#[test]
fn other_short_values_are_read_here() {
    let levels = Datastream::enumerable([0, 20]).unwrap();
    reads(&levels, "20", Value::Enumerable(20));
    leaves(&levels, &["", "7", "20.0"]);
    leaves(&Datastream::boolean(), &["", "2", "01", "1.0", "%31"]);
}

#[test]
fn truth_is_read_here_as_digits_and_as_words_in_any_case() {
    for (text, expected) in [
        ("1", true),
        ("0", false),
        ("true", true),
        ("TRUE", true),
        ("false", false),
        ("fAlse", false),
    ] {
        reads(&Datastream::boolean(), text, Value::Boolean(expected));
        for place in 0..=text.len() {
            for byte in 0..0x80 {
                let mut other = format!("{text}&").into_bytes();
                let same = other[place].eq_ignore_ascii_case(&byte)
                    || matches!((text.len(), place, byte), (1, 0, b'0' | b'1'));
                other[place] = byte;
                let other = String::from_utf8(other).unwrap();
                let read = value(&format!("v1={other}"), &Datastream::boolean());
                assert_eq!(read.is_some(), same, "{other}");
            }
        }
        leaves(&Datastream::boolean(), &[&format!("{text}s")]);
    }
}

#[test]
fn texts_of_any_kind_and_length_are_read_here() {
    let letters: String = ('a'..='z').cycle().take(200).collect();
    for length in 0..letters.len() {
        let text = &letters[..length];
        let up_to_length = Datastream::string_up_to(length);
        reads(&up_to_length, text, Value::String(Text::plain(text)));
        leaves(&up_to_length, &[&format!("{text}y"), &format!("{text}+")]);
        for (escaped, plain) in [("%20+", "  "), ("!", "!"), ("%C3%A9", "é"), ("é", "é")] {
            let query = format!("v1={text}{escaped}{text}");
            let decoded = format!("{text}{plain}{text}");
            let max_len = Datastream::string_up_to(decoded.len());
            let Some(((Value::String(read), None), end)) = value(&query, &max_len) else {
                panic!("{query} is left");
            };
            assert_eq!((read, end), (Text::plain(&decoded), query.len()));
            leaves(
                &Datastream::string_up_to(decoded.len() - 1),
                &[&query[AT..]],
            );
        }
        leaves(
            &Datastream::string(),
            &[
                &format!("{text}%00"),
                &format!("{text}%"),
                &format!("{text}%FF"),
            ],
        );
    }
}

#[test]
fn both_forms_of_a_location_are_read_here() {
    let place = Value::Location {
        longitude: -0.1276,
        latitude: 51.5072,
    };
    let location = Datastream::location();
    reads(&location, "-0.1276,51.5072", place);
    reads(&location, "-0.1276&V1=51.5072", place);
    leaves(
        &location,
        &[
            "1", "1,", "1,2,3", "1&v2=2", "1&v1=2,3", "181,0", "0,91", "1 2",
        ],
    );
}

#[test]
fn nothing_is_added_where_there_is_no_room() {
    for (datastream, text) in [
        (integer(), "1"),
        (Datastream::double(..).unwrap(), "1"),
        (Datastream::string(), "a"),
        (Datastream::enumerable([1]).unwrap(), "1"),
        (Datastream::boolean(), "1"),
        (Datastream::location(), "1,2"),
    ] {
        let query = format!("v1={text}");
        let segment = query.as_bytes();
        let mut end = End::EMPTY;
        end.fill(segment);
        let window = &Window {
            query: segment,
            end: &end,
        };
        let short = Short {
            window,
            segment,
            view: window.view(segment).unwrap(),
            value: AT,
            pin: VirtualPin(1),
        };
        let mut updates = Updates::new();
        let added: Vec<_> = (0..9)
            .map(|_| add_short(datastream.kind(), short, &mut updates).is_some())
            .collect();
        assert_eq!(
            added,
            [true, true, true, true, true, true, true, true, false]
        );
        updates.grow(1000);
        assert!(add_short(datastream.kind(), short, &mut updates).is_some());
        assert_eq!(updates.len(), 9);
    }
}

#[test]
fn a_character_may_begin_raw_and_end_in_escapes() {
    let query: Vec<u8> = [
        b"v1=".as_slice(),
        &[0xC3],
        b"%A9",
        &[0xF0, 0x9F],
        b"%8C",
        &[0xA1],
    ]
    .concat();
    let text = Text::decode(&query[AT..]).unwrap();
    assert_eq!(text, "é\u{1f321}");
    assert_eq!(text.as_str(), None);
}
