//! The outcomes of queries. An expected error has brackets around its span.

use pinquery::{BatchUpdate, Datastream, Error, Template, Update, VirtualPin};
use pinquery_endpoints::{get, update};

fn parse<T>(
    query: &str,
    endpoint: fn(&BatchUpdate<'_>, &Template) -> Result<T, Error>,
) -> Result<T, Error> {
    let template = Template::from([
        (VirtualPin(1), Datastream::integer(0..=100).expect("bounds")),
        (VirtualPin(2), Datastream::double(..).expect("bounds")),
        (VirtualPin(3), Datastream::string_up_to(64)),
        (VirtualPin(5), Datastream::location()),
    ]);
    endpoint(&BatchUpdate::parse(query)?, &template)
}

fn show(updates: &[Update]) -> String {
    let updates: Vec<_> = updates.iter().map(Update::to_string).collect();
    updates.join(", ")
}

/// Describes an error, with brackets around its span.
fn describe(query: &str, error: Error) -> String {
    let kind = error.kind().name();
    let name = error.reason().map_or(kind, |reason| reason.name());
    let pin = error
        .pin()
        .map_or_else(String::new, |pin| format!(" of {pin}"));
    let (before, rest) = query.split_at(error.span().start);
    let (span, after) = rest.split_at(error.span().len());
    format!("{name}{pin}: {before}[{span}]{after}")
}

#[test]
fn both_forms_of_update_are_accepted() {
    for (rest, expected) in [
        ("v1=5", "v1=5"),
        ("v1=133&V2=44", "v1=100 (max), v2=44.0"),
        ("v5=24.94&v5=60.17", "v5=24.94,60.17"),
        ("pin=V1&value=133", "v1=100 (max)"),
        ("value=5&pin=v1", "v1=5"),
        ("p%69n=V%31&val%75e=%35", "v1=5"),
        ("pin=V3&value=water+low", "v3=water low"),
        ("pin=V3&value", "v3="),
        ("pin=V5&value=24.94,60.17", "v5=24.94,60.17"),
        ("pin=V5&value=+24.94&value=%36%30.17", "v5=24.94,60.17"),
        ("value=24.94&pin=V5&&value=60.17&", "v5=24.94,60.17"),
    ] {
        let updates = parse(&format!("token=t&{rest}"), update);
        assert_eq!(updates.as_deref().map(show), Ok(expected.to_owned()));
    }
}

#[test]
fn an_invalid_update_is_rejected() {
    for expected in [
        "no_pins: token=t&[]",
        "no_pins: token=t&pin=V1[]",
        "no_pins: token=t&value=5&[]",
        "invalid_pin: token=t&[dataStreamId]=1&value=5",
        "invalid_pin: token=t&v1=5&[pin]=V2",
        "invalid_pin: token=t&pin=V1&[v2]=5",
        "invalid_pin: token=t&pin=V1&[Value]=5",
        "invalid_pin: token=t&[%zz]=V1&value=5",
        "invalid_pin: token=t&pin=V1&[]=5",
        "invalid_pin: token=t&pin=[]&value=5",
        "invalid_pin: token=t&pin=[7]&value=5",
        "invalid_pin: token=t&pin=[token]&value=5",
        "unknown_pin of v4: token=t&pin=[V4]&value=5",
        "unknown_pin of v4: token=t&[v4]=5",
        "invalid_pin: token=t&pin=V1&[pin]=v1&value=5",
        "duplicate_pin of v1: token=t&pin=V1&value=5&[value]=5",
        "duplicate_pin of v3: token=t&pin=V3&value=1&[value]=2",
        "duplicate_pin of v5: token=t&pin=V5&value=1,2&[value]=3",
        "duplicate_pin of v5: token=t&pin=V5&value=1&value=2&[value]=3",
        "duplicate_token: token=t&pin=V1&value=5&[token]=t",
        "duplicate_token: token=t&[token]=t&pin=V1&value=5",
        "not_an_integer of v1: token=t&pin=V1&value=[5.5]&value=5",
        "malformed_escape of v1: token=t&pin=V1&value=[%zz]",
        "no_latitude of v5: token=t&pin=V5&value=[1]",
        "out_of_range of v5: token=t&pin=V5&value=[200]&value=1",
        "out_of_range of v5: token=t&pin=V5&value=1&value=[91]",
        "not_a_double of v5: token=t&pin=V5&value=1&value=[2,3]",
        "malformed_escape of v5: token=t&pin=V5&value=1&value=[%4]",
        "invalid_utf8 of v5: token=t&pin=V5&value=1&value=[%FF]",
    ] {
        rejected_as(expected, update);
    }
}

#[test]
fn an_invalid_get_is_rejected() {
    for expected in [
        "no_pins: token=t[]",
        "invalid_pin: token=t&v1&[%zz]",
        "invalid_pin: token=t&v1=[5]",
        "invalid_pin: token=t&[pins]=V1",
        "invalid_pin: token=t&[Pin]=V1",
        "invalid_pin: token=t&pin[]",
        "invalid_pin: token=t&pin=[7]",
        "invalid_pin: token=t&pin=[V1,V2]",
        "invalid_pin: token=t&pin=[V256]",
        "invalid_pin: token=t&pin=V1&[value]=5",
        "unknown_pin of v4: token=t&pin=[V4]",
        "duplicate_pin of v1: token=t&v1&pin=[V1]",
        "duplicate_token: token=t&pin=V1&[token]=t",
        "unknown_pin of v4: token=t&v1&[v4]",
        "duplicate_pin of v1: token=t&v1&[V1]",
        "duplicate_token: token=t&v1&[token]=t",
    ] {
        rejected_as(expected, get);
    }
}

#[test]
fn both_forms_of_get_are_accepted() {
    for query in [
        "V2&token=t&v%31=",
        "p%69n=V%32&token=t&pin=v1",
        "token=t&v2&pin=V1",
    ] {
        let pins = parse(query, get);
        assert_eq!(pins, Ok(vec![VirtualPin(2), VirtualPin(1)]), "{query}");
    }
}

#[track_caller]
fn rejected_as<T>(expected: &str, endpoint: fn(&BatchUpdate<'_>, &Template) -> Result<T, Error>) {
    let (_, marked) = expected.split_once(": ").expect("the query follows");
    let query = marked.replace(['[', ']'], "");
    let error = parse(&query, endpoint).err();
    let described = error.map(|error| describe(&query, error));
    assert_eq!(described.as_deref(), Some(expected));
}

/// `pin=V5&value=1&value=2` has the outcome of `v5=1&v5=2`, whatever the pin and the values.
#[test]
fn the_older_form_has_the_outcome_of_a_batch() {
    const VALUES: &[&str] = &["1", "91", "200", "1,2", "1,2,3", ",", "x", "", "%4", "%FF"];

    for pin in 1..=5 {
        for first in VALUES {
            same_as_batch(pin, &[first]);
            for second in VALUES {
                same_as_batch(pin, &[first, second]);
                for third in VALUES {
                    same_as_batch(pin, &[first, second, third]);
                }
            }
        }
    }
}

fn same_as_batch(pin: u8, values: &[&str]) {
    let outcome = |query: &str| {
        let updates = parse(query, update);
        updates.map_err(|error| (error.kind(), error.reason(), error.pin()))
    };
    let older = values.iter().map(|value| format!("&value={value}"));
    let older = format!("token=t&pin=V{pin}{}", older.collect::<String>());
    let batch = values.iter().map(|value| format!("&v{pin}={value}"));
    let batch = format!("token=t{}", batch.collect::<String>());
    assert_eq!(outcome(&older), outcome(&batch), "{older} and {batch}");
}
