//! Section 3: the outcome of every segment.

use super::super::results;
use super::template;

/// Returns the results, each as the updates or the reason or kind, pin and span of the error.
fn shown(query: &str) -> Vec<String> {
    let template = template();
    let results = results(query.as_bytes(), |_| Some(&template)).expect("a valid token");
    let shown = results.into_iter().map(|result| match result {
        Ok(update) => update.to_string(),
        Err(rejection) => rejection.to_string(),
    });
    shown.collect()
}

#[test]
fn every_segment_but_the_first_token_is_one_item() {
    assert_eq!(
        shown("v1=x&&token=t&v2=1&w=1&token=t&v77=1&V1=1&v3=ab"),
        [
            "not_an_integer of v1 at 3..4",
            "v2=1.0",
            "invalid_pin at 19..20",
            "duplicate_token at 23..28",
            "unknown_pin of v77 at 31..34",
            "duplicate_pin of v1 at 37..39",
            "v3=ab",
        ]
    );
}

#[test]
fn a_request_without_other_segments_has_the_item_no_pins() {
    assert_eq!(shown("token=t"), ["no_pins at 7..7"]);
    assert_eq!(shown("&token=t&&"), ["no_pins at 10..10"]);
    assert_eq!(shown("token=t&token=t"), ["duplicate_token at 8..13"]);
}

#[test]
fn two_halves_of_a_location_are_one_item() {
    assert_eq!(shown("token=t&v5=1&v5=2&v6=1"), ["v5=1.0,2.0", "v6=true"]);
    assert_eq!(
        shown("token=t&v5=1&v5=x&v6=1"),
        ["not_a_double of v5 at 16..17", "v6=true"]
    );
}

#[test]
fn a_segment_after_a_longitude_without_its_latitude_is_an_item() {
    let expected = ["no_latitude of v5 at 11..12", "v6=true"];
    assert_eq!(shown("token=t&v5=1&v6=1"), expected);
    assert_eq!(
        shown("v5=1&token=t&v6=1"),
        ["no_latitude of v5 at 3..4", "v6=true"]
    );
    assert_eq!(
        shown("v5=1&token=t&v5=2"),
        ["no_latitude of v5 at 3..4", "duplicate_pin of v5 at 13..15"]
    );
}

#[test]
fn an_invalid_longitude_does_not_take_the_next_segment() {
    assert_eq!(
        shown("token=t&v5=x&v5=2"),
        [
            "not_a_double of v5 at 11..12",
            "duplicate_pin of v5 at 13..15"
        ]
    );
}

#[test]
fn errors_of_the_first_token_have_no_results() {
    let template = template();
    for (query, kind) in [
        ("v1=1", "missing_token"),
        ("token=&v1=1", "invalid_token"),
        ("token=unknown&v1=1", "unknown_token"),
    ] {
        let known = |token: &str| (token != "unknown").then_some(&template);
        let rejection = results(query.as_bytes(), known).unwrap_err();
        assert_eq!(rejection.kind, kind, "{query}");
    }
}
