//! Everything there is, where it can be counted: pins, short names, escapes.
//!
//! What takes minutes is ignored; `cargo test --release --test exhaustive -- --ignored` runs it.
#![allow(missing_docs)]

use pinquery_test_support::Device;
use pinquery_test_support::plain::show;

/// Judges `token=t&` and these parts.
struct Judge(Device);

impl Judge {
    fn new(template: &str) -> Self {
        Self(Device::read(template))
    }

    fn parse(&self, parts: &[&[u8]]) -> String {
        let query = [b"token=t&", &parts.concat()[..]].concat();
        show(&self.0.outcome(&query))
    }
}

/// Pins above 199 have no datastream, so that both answers to a good name are met.
const MOST_PINS: &str = "v0-v199:integer(0,100)";

#[test]
fn every_pin_has_two_names_and_no_third() {
    let judge = Judge::new("v0-v255:integer(0,100)");
    for pin in 0..=255_u8 {
        for name in [format!("v{pin}"), format!("V{pin}")] {
            assert_eq!(name.parse(), Ok(pinquery::VirtualPin(pin)));
            let outcome = judge.parse(&[name.as_bytes(), b"=33"]);
            assert_eq!(outcome, format!("ok v{pin}=33"));
        }
        for name in [
            format!("v0{pin}"),
            format!("v{pin} "),
            format!("d{pin}"),
            format!("v+{pin}"),
        ] {
            assert!(name.parse::<pinquery::VirtualPin>().is_err(), "{name}");
            let outcome = judge.parse(&[name.as_bytes(), b"=33"]);
            assert_eq!(outcome, format!("invalid_pin 8..{}", 8 + name.len()));
        }
    }
    for number in 256..=100_000 {
        let name = format!("v{number}");
        assert!(name.parse::<pinquery::VirtualPin>().is_err(), "{name}");
    }
}

#[test]
fn every_name_of_up_to_three_bytes_that_begins_as_a_pin_agrees() {
    let judge = Judge::new(MOST_PINS);
    judge.parse(&[b"v=1"]);
    for first in 0..=255 {
        judge.parse(&[b"v", &[first], b"=1"]);
        for second in 0..=255 {
            judge.parse(&[b"v", &[first, second], b"=1"]);
        }
    }
}

/// The bytes next to those that mean something, and a few that mean nothing.
const ALPHABET: &[u8] = b"0123456789/:&=%+ ,-.'<>;vVwUtaAfFgG\0\t\n\x7F\x80\x8A\xB0\xB9\xC3\xFF";

#[test]
fn names_of_four_bytes_from_an_alphabet_agree() {
    let judge = Judge::new(MOST_PINS);
    for &first in ALPHABET {
        for &second in ALPHABET {
            for &third in ALPHABET {
                judge.parse(&[b"V", &[first, second, third], b"=1"]);
            }
        }
    }
}

#[test]
#[ignore = "sixteen million names: with --release"]
fn every_name_of_four_bytes_that_begins_as_a_pin_agrees() {
    let judge = Judge::new(MOST_PINS);
    for first in 0..=255 {
        for second in 0..=255 {
            for third in 0..=255 {
                judge.parse(&[b"v", &[first, second, third], b"=1"]);
            }
        }
    }
}

/// Every `%` and two bytes behind it.
fn every_escape(mut each: impl FnMut([u8; 3], Option<u8>)) {
    for first in 0..=255 {
        for second in 0..=255 {
            let digits = [first, second];
            let is_escape = digits.iter().all(u8::is_ascii_hexdigit);
            let byte = std::str::from_utf8(&digits)
                .ok()
                .filter(|_| is_escape)
                .and_then(|digits| u8::from_str_radix(digits, 16).ok());
            each([b'%', first, second], byte);
        }
    }
}

/// Whether the two bytes would end a name or a segment.
fn splits(escape: [u8; 3]) -> bool {
    escape.contains(&b'&') || escape.contains(&b'=')
}

#[test]
fn every_escape_in_a_string_is_the_byte_or_refused() {
    let judge = Judge::new("v1:string v2:integer");
    every_escape(|escape, byte| {
        let outcome = judge.parse(&[b"v1=a", &escape, b"b&v2=1"]);
        match byte {
            Some(byte @ 1..=0x7F) => {
                let text = format!("a{}b", char::from(byte));
                assert_eq!(outcome, format!("ok v1={text:?}, v2=1"));
            }
            _ => assert!(
                outcome.starts_with("invalid_value 11.."),
                "{escape:?}: {outcome}"
            ),
        }
    });
}

#[test]
fn every_escape_in_a_name_is_the_byte_or_refused() {
    let judge = Judge::new("v0-v255:integer");
    every_escape(|escape, byte| {
        let letter = judge.parse(&[&escape, b"1=1"]);
        let digit = judge.parse(&[b"v1", &escape, b"=1"]);
        if splits(escape) {
            return;
        }
        match byte {
            Some(b'v' | b'V') => assert_eq!(letter, "ok v1=1"),
            _ => assert_eq!(letter, "invalid_pin 8..12", "{escape:?}"),
        }
        match byte {
            Some(byte @ b'0'..=b'9') => {
                assert_eq!(digit, format!("ok v1{}=1", char::from(byte)));
            }
            _ => assert_eq!(digit, "invalid_pin 8..13", "{escape:?}"),
        }
    });
}

#[test]
fn every_byte_in_every_place_of_a_small_query_agrees() {
    let judge = Judge::new("v1:integer(0,50) v2:double v3:string(3) v4:location v6:boolean");
    for query in [
        &b"v1=33&v2=4.5"[..],
        b"v3=abc&v6=1&v4=1.5,2",
        b"v4=1&v4=2&v3=%41",
        b"token=x",
    ] {
        for at in 0..query.len() {
            for byte in 0..=255 {
                judge.parse(&[&query[..at], &[byte], &query[at + 1..]]);
                judge.parse(&[&query[..at], &[byte], &query[at..]]);
            }
        }
    }
}

#[test]
fn every_byte_in_every_place_of_a_token_agrees() {
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
fn any_number_of_blanks_around_a_value_changes_nothing() {
    let types = "v1:integer v2:double v3:enumerable(-5,5) v4:location v6:boolean";
    let judge = Judge::new(types);
    for value in ["v1=-5", "v2=-5.25", "v3=-5", "v4=-5.25,5", "v6=falsE"] {
        let plain = judge.parse(&[value.as_bytes()]);
        let (name, value) = value.split_once('=').unwrap();
        for count in 0..300 {
            for blank in ["+", "%20", "%0d", "\t"] {
                let blanks = blank.repeat(count);
                let before = format!("{name}={blanks}{value}");
                let behind = format!("{name}={value}{blanks}");
                assert_eq!(judge.parse(&[before.as_bytes()]), plain, "{before}");
                assert_eq!(judge.parse(&[behind.as_bytes()]), plain, "{behind}");
            }
        }
    }
}
