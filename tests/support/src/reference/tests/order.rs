//! Sections 1 to 3: splitting, decoding, names, the order of checks and response bodies.

use super::{accepts, parsed, rejects, template};
use crate::plain::{Adjustment, Value};
use crate::reference::{DecodeError, Segment, body, decode, parse, split};

fn on(pin: u8) -> (u8, Value, Option<Adjustment>) {
    (pin, Value::Boolean(true), None)
}

#[test]
fn blynks_example_is_accepted() {
    accepts(
        "token=bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg&v1=33&v2=44",
        &[
            (1, Value::Integer(33), None),
            (2, Value::Double(44.0), None),
        ],
    );
}

#[test]
fn only_ampersands_separate_segments_and_the_first_equals_sign_splits_them() {
    let segments = split(b"&&token=a=b&v1&=&v3=;#?=&");
    let expected = [
        (2..7, 8..11),
        (12..14, 14..14),
        (15..15, 16..16),
        (17..19, 20..24),
    ];
    let expected = expected.map(|(name, value)| Segment { name, value });
    assert_eq!(segments, expected);
    assert_eq!(split(b""), []);
    assert_eq!(split(b"&&&"), []);
}

#[test]
fn decoding_is_strict_and_not_repeated() {
    assert_eq!(decode(b""), Ok(String::new()));
    assert_eq!(decode(b"a+b%20c"), Ok("a b c".to_owned()));
    assert_eq!(decode(b"%2541%2b%2B"), Ok("%41++".to_owned()));
    assert_eq!(decode(b"%e2%82%AC"), Ok("€".to_owned()));
    assert_eq!(decode("€".as_bytes()), Ok("€".to_owned()));
    for malformed in ["%", "%4", "%zz", "%4z", "%z4", "%+5", "%-1", "a%", "%%41"] {
        let error = Err(DecodeError::MalformedEscape);
        assert_eq!(decode(malformed.as_bytes()), error, "{malformed}");
    }
    for not_utf8 in [&b"%FF"[..], b"%C0%80", b"\xFF", b"%E2%82", b"%ED%A0%80"] {
        assert_eq!(decode(not_utf8), Err(DecodeError::InvalidUtf8));
    }
}

#[test]
fn a_malformed_escape_takes_precedence_over_invalid_utf8() {
    assert_eq!(decode(b"%FF%zz"), Err(DecodeError::MalformedEscape));
}

#[test]
fn names_are_decoded_first() {
    accepts("%74oken=t&%76%36=1", &[on(6)]);
    accepts("token=t&v6=1&V255=1", &[on(6), on(255)]);
}

#[test]
fn any_other_name_is_rejected() {
    for name in [
        "",
        "v",
        "V",
        "v06",
        "v00",
        "v+6",
        "v-6",
        "v%2B6",
        "v256",
        "v1000000",
        "v6+",
        "+v6",
        "v6[]",
        "w6",
        "6",
        "vv6",
        "v6.0",
        "Token",
        "+token",
        "token+",
        "pin",
        "dataStreamId",
        "%zz",
        "%FF",
        "v%zz",
        "v٦",
    ] {
        rejects(format!("token=t&{name}=1"), "invalid_pin", 8, name);
    }
    rejects(b"token=t&v\xFF=1", "invalid_pin", 8, b"v\xFF");
}

#[test]
fn a_missing_token_is_reported_at_the_end() {
    rejects("", "missing_token", 0, "");
    rejects("v1=x&w&", "missing_token", 7, "");
    rejects("Token=t&v6=1", "missing_token", 12, "");
}

#[test]
fn tokens_are_visible_ascii() {
    accepts("token=!%7E%26%3d%25&v6=1", &[on(6)]);
    accepts("token=a=b&v6=1", &[on(6)]);
    for value in [
        "", "+", "a+b", "a%00", "a%0D%0A", "%7F", "%zz", "%", "%FF", "%C3%A9", "é",
    ] {
        rejects(format!("token={value}&v6=1"), "invalid_token", 6, value);
    }
    rejects("v6=1&token&v5=x", "invalid_token", 10, "");
}

#[test]
fn lookup_is_called_once_and_only_for_a_valid_token() {
    let template = template();
    let mut lookups = Vec::new();
    let updates = parse(b"v6=1&token=%74", |token| {
        lookups.push(token.to_owned());
        Some(&template)
    });
    assert!(updates.is_ok());
    assert_eq!(lookups, ["t"]);
    for query in ["v6=1", "token=&v6=1", "token=%00&token=t&v6=1"] {
        assert!(parse(query.as_bytes(), |_| panic!("a lookup")).is_err());
    }
}

#[test]
fn the_first_token_is_checked_before_all_pins() {
    rejects("w=1&v1=x&token=%zz", "invalid_token", 15, "%zz");
    rejects("w=1&v1=x&token=unknown", "unknown_token", 15, "unknown");
    rejects("token=unknown&token=t", "unknown_token", 6, "unknown");
    rejects("token=unknown", "unknown_token", 6, "unknown");
}

#[test]
fn a_second_token_is_rejected_in_query_order() {
    rejects("token=t&v6=1&token=t", "duplicate_token", 13, "token");
    rejects("token=t&tok%65n=%zz&v6=1", "duplicate_token", 8, "tok%65n");
    rejects("token=t&v6=x&token=t", "invalid_value", 11, "x");
}

#[test]
fn the_first_failure_is_reported() {
    rejects("token=t&v6=x&w=1", "invalid_value", 11, "x");
    rejects("w=1&token=t&v6=x", "invalid_pin", 0, "w");
    rejects("token=t&v77=%zz&w=1", "unknown_pin", 8, "v77");
    rejects("token=t&v6=1&V6=x", "duplicate_pin", 13, "V6");
    rejects("token=t&v6=1&%766=1", "duplicate_pin", 13, "%766");
}

#[test]
fn missing_pins_are_reported_at_the_end() {
    rejects("token=t", "no_pins", 7, "");
    rejects("&token=t&&", "no_pins", 10, "");
}

#[test]
fn empty_segments_are_skipped() {
    accepts("&&token=t&&v6=1&", &[on(6)]);
}

#[test]
fn updates_are_in_query_order() {
    accepts("v255=1&token=t&v6=1", &[on(255), on(6)]);
}

#[test]
fn arbitrary_bytes_do_not_panic() {
    for first in 0..=255 {
        for second in 0..=255 {
            assert!(parsed(&[first, second]).is_err());
            let in_a_value = [b"token=t&v3=", &[first, second][..]].concat();
            let _ = parsed(&in_a_value);
        }
    }
}

#[test]
fn bodies_match_blynks() {
    for (kinds, expected) in [
        (
            &[
                "missing_token",
                "invalid_token",
                "unknown_token",
                "duplicate_token",
            ][..],
            r#"{"error":{"message":"Invalid token."}}"#,
        ),
        (
            &["invalid_pin", "duplicate_pin", "no_pins"],
            r#"{"error":{"message":"Wrong pin format."}}"#,
        ),
        (
            &["unknown_pin"],
            r#"{"error":{"message":"No datastream setup for that pin."}}"#,
        ),
        (
            &["invalid_value"],
            r#"{"error":{"message":"Value doesn't match the Datastream data type"}}"#,
        ),
    ] {
        for kind in kinds {
            assert_eq!(body(kind), expected, "{kind}");
        }
    }
}
