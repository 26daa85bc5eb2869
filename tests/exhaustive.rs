//! Tests all inputs of a kind: pins, short names, escapes, pairs of bytes, bytes at each position.
//!
//! Slow tests are ignored; `cargo test --release --test exhaustive -- --ignored` runs them.
#![allow(missing_docs)]

use std::ops::Range;

use pinquery::{BatchUpdate, ErrorKind, Value, VirtualPin};
use pinquery_test_support::Device;
use pinquery_test_support::encoding::other_cases;
use pinquery_test_support::plain::Outcome;

/// Parses `token=t&` followed by the given parts, with the library and with the reference.
struct Checker(Device);

impl Checker {
    fn new(template: &str) -> Self {
        Self(Device::read(template))
    }

    #[track_caller]
    fn outcome(&self, parts: &[&[u8]]) -> Outcome {
        self.0.outcome(&[b"token=t&", &parts.concat()[..]].concat())
    }

    /// Checks that library and reference agree, whatever the outcome.
    #[track_caller]
    fn agrees(&self, parts: &[&[u8]]) {
        let _ = self.outcome(parts);
    }

    /// Checks that the query is accepted with these values.
    #[track_caller]
    fn accepts(&self, parts: &[&[u8]], expected: &[(u8, Value)]) {
        let updates = self.outcome(parts).expect("the query is accepted");
        let found = updates
            .0
            .into_iter()
            .map(|update| (update.pin.0, update.value));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{parts:?}");
    }

    /// Checks that the query is rejected with this kind and span.
    #[track_caller]
    fn rejects(&self, parts: &[&[u8]], kind: &str, span: Range<usize>) {
        let rejection = self.outcome(parts).expect_err("the query is rejected");
        assert_eq!((rejection.kind, rejection.span), (kind, span), "{parts:?}");
    }
}

/// Without datastreams for pins above 199, so that a valid name may be accepted or rejected.
const MOST_PINS: &str = "v0-v199:integer(0,100)";

#[test]
fn the_name_of_the_token_is_case_sensitive() {
    let checker = Checker::new(MOST_PINS);
    for name in other_cases("token") {
        checker.rejects(&[name.as_bytes(), b"=t"], "invalid_pin", 8..13);
        let error = BatchUpdate::parse(&format!("{name}=t&v1=1")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingToken, "{name}");
    }
}

#[test]
fn every_pin_has_exactly_two_names() {
    let checker = Checker::new("v0-v255:integer(0,100)");
    for pin in 0..=255_u8 {
        for name in [format!("v{pin}"), format!("V{pin}")] {
            assert_eq!(name.parse(), Ok(VirtualPin(pin)));
            checker.accepts(&[name.as_bytes(), b"=33"], &[(pin, Value::Integer(33))]);
        }
        for name in [
            format!("v0{pin}"),
            format!("v{pin} "),
            format!("d{pin}"),
            format!("v+{pin}"),
        ] {
            assert!(name.parse::<VirtualPin>().is_err(), "{name}");
            checker.rejects(&[name.as_bytes(), b"=33"], "invalid_pin", 8..8 + name.len());
        }
    }
    for number in 256..=100_000 {
        let name = format!("v{number}");
        assert!(name.parse::<VirtualPin>().is_err(), "{name}");
    }
}

#[test]
fn names_of_up_to_three_bytes_agree_with_the_reference() {
    let checker = Checker::new(MOST_PINS);
    checker.agrees(&[b"v=1"]);
    for first in 0..=255 {
        checker.agrees(&[b"v", &[first], b"=1"]);
        for second in 0..=255 {
            checker.agrees(&[b"v", &[first, second], b"=1"]);
        }
    }
}

/// Bytes with a special meaning, their neighbours, and a few others.
const ALPHABET: &[u8] = b"0123456789/:&=%+ ,-.'<>;vVwUtaAfFgG\0\t\n\x7F\x80\x8A\xB0\xB9\xC3\xFF";

#[test]
fn names_of_four_bytes_from_an_alphabet_agree_with_the_reference() {
    let checker = Checker::new(MOST_PINS);
    for &first in ALPHABET {
        for &second in ALPHABET {
            for &third in ALPHABET {
                checker.agrees(&[b"V", &[first, second, third], b"=1"]);
            }
        }
    }
}

#[test]
#[ignore = "slow: 16 million names"]
fn all_names_of_four_bytes_agree_with_the_reference() {
    let checker = Checker::new(MOST_PINS);
    for first in 0..=255 {
        for second in 0..=255 {
            for third in 0..=255 {
                checker.agrees(&[b"v", &[first, second, third], b"=1"]);
            }
        }
    }
}

/// Calls `check` with `%` and every two bytes, and with the byte that a valid escape encodes.
fn every_escape(mut check: impl FnMut([u8; 3], Option<u8>)) {
    for first in 0..=255 {
        for second in 0..=255 {
            let digits = [first, second];
            let is_escape = digits.iter().all(u8::is_ascii_hexdigit);
            let byte = std::str::from_utf8(&digits)
                .ok()
                .filter(|_| is_escape)
                .and_then(|digits| u8::from_str_radix(digits, 16).ok());
            check([b'%', first, second], byte);
        }
    }
}

/// Returns whether the two bytes would end the name or the segment.
fn splits(escape: [u8; 3]) -> bool {
    escape.contains(&b'&') || escape.contains(&b'=')
}

#[test]
fn every_escape_in_a_string_is_decoded_or_rejected() {
    let checker = Checker::new("v1:string v2:integer");
    every_escape(|escape, byte| {
        let parts = [b"v1=a", &escape[..], b"b&v2=1"];
        match byte {
            Some(byte @ 1..=0x7F) => {
                let text = format!("a{}b", char::from(byte));
                checker.accepts(&parts, &[(1, Value::String(text)), (2, Value::Integer(1))]);
            }
            _ => {
                let rejection = checker.outcome(&parts).expect_err("not a character");
                let start = rejection.span.start;
                assert_eq!((rejection.kind, start), ("invalid_value", 11), "{escape:?}");
            }
        }
    });
}

/// One string may have the decoded length of a valid text, the other one byte less.
#[test]
fn pairs_of_bytes_that_are_not_ascii_agree_with_the_reference() {
    let checker = Checker::new("v1:string(7) v2:string(6)");
    for first in 0xBF..=0xF5 {
        for second in 0x7E..=0xC1 {
            let [high, low] = [first, second].map(|byte| format!("%{byte:02X}").into_bytes());
            for pair in [
                [&[first][..], &[second]],
                [&[first], &low],
                [&high, &[second]],
                [&high, &low],
            ] {
                // Without any escape, `core` would validate the text.
                for before in ["+++++", "+\u{e9}\u{e9}", "+%C3%A9%C3%A9"] {
                    for name in ["v1=", "v2="] {
                        checker.agrees(&[name.as_bytes(), before.as_bytes(), pair[0], pair[1]]);
                    }
                }
            }
        }
    }
}

#[test]
fn every_escape_in_a_name_is_decoded_or_rejected() {
    let checker = Checker::new("v0-v255:integer");
    every_escape(|escape, byte| {
        let letter = [&escape[..], b"1=1"];
        let digit = [b"v1", &escape[..], b"=1"];
        if splits(escape) {
            checker.agrees(&letter);
            checker.agrees(&digit);
            return;
        }
        match byte {
            Some(b'v' | b'V') => checker.accepts(&letter, &[(1, Value::Integer(1))]),
            _ => checker.rejects(&letter, "invalid_pin", 8..12),
        }
        match byte {
            Some(byte @ b'0'..=b'9') => {
                checker.accepts(&digit, &[(10 + byte - b'0', Value::Integer(1))]);
            }
            _ => checker.rejects(&digit, "invalid_pin", 8..13),
        }
    });
}

#[test]
fn every_byte_at_every_offset_of_a_query_agrees_with_the_reference() {
    let checker = Checker::new("v1:integer(0,50) v2:double v3:string(3) v4:location v6:boolean");
    for query in [
        &b"v1=33&v2=4.5"[..],
        b"v3=abc&v6=1&v4=1.5,2",
        b"v4=1&v4=2&v3=%41",
        b"token=x",
    ] {
        for at in 0..query.len() {
            for byte in 0..=255 {
                checker.agrees(&[&query[..at], &[byte], &query[at + 1..]]);
                checker.agrees(&[&query[..at], &[byte], &query[at..]]);
            }
        }
    }
}

#[test]
fn every_byte_at_every_offset_of_a_token_agrees_with_the_reference() {
    let device = Device::read("v1:integer");
    for length in [31, 32, 33] {
        for at in 0..length {
            for byte in 0..=255 {
                let mut token = vec![b'a'; length];
                token[at] = byte;
                device.agree(&[b"token=", &token[..], b"&v1=1"].concat());
            }
        }
    }
}

#[test]
fn blanks_around_a_value_are_ignored() {
    let types = "v1:integer v2:double v3:enumerable(-5,5) v4:location v6:boolean";
    let checker = Checker::new(types);
    for value in ["v1=-5", "v2=-5.25", "v3=-5", "v4=-5.25,5", "v6=falsE"] {
        let expected = checker.outcome(&[value.as_bytes()]);
        let (name, value) = value.split_once('=').unwrap();
        for count in 0..300 {
            for blank in ["+", "%20", "%0d", "\t"] {
                let blanks = blank.repeat(count);
                let before = format!("{name}={blanks}{value}");
                let after = format!("{name}={value}{blanks}");
                assert_eq!(checker.outcome(&[before.as_bytes()]), expected, "{before}");
                assert_eq!(checker.outcome(&[after.as_bytes()]), expected, "{after}");
            }
        }
    }
}
