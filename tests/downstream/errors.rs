//! Errors: pins, reasons, messages, JSON and metrics.
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use dashmap::DashMap;
use pinquery::{Adjustment, Datastream, Error, ErrorKind, Reason, Template, VirtualPin, parse};
use pinquery_downstream::{Event, Rejections, Server, template_from_rows};
use serde::Serialize;

const WRONG_VALUE: &str = r#"{"error":{"message":"Value doesn't match the Datastream data type"}}"#;

fn template() -> Template {
    Template::from([
        (VirtualPin(1), Datastream::integer(..).unwrap()),
        (VirtualPin(2), Datastream::double(..).unwrap()),
        (VirtualPin(3), Datastream::string_up_to(4)),
        (VirtualPin(4), Datastream::enumerable([0, 20]).unwrap()),
        (VirtualPin(5), Datastream::location()),
        (VirtualPin(6), Datastream::boolean()),
    ])
}

fn error(query: &str) -> Error {
    parse(query, |token| (token == "t").then(template).map(Box::new)).unwrap_err()
}

const REASONS: [(&str, Reason); 10] = [
    ("v3=12345", Reason::TooLong),
    ("v2=1%4", Reason::MalformedEscape),
    ("v6=%FF", Reason::InvalidUtf8),
    ("v3=%00", Reason::Nul),
    ("v1=1.5", Reason::NotAnInteger),
    ("v2=hot", Reason::NotADouble),
    ("v6=yes", Reason::NotABoolean),
    ("v4=7", Reason::NotAValue),
    ("v5=200,0", Reason::OutOfRange),
    ("v5=12", Reason::NoLatitude),
];

#[test]
fn an_invalid_value_reports_its_pin_and_reason_in_text_and_json() {
    for (segment, reason) in REASONS {
        let query = format!("token=t&{segment}");
        let error = error(&query);
        let pin: VirtualPin = segment[..2].parse().unwrap();
        let end = query.len();
        assert_eq!((error.pin(), error.reason()), (Some(pin), Some(reason)));
        let (name, VirtualPin(number)) = (reason.name(), pin);
        assert_eq!(
            error.to_string(),
            format!("invalid_value of {pin} at bytes 11..{end}: {name}, {reason}"),
        );
        let line = WRONG_VALUE.strip_suffix('}').unwrap();
        assert_eq!(
            serde_json::to_string(&error).unwrap(),
            format!(
                r#"{line},"kind":"invalid_value","span":[11,{end}],"pin":{number},"reason":"{name}"}}"#
            ),
        );
        assert_eq!(serde_json::to_value(error).unwrap()["reason"], name);
    }
}

#[test]
fn an_error_has_a_pin_if_its_kind_concerns_one() {
    let queries = [
        ("", None),
        ("token=", None),
        ("token=u", None),
        ("token=t&token=t", None),
        ("token=t&v256=1", None),
        ("token=t&v9=1", Some(VirtualPin(9))),
        ("token=t&v1=1&v1=1", Some(VirtualPin(1))),
        ("token=t&v1=x", Some(VirtualPin(1))),
        ("token=t", None),
    ];
    assert_eq!(queries.len(), ErrorKind::ALL.len());
    for ((query, pin), kind) in queries.into_iter().zip(ErrorKind::ALL) {
        let error = error(query);
        assert_eq!((error.kind(), error.pin()), (*kind, pin), "{query}");
        let is_value = *kind == ErrorKind::InvalidValue;
        assert_eq!(error.reason().is_some(), is_value, "{query}");
        let json = serde_json::to_string(&error).unwrap();
        assert!(json.starts_with(error.body().strip_suffix('}').unwrap()));
        assert_eq!(json.contains(r#","pin":"#), pin.is_some(), "{json}");
        assert_eq!(json.contains(r#","reason":"#), is_value, "{json}");
        let shown = error.to_string();
        assert!(shown.starts_with(kind.name()));
        assert_eq!(shown.contains(" of v"), pin.is_some(), "{shown}");
    }
}

/// Checks that names are unique and are what JSON contains.
fn check_names<T>(all: &'static [T], name: impl Fn(T) -> &'static str)
where
    T: Copy + Debug + Serialize,
{
    let mut seen = BTreeMap::new();
    for &one in all {
        let json = serde_json::to_string(&one).unwrap();
        assert_eq!(json, format!("\"{}\"", name(one)));
        assert!(
            seen.insert(name(one), json).is_none(),
            "duplicate name of {one:?}"
        );
    }
}

#[test]
fn names_are_unique_and_serialized() {
    check_names(ErrorKind::ALL, ErrorKind::name);
    check_names(Reason::ALL, Reason::name);
    check_names(Adjustment::ALL, Adjustment::name);
    let shown: Vec<String> = Adjustment::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["min", "max", "fallback"]);
    assert_eq!(format!("{:>4}", Adjustment::Min), " min");
}

#[test]
fn the_server_responds_and_counts_rejections() {
    let (events, stored) = mpsc::channel();
    let devices = DashMap::new();
    let rows = [
        (1, "integer", Some(0.0), Some(100.0)),
        (3, "string", None, None),
    ];
    devices.insert("t".parse().unwrap(), template_from_rows(&rows).unwrap());
    let server = Server { devices, events };
    let mut rejections = Rejections::default();
    assert!(
        rejections
            .kinds
            .values()
            .chain(rejections.reasons.values())
            .all(|count| *count == 0)
    );
    let all = (ErrorKind::ALL.len(), Reason::ALL.len());
    assert_eq!((rejections.kinds.len(), rejections.reasons.len()), all);

    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let ok = server.respond(b"token=t&v1=133&v3=a%20b", at, &mut rejections);
    assert_eq!(ok, (200, "text/plain", "OK"));
    let Event { at: stamp, updates } = stored.recv().unwrap();
    assert_eq!(stamp, at);
    let shown: Vec<String> = updates.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["v1=100 (max)", "v3=a b"]);

    let rejected = server.respond(b"token=t&v1=hot", at, &mut rejections);
    assert_eq!(rejected, (400, "application/json", WRONG_VALUE));
    assert_eq!(rejections.kinds[&ErrorKind::InvalidValue], 1);
    assert_eq!(rejections.reasons[&Reason::NotAnInteger], 1);
    assert_eq!(server.respond(b"token=u&v1=1", at, &mut rejections).0, 400);
    assert_eq!(rejections.kinds[&ErrorKind::UnknownToken], 1);
    assert!(stored.try_recv().is_err());
}
