//! Errors: names, messages, statuses, bodies and descriptions, byte for byte.
#![allow(missing_docs)]

use std::ops::Bound;

use pinquery::{
    Adjustment, Datastream, DatastreamError, DecodeError, Error, ErrorKind, Reason, Template,
    Token, VirtualPin,
};
use pinquery_test_support::Device;

fn error(query: &str) -> Error {
    let template = Template::new().with(VirtualPin(1), Datastream::integer(0..=100).unwrap());
    pinquery::parse(query, |token| (token != "unknown").then_some(&template)).unwrap_err()
}

#[track_caller]
fn check(query: &str, kind: ErrorKind, name: &str, message: &str, span: std::ops::Range<usize>) {
    let error = error(query);
    assert_eq!(error.kind(), kind);
    assert_eq!(kind.name(), name);
    assert_eq!(error.message(), message);
    assert_eq!(kind.message(), message);
    assert_eq!(error.span(), span);
    assert_eq!((error.status(), kind.status()), (400, 400));
    let body = format!(r#"{{"error":{{"message":"{message}"}}}}"#);
    assert_eq!(error.body(), body);
    assert_eq!(kind.body(), body);
    let pin = error
        .pin()
        .map_or(String::new(), |pin| format!(" of {pin}"));
    let description = match error.reason() {
        Some(reason) => format!("{}, {reason}", reason.name()),
        None => kind.to_string(),
    };
    assert_eq!(
        error.to_string(),
        format!(
            "{name}{pin} at bytes {}..{}: {description}",
            span.start, span.end
        )
    );
}

const INVALID_TOKEN: &str = "Invalid token.";
const WRONG_PIN: &str = "Wrong pin format.";

#[test]
fn every_kind_has_its_name_message_and_span() {
    use ErrorKind as K;

    check(
        "v1=1",
        K::MissingToken,
        "missing_token",
        INVALID_TOKEN,
        4..4,
    );
    check(
        "token=&v1=1",
        K::InvalidToken,
        "invalid_token",
        INVALID_TOKEN,
        6..6,
    );
    check(
        "token=unknown",
        K::UnknownToken,
        "unknown_token",
        INVALID_TOKEN,
        6..13,
    );
    check(
        "token=t&token=t",
        K::DuplicateToken,
        "duplicate_token",
        INVALID_TOKEN,
        8..13,
    );
    check(
        "token=t&v01=1",
        K::InvalidPin,
        "invalid_pin",
        WRONG_PIN,
        8..11,
    );
    check(
        "token=t&v2=1",
        K::UnknownPin,
        "unknown_pin",
        "No datastream setup for that pin.",
        8..10,
    );
    check(
        "token=t&v1=1&V1=1",
        K::DuplicatePin,
        "duplicate_pin",
        WRONG_PIN,
        13..15,
    );
    check(
        "token=t&v1=1.5",
        K::InvalidValue,
        "invalid_value",
        "Value doesn't match the Datastream data type",
        11..14,
    );
    check("token=t", K::NoPins, "no_pins", WRONG_PIN, 7..7);
}

#[test]
fn bodies_match_blynks() {
    let body = |query| error(query).body();
    assert_eq!(body(""), "{\"error\":{\"message\":\"Invalid token.\"}}");
    assert_eq!(
        body("token=t&x=1"),
        "{\"error\":{\"message\":\"Wrong pin format.\"}}"
    );
    assert_eq!(
        body("token=t&v2=1"),
        "{\"error\":{\"message\":\"No datastream setup for that pin.\"}}"
    );
    assert_eq!(
        body("token=t&v1=x"),
        "{\"error\":{\"message\":\"Value doesn't match the Datastream data type\"}}"
    );
}

#[test]
fn every_kind_has_a_status() {
    for kind in ErrorKind::ALL {
        assert_eq!(kind.status(), 400, "{kind}");
    }
}

#[test]
fn every_kind_has_its_own_description() {
    let descriptions = [
        (ErrorKind::MissingToken, "query contains no `token`"),
        (
            ErrorKind::InvalidToken,
            "token is empty, malformed, or contains a byte outside 0x21..=0x7E",
        ),
        (ErrorKind::UnknownToken, "no device has this token"),
        (ErrorKind::DuplicateToken, "duplicate `token`"),
        (
            ErrorKind::InvalidPin,
            "name is neither `token` nor a virtual pin `v0` to `v255`",
        ),
        (
            ErrorKind::UnknownPin,
            "template has no datastream for this pin",
        ),
        (ErrorKind::DuplicatePin, "duplicate pin"),
        (
            ErrorKind::InvalidValue,
            "value does not fit the pin's datastream",
        ),
        (ErrorKind::NoPins, "query contains no pins"),
    ];
    for (kind, text) in descriptions {
        assert_eq!(kind.to_string(), text);
    }
}

const REASONS: &[(&str, &str, &str)] = &[
    ("v3=aaaaa", "too_long", "value is too long"),
    (
        "v3=%4",
        "malformed_escape",
        "`%` is not followed by two hexadecimal digits",
    ),
    (
        "v3=%FF",
        "invalid_utf8",
        "decoded bytes are not valid UTF-8",
    ),
    ("v3=%00", "nul", "text contains U+0000"),
    ("v1=1.5", "not_an_integer", "value is not an integer"),
    ("v5=x,1", "not_a_double", "value is not a decimal number"),
    (
        "v6=2",
        "not_a_boolean",
        "value is not `true`, `false`, `1` or `0`",
    ),
    (
        "v4=2",
        "not_a_value",
        "number is not one of the datastream's values",
    ),
    (
        "v5=1,91",
        "out_of_range",
        "longitude or latitude is out of range",
    ),
    (
        "v5=1",
        "no_latitude",
        "longitude is not followed by a latitude",
    ),
];

#[test]
fn every_reason_has_its_own_name_and_description() {
    for reason in Reason::ALL {
        let same = |other: &&Reason| other.to_string() == reason.to_string();
        assert_eq!(Reason::ALL.iter().filter(same).count(), 1, "{reason}");
        assert_ne!(reason.to_string(), reason.name(), "write a description");
    }
    let device = Device::read("v1:integer v3:string(4) v4:enumerable(1) v5:location v6:boolean");
    for &(segment, name, text) in REASONS {
        let query = format!("token=t&{segment}");
        let error = pinquery::parse(&query, |_| Some(&device.library)).unwrap_err();
        let reason = error.reason().expect("a reason");
        assert_eq!((reason.name(), reason.to_string().as_str()), (name, text));
    }
    assert_eq!(error("token=t&v2=1").reason(), None);
}

#[test]
fn an_error_about_a_pin_names_it() {
    let pin = |query| error(query).pin();
    assert_eq!(pin("token=t&v2=1"), Some(VirtualPin(2)));
    assert_eq!(pin("token=t&v1=1&V1=1"), Some(VirtualPin(1)));
    assert_eq!(pin("token=t&%76%31=x"), Some(VirtualPin(1)));
    for query in [
        "",
        "token=",
        "token=unknown",
        "token=t&token=t",
        "token=t&x=1",
        "token=t",
    ] {
        assert_eq!(pin(query), None, "{query}");
    }
}

const DATASTREAM_ERRORS: &[(DatastreamError, &str)] = &[
    (DatastreamError::MinAboveMax, "min is above max"),
    (
        DatastreamError::BoundNotFinite,
        "bound is not a finite number",
    ),
    (
        DatastreamError::BoundExcluded,
        "bound is excluded; bounds must be inclusive",
    ),
    (DatastreamError::NoValues, "values are empty"),
    (
        DatastreamError::FallbackNotAValue,
        "fallback is not one of the values",
    ),
    (DatastreamError::UnknownType, "unknown type"),
    (
        DatastreamError::BoundNotAnInteger,
        "integer bound is not a 64-bit integer",
    ),
    (
        DatastreamError::ForeignField("min"),
        "unknown field `min` for this type of datastream",
    ),
];

#[test]
fn other_errors_have_descriptions() {
    for &(error, text) in DATASTREAM_ERRORS {
        assert_eq!(error.to_string(), text);
    }
    assert_eq!(
        DecodeError::MalformedEscape.to_string(),
        "`%` is not followed by two hexadecimal digits"
    );
    assert_eq!(
        DecodeError::InvalidUtf8.to_string(),
        "decoded bytes are not valid UTF-8"
    );
    assert_eq!(
        "".parse::<Token>().unwrap_err().to_string(),
        "token must be one or more bytes in 0x21..=0x7E"
    );
    assert_eq!(
        "v256".parse::<VirtualPin>().unwrap_err().to_string(),
        "virtual pin must be `v` or `V` followed by 0 to 255 without leading zeros"
    );
}

#[test]
fn invalid_bounds_are_rejected() {
    use DatastreamError as E;

    let integer = |min, max| Datastream::integer(min..=max);
    assert_eq!(integer(1, 0), Err(E::MinAboveMax));
    assert_eq!(Datastream::integer(2_147_483_648..), Err(E::MinAboveMax));
    assert_eq!(Datastream::integer(..=-2_147_483_649), Err(E::MinAboveMax));
    assert_eq!(Datastream::integer(0..1), Err(E::BoundExcluded));
    let above_zero = (Bound::Excluded(0), Bound::Included(5));
    assert_eq!(Datastream::integer(above_zero), Err(E::BoundExcluded));
    assert!(Datastream::integer(1..=1).is_ok());
    assert!(Datastream::integer(i64::MIN..=i64::MAX).is_ok());
    assert_eq!(Datastream::double(1.0..=0.5), Err(E::MinAboveMax));
    assert_eq!(Datastream::double(0.0..1.0), Err(E::BoundExcluded));
    let above_zero = (Bound::Excluded(0.0), Bound::Unbounded);
    assert_eq!(Datastream::double(above_zero), Err(E::BoundExcluded));
    for bound in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Datastream::double(bound..), Err(E::BoundNotFinite));
        assert_eq!(Datastream::double(..=bound), Err(E::BoundNotFinite));
    }
    assert!(Datastream::double(0.0..=-0.0).is_ok());
    assert_eq!(Datastream::enumerable([]), Err(E::NoValues));
    assert_eq!(Datastream::enumerable_or([], 0), Err(E::NoValues));
    assert_eq!(
        Datastream::enumerable_or([1, 2], 0),
        Err(E::FallbackNotAValue)
    );
}

#[test]
fn missing_bounds_use_defaults() {
    let integer = Datastream::integer(-2_147_483_648..=2_147_483_647);
    assert_eq!(Datastream::integer(..), integer);
    assert_eq!(Datastream::integer(-2_147_483_648..), integer);
    assert_eq!(Datastream::integer(..=2_147_483_647), integer);
    let double = Datastream::double(f64::MIN..=f64::MAX);
    assert_eq!(Datastream::double(..), double);
    assert_eq!(Datastream::string(), Datastream::string_up_to(1024));
}

#[test]
fn descriptions_are_padded() {
    assert_eq!(
        format!("[{:>14}]", ErrorKind::DuplicatePin),
        "[ duplicate pin]"
    );
    assert_eq!(format!("[{:.5}]", Reason::TooLong), "[value]");
    assert_eq!(format!("[{:<4}]", Adjustment::Max), "[max ]");
}

#[test]
fn bodies_are_json_without_parameters() {
    assert_eq!(Error::CONTENT_TYPE, "application/json");
}
