//! No byte of a query appears in log messages.

use std::collections::BTreeSet;
use std::fmt::Debug;

use pinquery::{BatchUpdate, Datastream, Pairs, Template, Token, VirtualPin, parse};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::cases;

/// Letters that the crate's messages and type names do not contain, so they can only come from the
/// query.
const SECRET: [char; 5] = ['Z', 'Q', 'X', 'J', 'K'];

fn secret() -> impl Strategy<Value = String> {
    vec(select(SECRET.to_vec()), 1..40).prop_map(String::from_iter)
}

/// Segments, with `S` where a secret is inserted.
const SHAPES: [&str; 14] = [
    "token=S",
    "token=S",
    "token=%53S",
    "token=S%20S",
    "token=",
    "v1=S",
    "v1=1",
    "v9=S",
    "vS=S",
    "S=S",
    "v2=%ZZS",
    "v2=S",
    "S",
    "v5=1&v5=S",
];

fn query() -> impl Strategy<Value = String> {
    vec((select(SHAPES.to_vec()), secret()), 1..5).prop_map(|segments| {
        let segments = segments
            .iter()
            .map(|(shape, secret)| shape.replace('S', secret));
        segments.collect::<Vec<_>>().join("&")
    })
}

fn template() -> Template {
    Template::new()
        .with(VirtualPin(1), Datastream::integer(..).unwrap())
        .with(VirtualPin(2), Datastream::string_up_to(20))
        .with(VirtualPin(5), Datastream::location())
}

fn check_debug(value: &impl Debug) {
    check_text(&format!("{value:?}"));
    check_text(&format!("{value:#?}"));
}

#[track_caller]
fn check_text(text: &str) {
    assert!(!text.contains(SECRET), "{text}");
}

/// Checks everything that may be logged. Returns the kind of the error.
fn check(query: &str) -> Option<&'static str> {
    let mut pairs = Pairs::new(query);
    check_debug(&pairs);
    while let Some(pair) = pairs.next() {
        check_debug(&(&pairs, pair, pair.name, pair.pin()));
        check_debug(&Token::new(pair.value));
        if let Err(error) = pair.value.decode() {
            check_debug(&error);
            check_text(&error.to_string());
        }
    }
    if let Ok(request) = BatchUpdate::parse(query) {
        check_debug(&(&request, request.token(), request.unknown_token()));
        let template = template();
        let results = request.results(&template);
        check_debug(&results);
        for error in results.filter_map(Result::err) {
            check_debug(&error);
            check_text(&error.to_string());
        }
    }
    let error = parse(query, |token| {
        (token.len() != 3).then(|| Box::new(template()))
    })
    .err()?;
    check_debug(&(error, error.kind()));
    check_text(&format!("{error} {} {}", error.kind(), error.body()));
    Some(error.kind().name())
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn log_messages_contain_no_byte_of_the_query(query in query()) {
        check(&query);
    }
}

#[test]
fn secrets_are_tested_with_every_kind_of_error() {
    let queries = [
        "v1=Z",
        "token=Z%20",
        "token=ZZZ",
        "token=Z&token=Z",
        "token=Z&Z=1",
        "token=Z&v9=Z",
        "token=Z&v2=Z&v2=Z",
        "token=Z&v1=Z",
        "token=Z",
    ];
    let kinds: BTreeSet<_> = queries.iter().filter_map(|query| check(query)).collect();
    assert_eq!(kinds.len(), 9);
}
