//! Every kind, reason, type and adjustment of the library has a number of its own that never
//! changes, a name, and a constant in the header. The face's own `match`es have wildcards, which
//! keep silent about a new one.

use std::ffi::{CStr, c_char};

use pinquery::{Adjustment, Datastream, ErrorKind, Reason, Template, Update};

use crate::update::pinquery_update;
use crate::{error, pinquery_kind_name, pinquery_reason_name};

// By number. These lists only ever grow, at their ends.
const KINDS: &[&str] = &[
    "accepted",
    "missing_token",
    "invalid_token",
    "unknown_token",
    "duplicate_token",
    "invalid_pin",
    "unknown_pin",
    "duplicate_pin",
    "invalid_value",
    "no_pins",
];
const REASONS: &[&str] = &[
    "no_reason",
    "too_long",
    "malformed_escape",
    "invalid_utf8",
    "nul",
    "not_an_integer",
    "not_a_double",
    "not_a_boolean",
    "not_a_value",
    "out_of_range",
    "no_latitude",
];
const ADJUSTMENTS: &[(&str, &str)] = &[
    ("", "as_sent"),
    ("min", "raised_to_min"),
    ("max", "lowered_to_max"),
    ("fallback", "replaced_by_fallback"),
];
// From 1 on, each with the rest of its datastream in JSON, and a value.
const TYPES: &[(&str, &str, &str)] = &[
    ("integer", "", "1"),
    ("double", "", "1.5"),
    ("string", "", "a+b"),
    ("enumerable", r#","values":[1]"#, "1"),
    ("boolean", "", "1"),
    ("location", "", "8.5,47.25"),
];

/// The number that the header defines for a constant.
#[track_caller]
fn defined(name: &str) -> usize {
    let line = format!("#define PINQUERY_{} ", name.to_uppercase());
    let header = include_str!("../include/pinquery.h");
    let number = header.lines().find_map(|text| text.strip_prefix(&line));
    let number = number.unwrap_or_else(|| panic!("the header has no {line}"));
    number.parse().expect("a number")
}

#[track_caller]
fn position(names: &[&str], name: &str) -> usize {
    let position = names.iter().position(|&listed| listed == name);
    position.unwrap_or_else(|| panic!("{name} has no number"))
}

fn text(name: *const c_char) -> &'static str {
    // SAFETY: names live for ever, with a NUL behind them.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap()
}

#[test]
fn every_kind_has_a_number() {
    for kind in ErrorKind::ALL {
        let number = error::kind(*kind);
        assert_eq!(
            usize::from(number),
            position(KINDS, kind.name()),
            "{kind:?}"
        );
    }
    for (number, name) in (0..).zip(KINDS) {
        assert_eq!(text(pinquery_kind_name(number)), *name);
        assert_eq!(defined(name), usize::from(number), "{name}");
    }
}

#[test]
fn every_reason_has_a_number() {
    for reason in Reason::ALL {
        let number = error::reason(*reason);
        assert_eq!(
            usize::from(number),
            position(REASONS, reason.name()),
            "{reason:?}"
        );
    }
    for (number, name) in (0..).zip(REASONS) {
        let expected = if number == 0 { "" } else { name };
        assert_eq!(text(pinquery_reason_name(number)), expected);
        assert_eq!(defined(name), usize::from(number), "{name}");
    }
}

#[test]
fn every_adjustment_has_a_number() {
    let names: Vec<&str> = ADJUSTMENTS.iter().map(|(name, _)| *name).collect();
    for adjusted in Adjustment::ALL.iter().copied().map(Some).chain([None]) {
        let number = there_and_back(TYPES[0], adjusted).adjusted;
        let name = adjusted.map_or("", Adjustment::name);
        assert_eq!(usize::from(number), position(&names, name), "{name}");
    }
    for (number, (_, constant)) in ADJUSTMENTS.iter().enumerate() {
        assert_eq!(defined(constant), number, "{constant}");
    }
}

#[test]
fn every_type_has_a_number() {
    let names: Vec<&str> = TYPES.iter().map(|(name, ..)| *name).collect();
    for name in Datastream::TYPES {
        position(&names, name);
    }
    for (number, listed) in (1..).zip(TYPES) {
        let (name, ..) = *listed;
        assert_eq!(there_and_back(*listed, None).r#type, number, "{name}");
        assert_eq!(defined(name), usize::from(number), "{name}");
    }
}

/// An update as the face writes it, which reads as it was.
fn there_and_back(listed: (&str, &str, &str), adjusted: Option<Adjustment>) -> pinquery_update {
    let (name, rest, value) = listed;
    let json = format!(r#"{{"v1":{{"type":"{name}"{rest}}}}}"#);
    let template: Template = serde_json::from_str(&json).unwrap();
    let query = format!("token=t&v1={value}");
    let updates = pinquery::parse(&query, |_| Some(&template)).unwrap();
    let update = Update {
        adjusted,
        ..updates[0]
    };
    let written = pinquery_update::new(&update);
    // SAFETY: the query is there still.
    let read = unsafe { written.read() };
    assert_eq!(read, Some(update.into_owned()), "{name}");
    written
}
