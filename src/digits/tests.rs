//! What is plain and short is read here, up to the byte behind it: giving it up is not wrong, only
//! slow, and so is seen here alone.

use std::borrow::ToOwned;
use std::format;

use super::*;
use crate::scan::Window;

/// The view of a number with what is behind it, and where the number begins.
fn view<T>(text: &str, read: impl FnOnce(View<'_>, usize) -> T) -> T {
    let query = format!("v1={text:&<40}");
    let end = crate::scan::End::EMPTY;
    let window = Window {
        query: query.as_bytes(),
        end: &end,
    };
    read(window.view(0).expect("a view"), 3)
}

fn read_integer(text: &str) -> Option<(i64, usize)> {
    match view(text, integer)? {
        (Integer::Exact(integer), end) => Some((integer, end - 3)),
        _ => None,
    }
}

fn read_double(text: &str) -> Option<(f64, usize, u8)> {
    let (double, stop) = view(text, double)?;
    Some((double, stop.place - 3, stop.byte))
}

/// The first eight bytes, of separators where there are fewer.
fn word(text: impl AsRef<[u8]>) -> u64 {
    let mut bytes = text.as_ref().to_vec();
    bytes.resize(bytes.len().max(8), SEPARATOR);
    u64::from_le_bytes(*bytes.first_chunk().expect("eight bytes"))
}

#[test]
fn every_byte_that_is_no_digit_stops_a_number() {
    for byte in (0..=0xFF).filter(|byte: &u8| !byte.is_ascii_digit()) {
        for place in 0..8 {
            let mut text = *b"12345678";
            text[place] = byte;
            let found = short_integer(word(text));
            let digits = core::str::from_utf8(&text[..place]).unwrap();
            let expected = digits.parse().ok().map(|digits| (digits, place));
            assert_eq!(found, expected.filter(|_| byte == SEPARATOR), "{byte:#x}");
            let decimal = Decimal::read_word(word(text), 0);
            match decimal {
                // A point, and digits to the end.
                None => assert!(place == 0 || byte == b'.'),
                Some(decimal) => {
                    assert_eq!((decimal.stop.place, decimal.stop.byte), (place, byte))
                }
            }
        }
    }
}

#[test]
fn seven_digits_are_read_without_a_loop() {
    let digits = "9028417";
    for length in 1..=digits.len() {
        let text = &digits[..length];
        assert_eq!(
            short_integer(word(text)),
            Some((text.parse().unwrap(), length))
        );
        for behind in ["x", ".", "=", "%", " ", "/", ":", "\u{ff}"] {
            assert_eq!(short_integer(word(format!("{text}{behind}"))), None);
        }
    }
    for text in ["", "-1", "12345678", "x"] {
        assert_eq!(short_integer(word(text)), None, "{text}");
    }
}

#[test]
fn seven_characters_of_a_decimal_are_read_without_a_loop() {
    let digits = "9028417";
    for length in 1..=digits.len() {
        for point in 0..=length + 1 {
            let mut text = digits[..length].to_owned();
            if point <= length {
                text.insert(point, '.');
            }
            if text.len() > 7 {
                continue;
            }
            for behind in ["", ",", "x", "%", " ", "/", ":", "e"] {
                let all = format!("{text}{behind}");
                let decimal = Decimal::read_word(word(&all), 3).expect(&all);
                let stop = behind.bytes().next().unwrap_or(SEPARATOR);
                assert_eq!(decimal.quotient(), text.parse().ok(), "{all}");
                assert_eq!(decimal.digits, text.replace('.', "").parse().unwrap());
                assert_eq!(decimal.has_point, text.contains('.'));
                assert_eq!(
                    (decimal.stop.place, decimal.stop.byte),
                    (3 + text.len(), stop)
                );
            }
        }
    }
    for text in ["", ".", "-1", "12345678", "1234567.", "x", ".x"] {
        assert!(Decimal::read_word(word(text), 3).is_none(), "{text}");
    }
}

/// As many as an integer can have.
const DIGITS: &str = "1234567890123456789";

#[test]
fn every_plain_integer_is_read_here() {
    for length in 1..=DIGITS.len() {
        for sign in ["", "-"] {
            let text = format!("{sign}{}", &DIGITS[..length]);
            let expected = (text.parse().unwrap(), text.len());
            assert_eq!(read_integer(&text), Some(expected), "{text}");
            assert_eq!(read_integer(&format!("{text}.")), None);
            assert_eq!(read_integer(&format!("{text}x")), None);
        }
    }
    assert_eq!(read_integer("0000000000000000000007"), Some((7, 22)));
    let max = "9223372036854775807";
    assert_eq!(read_integer(max), Some((i64::MAX, 19)));
    for text in [
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "--1",
        "1.5",
        "9223372036854775808",
    ] {
        assert_eq!(read_integer(text), None, "{text}");
    }
    assert_eq!(read_integer("18446744073709551616"), None);
}

#[test]
fn every_plain_double_is_read_here() {
    for length in 1..=DIGITS.len() {
        for point in 0..=length + 1 {
            for sign in ["", "-"] {
                let (mut text, behind) = (DIGITS[..length].to_owned(), b"&,x."[length % 4]);
                if point <= length {
                    text.insert(point, '.');
                } else if behind == b'.' {
                    continue;
                }
                let text = format!("{sign}{text}");
                let expected = (text.parse().unwrap(), text.len(), behind);
                let with_more = format!("{text}{}", char::from(behind));
                assert_eq!(read_double(&with_more), Some(expected), "{with_more}");
            }
        }
    }
    for text in ["9007199254740992", "9007199254740993", "9007199254740993.5"] {
        let expected = (text.parse().unwrap(), text.len(), b'&');
        assert_eq!(read_double(text), Some(expected), "{text}");
    }
    for text in ["0.0040000000000000036", "0.0000000000000000000001"] {
        let expected = (text.parse().unwrap(), text.len(), b'&');
        assert_eq!(read_double(text), Some(expected), "{text}");
    }
    for text in ["", ".", "-", "-.", "+1", " 1", "e5", "18446744073709551616"] {
        assert_eq!(read_double(text), None, "{text}");
    }
}
