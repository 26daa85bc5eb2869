//! The public API beyond outcomes: traits, sizes, formatting, conversions, lookups.
#![allow(missing_docs)]

#[path = "surface/datastreams.rs"]
mod datastreams;
#[path = "surface/parts.rs"]
mod parts;
#[path = "surface/results.rs"]
mod results;
#[path = "surface/reuse.rs"]
mod reuse;
#[path = "surface/values.rs"]
mod values;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use pinquery::{
    BatchUpdate, Chars, Datastream, DatastreamError, DecodeError, Encoded, Error, ErrorKind,
    IntoIter, Pair, Pairs, ParsePinError, ParseTokenError, Results, Template, Text, Token, Update,
    Updates, Value, VirtualPin, parse,
};

fn template() -> Template {
    (0..=255)
        .map(|pin| (VirtualPin(pin), Datastream::string()))
        .collect()
}

#[test]
fn types_are_send_sync_and_unwind_safe() {
    fn check<T: Send + Sync + Unpin + std::panic::UnwindSafe>() {}

    check::<BatchUpdate<'static>>();
    check::<Token<'static>>();
    check::<Pairs<'static>>();
    check::<Pair<'static>>();
    check::<Encoded<'static>>();
    check::<Text<'static>>();
    check::<Chars<'static>>();
    check::<Results<'static, 'static>>();
    check::<Updates<'static>>();
    check::<IntoIter<'static>>();
    check::<Update<Text<'static>>>();
    check::<Update>();
    check::<Value<Text<'static>>>();
    check::<Value>();
    check::<Template>();
    check::<Datastream>();
    check::<Error>();
    check::<ErrorKind>();
}

#[test]
fn errors_implement_error() {
    fn check<T: std::error::Error + Copy + Send + Sync + 'static>() {}

    check::<Error>();
    check::<DatastreamError>();
    check::<DecodeError>();
    check::<ParsePinError>();
    check::<ParseTokenError>();
}

#[test]
#[cfg(target_pointer_width = "64")]
fn sizes_stay_small() {
    assert_eq!(size_of::<Value<Text<'_>>>(), 24);
    assert_eq!(size_of::<Update<Text<'_>>>(), 32);
    assert_eq!(size_of::<Error>(), 24);
    assert_eq!(size_of::<Result<(), Error>>(), 24);
    assert_eq!(size_of::<Datastream>(), 24);
    assert!(size_of::<Updates<'_>>() <= 8 * 32 + 16);
    assert!(size_of::<BatchUpdate<'_>>() <= 80);
}

#[test]
fn debug_output_redacts_the_query() {
    let query = "token=verysecret&v1=verysecret&verysecret=1";
    let request = BatchUpdate::parse(query).unwrap();
    let error = request.updates(&template()).unwrap_err();
    let pair = Pairs::new(query).next().unwrap();
    for text in [
        format!("{request:?}"),
        format!("{:?}", request.token()),
        format!("{:?}", Pairs::new(query)),
        format!("{pair:?}"),
        format!("{:?}", request.results(&template())),
        format!("{error:?} {error}"),
        format!("{:?} {}", request.unknown_token(), request.unknown_token()),
    ] {
        assert!(!text.contains("secret"), "{text}");
    }
    assert_eq!(format!("{request:?}"), "BatchUpdate { .. }");
    assert_eq!(format!("{:?}", request.token()), "Token(..)");
    assert_eq!(format!("{:?}", Pairs::new(query)), "Pairs { .. }");
    assert_eq!(
        format!("{pair:?}"),
        "Pair { name: Encoded { span: 0..5, .. }, value: Encoded { span: 6..16, .. } }"
    );
}

#[test]
fn debug_output_of_updates_shows_values() {
    let template = template();
    let updates = parse("token=t&v1=a+b&v2=c", |_| Some(&template)).unwrap();
    let shown = r#"[Update { pin: VirtualPin(1), value: String("a b"), adjusted: None }, Update { pin: VirtualPin(2), value: String("c"), adjusted: None }]"#;
    assert_eq!(format!("{updates:?}"), shown);
    assert_eq!(format!("{:?}", updates.into_iter()), shown);
}

#[test]
fn a_query_may_be_text_or_bytes() {
    let template = template();
    let text = String::from("token=t&v1=1");
    assert!(parse(&text, |_| Some(&template)).is_ok());
    assert!(parse(text.as_str(), |_| Some(&template)).is_ok());
    assert!(parse(text.as_bytes(), |_| Some(&template)).is_ok());
    assert!(parse(&text.clone().into_bytes(), |_| Some(&template)).is_ok());
    assert!(parse(b"token=t&v1=1", |_| Some(&template)).is_ok());
}

#[test]
fn a_lookup_may_return_any_pointer_or_guard() {
    let query = "token=t&v1=1";
    let devices = HashMap::from([(String::from("t"), template())]);
    assert!(parse(query, |token| devices.get(token)).is_ok());
    let devices = HashMap::from([(String::from("t"), Arc::new(template()))]);
    assert!(parse(query, |token| devices.get(token).cloned()).is_ok());
    assert!(parse(query, |token| devices.get(token).map(Arc::as_ref)).is_ok());
    let locked = RwLock::new(template());
    assert!(parse(query, |_| locked.read().ok()).is_ok());
    assert!(parse(query, |_| Some(Box::new(template()))).is_ok());
    assert_eq!(
        parse(query, |_| None::<&Template>).unwrap_err().kind(),
        ErrorKind::UnknownToken
    );
}

#[test]
fn the_lookup_is_called_once_and_only_for_a_valid_token() {
    let template = template();
    let lookups = |query: &str| {
        let mut tokens = Vec::new();
        let _ = parse(query, |token| {
            tokens.push(token.to_owned());
            Some(&template)
        });
        tokens
    };
    assert_eq!(lookups("v1=1&token=a%62c&token=d"), ["abc"]);
    for query in ["", "v1=1", "token=", "token=%00", "token=%zz", "token=a+b"] {
        assert!(lookups(query).is_empty());
    }
}

#[test]
fn updates_deref_to_a_slice_and_iterate() {
    let template = template();
    for pins in [1, 8, 9, 256] {
        let query = (0..pins).fold(String::from("token=t"), |q, pin| format!("{q}&v{pin}=x"));
        let updates = parse(&query, |_| Some(&template)).unwrap();
        let numbers: Vec<u8> = (0..=255).take(pins).collect();
        assert_eq!(updates.len(), pins);
        assert!(updates.iter().map(|u| u.pin.0).eq(numbers.clone()));
        assert!((&updates).into_iter().map(|u| u.pin.0).eq(numbers.clone()));
        let copy = updates.clone();
        assert_eq!(copy, updates);
        assert!(copy.into_iter().map(|u| u.pin.0).eq(numbers.clone()));
        let backwards = updates.into_iter().rev().map(|u| u.pin.0);
        assert_eq!(backwards.len(), pins);
        assert!(backwards.eq(numbers.into_iter().rev()));
    }
}

#[test]
fn updates_are_empty_by_default() {
    assert!(Updates::default().is_empty());
    assert_eq!(Updates::default(), Updates::new());
}

#[test]
fn text_converts_compares_and_formats() {
    let text = |query: &'static str| Pairs::new(query).next().unwrap().value.decode().unwrap();
    let plain = text("v1=caf\u{e9}");
    let escaped = text("v1=caf%C3%A9+%26");
    assert_eq!(plain.as_str(), Some("café"));
    assert_eq!(escaped.as_str(), None);
    assert_eq!(plain, "café");
    assert_ne!(plain, "cafe");
    assert_eq!(escaped, "café &");
    assert_eq!(escaped, *"café &");
    assert_ne!(escaped, "café");
    assert_eq!(text("v1=a+b"), text("v1=a%20b"));
    assert_ne!(text("v1=a"), text("v1=a%20b"));
    assert_eq!(escaped.len(), "café &".len());
    assert_eq!(escaped.to_string(), "café &");
    assert_eq!(format!("[{escaped:>8}]"), "[  café &]");
    assert_eq!(format!("[{plain:<6}]"), "[café  ]");
    assert_eq!(format!("[{escaped:.3}]"), "[caf]");
    assert_eq!(format!("{escaped:?}"), "\"café &\"");
    assert_eq!(format!("{:?}", text("v1=%C3%A9").chars()), "['é']");
    assert!(matches!(plain.to_cow(), Cow::Borrowed("café")));
    assert_eq!(Cow::from(escaped), "café &");
    assert_eq!(String::from(escaped), "café &");
    assert_eq!(escaped.raw(), b"caf%C3%A9+%26");
    assert!(text("v1=").is_empty() && !escaped.is_empty());
}

#[test]
fn templates_can_be_inspected() {
    let mut template = Template::new()
        .with(VirtualPin(200), Datastream::boolean())
        .with(VirtualPin(3), Datastream::location());
    assert_eq!(template.len(), 2);
    assert!(!template.is_empty() && Template::new().is_empty());
    assert_eq!(template.get(VirtualPin(4)), None);
    assert_eq!(template.get(VirtualPin(255)), None);
    let replaced = template.insert(VirtualPin(3), Datastream::string_up_to(9));
    assert_eq!(replaced, Some(Datastream::location()));
    template.extend([(
        VirtualPin(0),
        Datastream::enumerable_or([3, 1, 3], 1).unwrap(),
    )]);
    let shown: Vec<String> = template
        .iter()
        .map(|(pin, datastream)| format!("{pin}: {datastream} ({})", datastream.type_name()))
        .collect();
    assert_eq!(
        shown,
        [
            "v0: enumerable [1, 3] or 1 (enumerable)",
            "v3: string up to 9 bytes (string)",
            "v200: boolean (boolean)",
        ]
    );
    let double = Datastream::double(..).unwrap();
    assert_eq!(double.to_string(), "double");
    assert_eq!(
        Datastream::double(-1.0..).unwrap().to_string(),
        "double -1.0.."
    );
    assert_eq!(Datastream::integer(..).unwrap().to_string(), "integer");
    assert_eq!(
        Datastream::integer(..=5).unwrap().to_string(),
        "integer ..=5"
    );
    assert_eq!(
        Datastream::integer(5..=i64::MAX).unwrap().to_string(),
        "integer 5..=9223372036854775807"
    );
    assert_eq!(Datastream::string().to_string(), "string");
    assert_eq!(
        Datastream::enumerable([5]).unwrap().to_string(),
        "enumerable [5]"
    );
    assert_eq!(Datastream::location().to_string(), "location");
}

#[test]
fn templates_can_be_compared_changed_and_iterated() {
    let pins = [
        (VirtualPin(3), Datastream::location()),
        (VirtualPin(200), Datastream::boolean()),
    ];
    let mut template = Template::from(pins.clone());
    assert_ne!(template, Template::new());
    assert_eq!(
        format!("{template:?}"),
        "{VirtualPin(3): Datastream(location), VirtualPin(200): Datastream(boolean)}"
    );
    assert!(template.clone().into_iter().eq(pins));
    assert_eq!(
        template.remove(VirtualPin(200)),
        Some(Datastream::boolean())
    );
    for pin in [VirtualPin(200), VirtualPin(255)] {
        assert_eq!(template.remove(pin), None);
    }
    let rest = Template::new().with(VirtualPin(3), Datastream::location());
    assert_eq!(template, rest);
}

#[test]
fn the_last_datastream_of_a_repeated_pin_wins() {
    let (pin, datastream) = (VirtualPin(3), Datastream::boolean());
    let pins = [(pin, Datastream::string()), (pin, datastream.clone())];
    let last = Template::new().with(pin, datastream);
    assert_eq!(Template::from(pins.clone()), last);
    assert_eq!(Template::from_iter(pins.clone()), last);
    let mut extended = Template::new().with(pin, Datastream::location());
    extended.extend(pins);
    assert_eq!(extended, last);
}

#[test]
fn templates_are_equal_if_they_have_the_same_pins_and_datastreams() {
    let (boolean, string) = (Datastream::boolean(), Datastream::string());
    let one = Template::new().with(VirtualPin(3), boolean.clone());
    let different = [
        Template::new(),
        one.clone().with(VirtualPin(200), string.clone()),
        one.clone().with(VirtualPin(3), string),
        Template::new().with(VirtualPin(4), boolean),
    ];
    for other in different {
        assert_ne!(one, other);
        assert_ne!(other, one);
    }
    assert_eq!(one, one.clone());
}

#[test]
fn pins_convert_and_compare() {
    assert_eq!(VirtualPin::from(7), VirtualPin(7));
    assert_eq!(u8::from(VirtualPin(7)), 7);
    assert_eq!(VirtualPin(255).to_string(), "v255");
    assert!(VirtualPin(1) < VirtualPin(2));
}

#[test]
fn tokens_of_other_endpoints_follow_the_same_rules() {
    let token = |query: &'static str| Token::new(Pairs::new(query).next().unwrap().value);
    assert_eq!(token("token=!~").unwrap().as_str(), "!~");
    assert_eq!(token("token=%21%7e").unwrap().as_str(), "!~");
    assert_eq!(token("token=%21%7e"), token("token=!~"));
    let text: &str = &token("token=abc").unwrap();
    assert_eq!(text, "abc");
    assert_eq!(token("token=abc").unwrap().as_ref(), "abc");
    for query in [
        "token",
        "token=",
        "token=a+b",
        "token=\u{e9}",
        "token=%7F",
        "token=%",
    ] {
        assert_eq!(token(query), None);
    }
}

#[test]
fn tokens_parse_from_text_and_are_looked_up_with_a_str() {
    assert_eq!(Token::try_from("a%41+&").unwrap().as_str(), "a%41+&");
    assert_eq!("a%41+&".parse::<Token>().unwrap().as_str(), "a%41+&");
    for text in ["", " ", " a", "a ", "a\n", "a b", "a\0", "a\u{7f}", "é"] {
        assert!(Token::try_from(text).is_err(), "{text}");
        assert!(text.parse::<Token>().is_err(), "{text}");
    }
    let devices = HashMap::from([("abc".parse::<Token>().unwrap(), 7)]);
    assert_eq!(devices.get("abc"), Some(&7));
    assert_eq!(devices.get("abd"), None);
}

#[test]
fn pairs_is_fused() {
    let mut pairs = Pairs::new("&a&");
    assert!(pairs.next().is_some());
    assert!(pairs.next().is_none());
    assert!(pairs.next().is_none());
}

#[test]
fn malformed_escapes_take_precedence_over_invalid_utf8() {
    let error = |query| {
        Pairs::new(query)
            .next()
            .unwrap()
            .value
            .decode()
            .unwrap_err()
    };
    for query in [
        "v1=%FF",
        "v1=%FF%41",
        "v1=a+%C3",
        "v1=%ED%A0%80",
        "v1=%C3%41%20",
    ] {
        assert_eq!(error(query), DecodeError::InvalidUtf8, "{query}");
    }
    for query in ["v1=%4", "v1=%FF%4", "v1=%FF+%zz", "v1=%C3%", "v1=%"] {
        assert_eq!(error(query), DecodeError::MalformedEscape, "{query}");
    }
    let raw = Pairs::new(b"v1=\xFF").next().unwrap().value.decode();
    assert_eq!(raw.unwrap_err(), DecodeError::InvalidUtf8);
}
