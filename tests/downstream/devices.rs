//! Templates, datastreams, lookups and tokens.
#![allow(missing_docs)]

use std::borrow::{Borrow, Cow};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex, RwLock};

use dashmap::DashMap;
use pinquery::{BatchUpdate, Template, Token, VirtualPin, parse};
use pinquery::{Datastream, DatastreamError, DatastreamParts, Number, ParseTokenError};
use pinquery_downstream::{describe, template_from_rows};

const QUERY: &str = "token=t&v1=7";

static STATIC: LazyLock<Template> =
    LazyLock::new(|| Template::from([(VirtualPin(1), Datastream::boolean())]));

fn template() -> Template {
    Template::from([(VirtualPin(1), Datastream::integer(0..=100).unwrap())])
}

#[test]
fn a_lookup_may_return_any_pointer_or_guard() {
    let plain = HashMap::from([("t".to_owned(), template())]);
    assert!(parse(QUERY, |token| plain.get(token)).is_ok());
    let shared = HashMap::from([("t", Arc::new(template()))]);
    assert!(parse(QUERY, |token| shared.get(token).cloned()).is_ok());
    assert!(parse(QUERY, |_| Some(Rc::new(template()))).is_ok());
    assert!(parse(QUERY, |_| Some(Box::new(template()))).is_ok());
    assert!(parse(QUERY, |_| Some(Cow::Owned::<Template>(template()))).is_ok());
    assert!(parse("token=t&v1=true", |_| Some(&*STATIC)).is_ok());

    let locked = HashMap::from([("t", RwLock::new(template()))]);
    assert!(parse(QUERY, |token| locked.get(token)?.read().ok()).is_ok());
    let mutex = Mutex::new(template());
    assert!(parse(QUERY, |_| mutex.lock().ok()).is_ok());
    let concurrent: DashMap<_, _> = DashMap::from_iter([("t".to_owned(), template())]);
    assert!(parse(QUERY, |token| concurrent.get(token)).is_ok());
    assert!(parse("token=u&v1=7", |token| concurrent.get(token)).is_err());

    let request = BatchUpdate::parse(QUERY).unwrap();
    let guard = locked["t"].read().unwrap();
    assert_eq!(request.updates(&guard).unwrap().len(), 1);
}

#[test]
fn a_map_with_token_keys_is_looked_up_with_a_str() {
    let mut devices: HashMap<Token<'static>, Template> = HashMap::new();
    devices.insert("t".parse().unwrap(), template());
    assert!(parse("token=%74&v1=7", |token| devices.get(token)).is_ok());
    let sorted: BTreeMap<Token<'_>, u8> = [(Token::try_from("a%41").unwrap(), 1)].into();
    assert_eq!(sorted.get("a%41"), Some(&1));
    assert_eq!(sorted.get("aA"), None);

    let borrowed = Token::try_from("a%41").unwrap();
    let text: &str = borrowed.borrow();
    assert_eq!(
        (text, borrowed.as_str(), &*borrowed),
        ("a%41", "a%41", "a%41")
    );
    let request = BatchUpdate::parse("token=a%2541&v1=1").unwrap();
    assert_eq!(request.token(), &borrowed);
    for wrong in ["", "a b", "é", "a\0"] {
        let error: ParseTokenError = Token::try_from(wrong).unwrap_err();
        assert_eq!(wrong.parse::<Token<'static>>(), Err(error));
    }
    assert_eq!(format!("{borrowed:?}"), "Token(..)");
}

#[test]
fn a_template_works_as_a_collection() {
    let (one, six) = (VirtualPin(1), VirtualPin(6));
    let mut template =
        Template::from([(six, Datastream::boolean()), (one, Datastream::location())]);
    let pins: Vec<VirtualPin> = (&template).into_iter().map(|(pin, _)| pin).collect();
    assert_eq!(pins, [one, six]);
    for (pin, datastream) in &template {
        assert_eq!(template.get(pin), Some(datastream));
    }
    let again: Template = template.clone().into_iter().collect();
    assert_eq!(again, template);

    let shown = format!("{template:?}");
    assert!(
        shown.contains("VirtualPin(1)") && shown.contains("VirtualPin(6)"),
        "{shown}"
    );
    assert_eq!(shown.matches("VirtualPin").count(), 2, "{shown}");
    assert!(!shown.contains("None"), "{shown}");

    assert_eq!(template.remove(VirtualPin(200)), None);
    assert_eq!(template.remove(six), Some(Datastream::boolean()));
    assert_eq!(template, Template::from([(one, Datastream::location())]));
    assert_eq!(template.remove(one), Some(Datastream::location()));
    assert!(template.is_empty() && template == Template::new());
    assert_eq!(format!("{template:?}"), "{}");
}

fn one_of_each() -> Vec<(Datastream, &'static str)> {
    vec![
        (Datastream::integer(-5..=5).unwrap(), "integer, -5 to 5"),
        (
            Datastream::double(-40.5..=0.25).unwrap(),
            "double, -40.5 to 0.25",
        ),
        (Datastream::string_up_to(64), "string, up to 64 bytes"),
        (
            Datastream::enumerable_or([0, 20], 20).unwrap(),
            "enumerable, one of [0, 20], otherwise 20",
        ),
        (
            Datastream::enumerable([0, 20]).unwrap(),
            "enumerable, one of [0, 20]",
        ),
        (Datastream::boolean(), "boolean"),
        (Datastream::location(), "location"),
    ]
}

#[test]
fn datastreams_are_described_and_rebuilt_by_their_parts() {
    for (datastream, description) in one_of_each() {
        assert_eq!(describe(&datastream), description);
        let parts = datastream.to_parts();
        assert_eq!(Datastream::from_parts(&parts), Ok(datastream.clone()));
    }
    let datastream = Datastream::integer(0..).unwrap();
    let DatastreamParts { min, max, .. } = datastream.to_parts();
    let expected = [0, 2_147_483_647].map(|bound| Some(Number::Integer(bound)));
    assert_eq!([min, max], expected);
}

#[test]
fn a_template_is_built_from_database_rows() {
    let rows = [
        (1, "integer", Some(0.0), Some(100.0)),
        (2, "double", Some(-40.5), None),
        (6, "boolean", None, None),
    ];
    let expected = Template::from([
        (VirtualPin(1), Datastream::integer(0..=100).unwrap()),
        (VirtualPin(2), Datastream::double(-40.5..).unwrap()),
        (VirtualPin(6), Datastream::boolean()),
    ]);
    assert_eq!(template_from_rows(&rows), Ok(expected));
    for (row, error) in [
        ((1, "int", None, None), DatastreamError::UnknownType),
        (
            (1, "integer", Some(0.5), None),
            DatastreamError::BoundNotAnInteger,
        ),
        (
            (1, "integer", Some(f64::NAN), None),
            DatastreamError::BoundNotAnInteger,
        ),
        (
            (1, "double", Some(f64::NAN), None),
            DatastreamError::BoundNotFinite,
        ),
        (
            (1, "boolean", Some(0.0), None),
            DatastreamError::ForeignField("min"),
        ),
        (
            (1, "integer", Some(9.0), Some(1.0)),
            DatastreamError::MinAboveMax,
        ),
        ((1, "enumerable", None, None), DatastreamError::NoValues),
    ] {
        assert_eq!(template_from_rows(&[row]), Err(error), "{row:?}");
    }
    let mut parts = DatastreamParts::new("enumerable");
    parts.values = Some(&[1, 2]);
    parts.fallback = Some(3);
    assert_eq!(
        Datastream::from_parts(&parts),
        Err(DatastreamError::FallbackNotAValue)
    );
    assert_eq!(Number::from(3_i64), Number::from(3.0));
}
