//! Every kind and adjustment of the library has a stable number, a name and a constant in the header.
//! `value` has the same tests for types and reasons. Without them, the wildcards in the conversions
//! would hide a new variant.

use std::ffi::{CStr, c_char};

use pinquery::{Adjustment, ErrorKind, Template, Update};

use crate::update::pinquery_update;
use crate::{error, pinquery_kind_name};

// Indexed by number. Append to these lists; never reorder them.
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
const ADJUSTMENTS: &[(&str, &str)] = &[
    ("", "as_sent"),
    ("min", "raised_to_min"),
    ("max", "lowered_to_max"),
    ("fallback", "replaced_by_fallback"),
];

/// Returns the number that the header defines for a constant.
#[track_caller]
pub(crate) fn defined(name: &str) -> usize {
    let line = format!("#define PINQUERY_{} ", name.to_uppercase());
    let header = include_str!("../include/pinquery.h");
    let number = header.lines().find_map(|text| text.strip_prefix(&line));
    let number = number.unwrap_or_else(|| panic!("missing in the header: {line}"));
    number.parse().expect("a number")
}

#[track_caller]
pub(crate) fn position(names: &[&str], name: &str) -> usize {
    let position = names.iter().position(|&listed| listed == name);
    position.unwrap_or_else(|| panic!("{name} is not listed"))
}

pub(crate) fn text(name: *const c_char) -> &'static str {
    // SAFETY: names are static and NUL-terminated.
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
fn every_adjustment_has_a_number() {
    let names: Vec<&str> = ADJUSTMENTS.iter().map(|(name, _)| *name).collect();
    for adjusted in Adjustment::ALL.iter().copied().map(Some).chain([None]) {
        let number = round_trip(("integer", "", "1"), adjusted).adjusted;
        let name = adjusted.map_or("", Adjustment::name);
        assert_eq!(usize::from(number), position(&names, name), "{name}");
    }
    for (number, (_, constant)) in ADJUSTMENTS.iter().enumerate() {
        assert_eq!(defined(constant), number, "{constant}");
    }
}

/// Converts an update to C, and asserts that it converts back to the same update.
pub(crate) fn round_trip(
    listed: (&str, &str, &str),
    adjusted: Option<Adjustment>,
) -> pinquery_update {
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
    // SAFETY: the query is still alive.
    let read = unsafe { written.read() };
    assert_eq!(read, Some(update.into_owned()), "{name}");
    written
}
