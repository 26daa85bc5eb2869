//! Every outcome of a request, its segments, and errors for other endpoints.

use std::iter::FusedIterator;

use pinquery::{
    BatchUpdate, Datastream, Error, ErrorKind, Pair, Pairs, Reason, Results, Template, VirtualPin,
};
use pinquery_test_support::Device;

fn request(query: &str) -> BatchUpdate<'_> {
    BatchUpdate::parse(query).unwrap()
}

/// Returns the results, each as the update or the kind or reason and the span of the error.
fn shown(query: &str) -> Vec<String> {
    let device = Device::read("v1:integer(0,100) v2:double v3:string(4) v5:location v9:location");
    device.agree(query.as_bytes());
    device.check_invariants(query.as_bytes());
    let results = request(query)
        .results(&device.library)
        .map(|result| match result {
            Ok(update) => update.to_string(),
            Err(error) => {
                let reason = error.reason().map(Reason::name);
                format!(
                    "{} at {:?}",
                    reason.unwrap_or(error.kind().name()),
                    error.span()
                )
            }
        });
    results.collect()
}

#[test]
fn results_go_on_after_every_kind_of_error() {
    assert_eq!(
        shown("v1=x&&token=t&v2=1&w=1&token=t&v77=1&V1=1&v3=abcde&%763=a&v1%zz&v2=%zz&v5=1,2"),
        [
            "not_an_integer at 3..4",
            "v2=1.0",
            "invalid_pin at 19..20",
            "duplicate_token at 23..28",
            "unknown_pin at 31..34",
            "duplicate_pin at 37..39",
            "too_long at 45..50",
            "duplicate_pin at 51..55",
            "invalid_pin at 58..63",
            "duplicate_pin at 64..66",
            "v5=1.0,2.0",
        ]
    );
    // The pin of an unknown datastream is not seen.
    let unknown = ["unknown_pin at 8..10", "unknown_pin at 13..15"];
    assert_eq!(shown("token=t&v7=1&v7=1"), unknown);
}

#[test]
fn the_first_token_is_skipped_wherever_it_is() {
    assert_eq!(shown("token=t"), ["no_pins at 7..7"]);
    assert_eq!(shown("&&token=t&&"), ["no_pins at 11..11"]);
    assert_eq!(shown("v1=1&tok%65n=t"), ["v1=1"]);
    assert_eq!(shown("v1=1&token=t&v2=2"), ["v1=1", "v2=2.0"]);
    assert_eq!(
        shown("token=t&token=t&v1=1&token"),
        [
            "duplicate_token at 8..13",
            "v1=1",
            "duplicate_token at 21..26"
        ]
    );
}

/// Segments after the token, and their results.
const LOCATIONS: &[(&str, &[&str])] = &[
    ("v5=1&v5=2&v1=1", &["v5=1.0,2.0", "v1=1"]),
    ("v5=1&&&v5=2&v1=1", &["v5=1.0,2.0", "v1=1"]),
    ("v5=1&v5=x&v1=1", &["not_a_double at 16..17", "v1=1"]),
    ("v5=1&v5=91&v1=1", &["out_of_range at 16..18", "v1=1"]),
    ("v5=1&v5=%zz&v1=1", &["malformed_escape at 16..19", "v1=1"]),
    ("v5=1&v5=1,2&v1=1", &["not_a_double at 16..19", "v1=1"]),
    ("v5=1&v1=1", &["no_latitude at 11..12", "v1=1"]),
    ("v5=1", &["no_latitude at 11..12"]),
    (
        "v5=1&w",
        &["no_latitude at 11..12", "invalid_pin at 13..14"],
    ),
    (
        "v5=1&token=t&v5=2",
        &[
            "no_latitude at 11..12",
            "duplicate_token at 13..18",
            "duplicate_pin at 21..23",
        ],
    ),
    ("v5=1&v9=2&v9=3", &["no_latitude at 11..12", "v9=2.0,3.0"]),
    (
        "v5=1&v9=2&v5=3",
        &[
            "no_latitude at 11..12",
            "no_latitude at 16..17",
            "duplicate_pin at 18..20",
        ],
    ),
    (
        "v5=x&v5=2",
        &["not_a_double at 11..12", "duplicate_pin at 13..15"],
    ),
    (
        "v5=181&v5=2",
        &["out_of_range at 11..14", "duplicate_pin at 15..17"],
    ),
    (
        "v5=&v5=2",
        &["not_a_double at 11..11", "duplicate_pin at 12..14"],
    ),
    (
        "v5=1,x&v5=2",
        &["not_a_double at 11..14", "duplicate_pin at 15..17"],
    ),
    ("v5=1&v5=2&v5=3", &["v5=1.0,2.0", "duplicate_pin at 18..20"]),
    (
        "v1=1&v1=x&v5=1",
        &["v1=1", "duplicate_pin at 13..15", "no_latitude at 21..22"],
    ),
];

#[test]
fn a_location_takes_one_or_two_segments() {
    for (segments, expected) in LOCATIONS {
        assert_eq!(
            shown(&format!("token=t&{segments}")),
            *expected,
            "{segments}"
        );
    }
    let split = ["no_latitude at 3..4", "duplicate_pin at 13..15"];
    assert_eq!(shown("v5=1&token=t&v5=2"), split);
}

#[test]
fn results_iterate_like_other_iterators() {
    fn check<'t>(_: &impl FusedIterator<Item = <Results<'t, 't> as Iterator>::Item>) {}

    let template = Template::new().with(VirtualPin(1), Datastream::string());
    let query = String::from("token=secret&v1=secret&secret");
    // The request need not outlive them.
    let mut results = BatchUpdate::parse(&query).unwrap().results(&template);
    check(&results);
    assert_eq!(format!("{results:?}"), "Results { .. }");
    assert_eq!(results.size_hint().0, 0);
    let first = results.next().unwrap().unwrap();
    assert_eq!(first.value.as_str(), Some("secret"));
    // A clone continues from the same position.
    assert_eq!(results.clone().count(), 1);
    assert!(results.next().unwrap().is_err());
    assert!(results.next().is_none() && results.next().is_none());
    assert_eq!(results.clone().count(), 0);
}

#[test]
fn the_segments_of_a_request_exclude_the_first_token() {
    let names = |query| {
        let pairs = request(query)
            .pairs()
            .map(|pair| pair.name.decode().unwrap().to_string());
        pairs.collect::<Vec<_>>()
    };
    assert_eq!(names("token=t&v1&v2=x&w"), ["v1", "v2", "w"]);
    assert_eq!(names("v1&tok%65n=t&&v2&"), ["v1", "v2"]);
    assert_eq!(
        names("token=t&v1&token&%74oken=t"),
        ["v1", "token", "token"]
    );
    assert!(names("&token=t&").is_empty());
    let (query, pairs) = ("v1=1&token=t&v2=2", |query| request(query).pairs());
    let spans = |pair: Pair<'_>| (pair.name.span(), pair.value.span());
    assert!(pairs(query).map(spans).eq([(0..2, 3..4), (13..15, 16..17)]));
    assert_eq!(pairs(query).clone().count(), 2);
}

/// Returns the error of a query whose template has the integer `v1`.
fn error_of(query: &str) -> Error {
    let template = Template::new().with(VirtualPin(1), Datastream::integer(..).unwrap());
    pinquery::parse(query, |_| Some(&template)).unwrap_err()
}

#[test]
fn constructed_errors_equal_those_of_a_batch_update() {
    let pin = VirtualPin(1);
    let last = |query: &'static str| Pairs::new(query).last().unwrap();
    let query = "token=t&v1=1&token=t";
    assert_eq!(Error::invalid_name(last(query)), error_of(query));
    for query in ["token=t&pin=1", "token=t&=1", "token=t&v256", "token=t&%zz"] {
        assert_eq!(Error::invalid_pin(last(query).name), error_of(query));
        assert_eq!(Error::invalid_name(last(query)), error_of(query));
    }
    let query = "token=t&%762=1";
    assert_eq!(
        Error::unknown_pin(VirtualPin(2), last(query).name),
        error_of(query)
    );
    let query = "token=t&v1=1&V1=1";
    assert_eq!(Error::duplicate_pin(pin, last(query).name), error_of(query));
    for (query, reason) in [
        ("token=t&v1", Reason::NotAnInteger),
        ("token=t&v1=1.5", Reason::NotAnInteger),
        ("token=t&v1=%4", Reason::MalformedEscape),
        ("token=t&v1=%FF", Reason::InvalidUtf8),
    ] {
        let created = Error::invalid_value(pin, last(query).value, reason);
        assert_eq!(created, error_of(query));
    }
    for query in ["token=t", "&token=t&&"] {
        assert_eq!(Error::no_pins(query.len()), error_of(query));
        assert_eq!(request(query).no_pins(), error_of(query));
    }
}

#[test]
fn constructed_errors_have_their_kind_pin_reason_and_span() {
    use ErrorKind as K;

    let pair = Pairs::new("&name=value").next().unwrap();
    let Pair { name, value } = pair;
    let (pin, reason) = (VirtualPin(200), Reason::Nul);
    let check = |error: Error, kind: ErrorKind, has_pin: bool, span| {
        assert_eq!((error.kind(), error.span()), (kind, span));
        assert_eq!(error.pin(), has_pin.then_some(pin));
        assert_eq!(error.reason(), (kind == K::InvalidValue).then_some(reason));
        assert_eq!((error.status(), error.body()), (kind.status(), kind.body()));
    };
    check(Error::invalid_pin(name), K::InvalidPin, false, 1..5);
    check(Error::invalid_pin(value), K::InvalidPin, false, 6..11);
    check(Error::invalid_name(pair), K::InvalidPin, false, 1..5);
    check(Error::unknown_pin(pin, value), K::UnknownPin, true, 6..11);
    check(Error::duplicate_pin(pin, name), K::DuplicatePin, true, 1..5);
    let invalid_value = Error::invalid_value(pin, value, reason);
    check(invalid_value, K::InvalidValue, true, 6..11);
    check(Error::no_pins(0), K::NoPins, false, 0..0);
    let longest = usize::MAX..usize::MAX;
    check(Error::no_pins(usize::MAX), K::NoPins, false, longest);
}

#[test]
fn a_value_may_name_a_pin() {
    let pair = |query: &'static str| Pairs::new(query).next().unwrap();
    for pin in 0..=255 {
        for query in [format!("pin=v{pin}"), format!("%56{pin}=V{pin}")] {
            let pair = Pairs::new(&query).next().unwrap();
            assert_eq!(pair.value.pin(), Some(VirtualPin(pin)), "{query}");
            assert_eq!(pair.name.pin(), pair.pin());
        }
    }
    assert_eq!(pair("%761").name.pin(), Some(VirtualPin(1)));
    assert_eq!(pair("pin=%56%31").value.pin(), Some(VirtualPin(1)));
    for query in [
        "pin",
        "pin=1",
        "pin=v256",
        "pin=v01",
        "pin=+v1",
        "pin=token",
        "pin=%zz",
        "v1=",
    ] {
        assert_eq!(pair(query).value.pin(), None, "{query}");
    }
}

/// Both names have two letters, so that spans are equal as well.
#[test]
fn segments_of_other_names_are_parsed_as_those_of_a_pin() {
    const VALUES: [&str; 12] = [
        "1", "-1", "91", "200", "1,2", "1,91", "x", "", "+1+", "%31", "%zz", "%FF",
    ];
    let datastreams = [
        Datastream::integer(0..=100).unwrap(),
        Datastream::double(..).unwrap(),
        Datastream::string_up_to(2),
        Datastream::enumerable_or([1, 2], 2).unwrap(),
        Datastream::boolean(),
        Datastream::location(),
    ];
    assert_eq!(datastreams.len(), Datastream::TYPES.len());
    for datastream in datastreams {
        let template = Template::new().with(VirtualPin(1), datastream.clone());
        let check = |values: &[&str]| {
            let query = |name| format!("token=t&{name}={}", values.join(&format!("&{name}=")));
            let (batch, other) = (query("v1"), query("xx"));
            let segments: Vec<_> = Pairs::new(&other).skip(1).collect();
            let update = datastream.parse_segments(VirtualPin(1), segments[0], &segments[1..]);
            let updates = pinquery::parse(&batch, |_| Some(&template));
            assert_eq!(update, updates.map(|updates| updates[0]), "{batch}");
        };
        for first in VALUES {
            check(&[first]);
            for second in VALUES {
                check(&[first, second]);
                for third in VALUES {
                    check(&[first, second, third]);
                }
            }
        }
    }
}
