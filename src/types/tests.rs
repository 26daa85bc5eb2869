//! Checks which values take the fast path. Declining one is slow rather than wrong, so no other test
//! would fail.

use std::borrow::ToOwned;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::datastream::Datastream;
use super::*;
use crate::query::SEPARATOR;
use crate::query::encoded::Encoded;
use crate::query::text::Text;

const AT: usize = "v1=".len();

/// Parses the segment of `v1` at the start of a query by the fast path.
fn parse_fast(
    query: &[u8],
    datastream: &Datastream,
    updates: &mut Updates<'static>,
) -> Result<NextOffset, Declined> {
    let query = Vec::leak(query.to_vec());
    let mut input = Input::new(query, 256);
    input.fill_tail();
    let fast = FastInput {
        input: &input,
        rest: query,
        window: input.window(query).ok_or(Declined::UNDECIDED)?,
        value: AT,
        pin: VirtualPin(1),
    };
    datastream.parse_fast(fast, updates)
}

/// Parses a query whose only segment is that of `v1` by the fast path. Also returns the end of the
/// segment.
fn value(query: &str, datastream: &Datastream) -> Option<(Parsed<'static>, usize)> {
    let mut updates = Updates::new();
    let next = parse_fast(query.as_bytes(), datastream, &mut updates).ok()?;
    match *updates {
        [update] => Some(((update.value, update.adjusted), next.get() - 1)),
        _ => None,
    }
}

#[track_caller]
fn accepts(datastream: &Datastream, text: &str, expected: Value<Text<'_>>) {
    for rest in ["", "&", "&v2=1&v3=2&v4=3&v5=4&v6=5&v7=6"] {
        let converted = ((expected, None), AT + text.len());
        let query = format!("v1={text}{rest}");
        assert_eq!(value(&query, datastream), Some(converted), "{query}");
    }
}

#[track_caller]
fn declines(datastream: &Datastream, texts: &[&str]) {
    for text in texts {
        let query = format!("v1={text}");
        assert_eq!(value(&query, datastream), None, "{query}");
    }
}

fn unclamped_integer() -> Datastream {
    Datastream::integer(i64::MIN..=i64::MAX).unwrap()
}

#[test]
fn a_number_ends_at_the_first_byte_that_is_not_a_digit() {
    for byte in (0..=0xFF).filter(|byte: &u8| !byte.is_ascii_digit()) {
        for index in 0..8 {
            let mut text = *b"12345678&&&&&&&&";
            text[index] = byte;
            let query = [b"v1=", &text[..]].concat();
            let mut input = Input::new(&query, 256);
            input.fill_tail();
            let window = input.window(&query).unwrap();
            let digits = core::str::from_utf8(&text[..index]).unwrap();
            let found = integer::fast_integer(window, AT);
            let expected = digits.parse().ok().map(|digits| (digits, AT + index));
            // A leading minus is a sign.
            let is_negative = (index, byte) == (0, b'-');
            let expected = expected.filter(|_| byte == SEPARATOR);
            assert_eq!(found.filter(|_| !is_negative), expected, "{byte:#x}");
            if let Some((double, end)) = double::fast_double(window, AT) {
                // A point is followed by digits to the end.
                let end = if byte == b'.' { 8 } else { end - AT };
                let text = core::str::from_utf8(&text[..end]).unwrap();
                assert_eq!(Ok(double), text.parse(), "{text}");
                assert!(is_negative || byte == b'.' || end == index);
            } else {
                assert_eq!(index, 0);
            }
        }
    }
}

/// The maximum number of digits of an `i64`.
const DIGITS: &str = "1234567890123456789";

#[test]
fn integers_take_the_fast_path() {
    for length in 1..=DIGITS.len() {
        for sign in ["", "-"] {
            let text = format!("{sign}{}", &DIGITS[..length]);
            accepts(
                &unclamped_integer(),
                &text,
                Value::Integer(text.parse().unwrap()),
            );
            declines(
                &unclamped_integer(),
                &[&format!("{text}."), &format!("{text}x")],
            );
        }
    }
    accepts(
        &unclamped_integer(),
        "0000000000000000000007",
        Value::Integer(7),
    );
    accepts(
        &unclamped_integer(),
        "9223372036854775807",
        Value::Integer(i64::MAX),
    );
    declines(
        &unclamped_integer(),
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

/// Doubles near the limits of the fast path.
const EDGES: [&str; 8] = [
    "9007199254740992",
    "9007199254740993",
    "9007199254740993.5",
    "0.0040000000000000036",
    "0.000000000000000001",
    "-0",
    "5.",
    ".5",
];

#[test]
fn doubles_take_the_fast_path() {
    let double = Datastream::double(..).unwrap();
    let accepts = |text: &str| accepts(&double, text, Value::Double(text.parse().unwrap()));
    for length in 1..=DIGITS.len() {
        for point in 0..=length + 1 {
            for sign in ["", "-"] {
                let mut text = DIGITS[..length].to_owned();
                if point <= length {
                    text.insert(point, '.');
                }
                let text = format!("{sign}{text}");
                accepts(&text);
                declines(&double, &[&format!("{text}x"), &format!("{text}e5")]);
            }
        }
    }
    for text in EDGES {
        accepts(text);
    }
    declines(
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
fn enumerables_take_the_fast_path() {
    let levels = Datastream::enumerable([0, 20]).unwrap();
    accepts(&levels, "20", Value::Enumerable(20));
    declines(&levels, &["", "7", "20.0"]);
}

#[test]
fn booleans_take_the_fast_path() {
    for (text, expected) in [
        ("1", true),
        ("0", false),
        ("true", true),
        ("TRUE", true),
        ("false", false),
        ("fAlse", false),
    ] {
        accepts(&Datastream::boolean(), text, Value::Boolean(expected));
        for index in 0..=text.len() {
            for byte in 0..0x80 {
                let mut other = format!("{text}&").into_bytes();
                let same = other[index].eq_ignore_ascii_case(&byte)
                    || matches!((text.len(), index, byte), (1, 0, b'0' | b'1'));
                other[index] = byte;
                let other = String::from_utf8(other).unwrap();
                let read = value(&format!("v1={other}"), &Datastream::boolean());
                assert_eq!(read.is_some(), same, "{other}");
            }
        }
        declines(&Datastream::boolean(), &[&format!("{text}s")]);
    }
    declines(&Datastream::boolean(), &["", "2", "01", "1.0", "%31"]);
}

#[test]
fn texts_of_any_length_take_the_fast_path() {
    let letters: String = ('a'..='z').cycle().take(200).collect();
    for length in 0..letters.len() {
        let text = &letters[..length];
        let up_to_length = Datastream::string_up_to(length);
        accepts(&up_to_length, text, Value::String(Text::plain(text)));
        declines(&up_to_length, &[&format!("{text}y"), &format!("{text}+")]);
        for (escaped, plain) in [("%20+", "  "), ("!", "!"), ("%C3%A9", "é"), ("é", "é")] {
            let query = format!("v1={text}{escaped}{text}");
            let decoded = format!("{text}{plain}{text}");
            let max_len = Datastream::string_up_to(decoded.len());
            let Some(((Value::String(read), None), end)) = value(&query, &max_len) else {
                panic!("{query} is declined");
            };
            assert_eq!((read, end), (Text::plain(&decoded), query.len()));
            declines(
                &Datastream::string_up_to(decoded.len() - 1),
                &[&query[AT..]],
            );
        }
        declines(
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
fn both_forms_of_a_location_take_the_fast_path() {
    let value = Value::Location {
        longitude: -0.1276,
        latitude: 51.5072,
    };
    let location = Datastream::location();
    accepts(&location, "-0.1276,51.5072", value);
    accepts(&location, "-0.1276&V1=51.5072", value);
    declines(
        &location,
        &[
            "1", "1,", "1,2,3", "1&v2=2", "1&v1=2,3", "181,0", "0,91", "1 2",
        ],
    );
}

#[test]
fn a_declined_value_keeps_its_reason() {
    for reason in Reason::ALL {
        assert_eq!(Declined::from(*reason).reason(), Some(*reason));
    }
    assert_eq!(Declined::UNDECIDED.reason(), None);
}

#[test]
fn texts_are_rejected_by_the_fast_path() {
    for (text, reason) in [
        ("abcde", Reason::TooLong),
        (&*"a".repeat(33), Reason::TooLong),
        ("a%zz", Reason::MalformedEscape),
        ("%FF%zz", Reason::MalformedEscape),
        ("%C3", Reason::InvalidUtf8),
        ("%C3&v2=%zz", Reason::InvalidUtf8),
        ("a%00", Reason::Nul),
    ] {
        let query = format!("v1={text}").into_bytes();
        let declined = parse_fast(&query, &Datastream::string_up_to(4), &mut Updates::new());
        assert_eq!(
            declined.map_err(Declined::reason),
            Err(Some(reason)),
            "{text}"
        );
    }
}

#[test]
fn a_full_buffer_rejects_the_update() {
    for (datastream, text) in [
        (unclamped_integer(), "1"),
        (Datastream::double(..).unwrap(), "1"),
        (Datastream::string(), "a"),
        (Datastream::enumerable([1]).unwrap(), "1"),
        (Datastream::boolean(), "1"),
        (Datastream::location(), "1,2"),
    ] {
        let query = format!("v1={text}").into_bytes();
        let mut updates = Updates::new();
        let mut is_pushed = || parse_fast(&query, &datastream, &mut updates).is_ok();
        let pushed: Vec<_> = (0..9).map(|_| is_pushed()).collect();
        assert_eq!(
            pushed,
            [true, true, true, true, true, true, true, true, false]
        );
        updates.grow(1000);
        assert!(parse_fast(&query, &datastream, &mut updates).is_ok());
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
    let text = Encoded::new(&query[AT..], AT).decode().unwrap();
    assert_eq!(text, "é\u{1f321}");
    assert_eq!(text.as_str(), None);
}
