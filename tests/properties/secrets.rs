//! No byte of a query in what ends up in logs.

use std::collections::BTreeSet;
use std::fmt::Debug;

use pinquery::{BatchUpdate, Datastream, Pairs, Template, Token, VirtualPin, parse};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::cases;

/// Letters that no message of the crate and no name of a type has: one of them in a text is of
/// the query.
const SECRET: [char; 5] = ['Z', 'Q', 'X', 'J', 'K'];

fn secret() -> impl Strategy<Value = String> {
    vec(select(SECRET.to_vec()), 1..40).prop_map(String::from_iter)
}

/// Where a secret stands in a segment.
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

fn keeps_quiet(value: &impl Debug) {
    says_nothing(&format!("{value:?}"));
    says_nothing(&format!("{value:#?}"));
}

#[track_caller]
fn says_nothing(text: &str) {
    assert!(!text.contains(SECRET), "{text}");
}

/// The texts of all that may be logged; gives the error's kind.
fn hold(query: &str) -> Option<&'static str> {
    let mut pairs = Pairs::new(query);
    keeps_quiet(&pairs);
    while let Some(pair) = pairs.next() {
        keeps_quiet(&(&pairs, pair, pair.name, pair.pin()));
        keeps_quiet(&Token::new(pair.value));
        if let Err(error) = pair.value.decode() {
            keeps_quiet(&error);
            says_nothing(&error.to_string());
        }
    }
    if let Ok(request) = BatchUpdate::parse(query) {
        keeps_quiet(&(&request, request.token(), request.unknown_token()));
    }
    let error = parse(query, |token| {
        (token.len() != 3).then(|| Box::new(template()))
    })
    .err()?;
    keeps_quiet(&(error, error.kind()));
    says_nothing(&format!("{error} {} {}", error.kind(), error.body()));
    Some(error.kind().name())
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn no_byte_of_a_query_is_in_a_text_for_logs(query in query()) {
        hold(&query);
    }
}

#[test]
fn the_secrets_reach_every_kind_of_error() {
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
    let kinds: BTreeSet<_> = queries.iter().filter_map(|query| hold(query)).collect();
    assert_eq!(kinds.len(), 9);
}
