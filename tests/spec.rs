//! Checks every line of `tests/spec/*.txt` against the library, in one call and in two steps, and
//! against the reference.
//!
//! After a rule changes, `cargo run -p pinquery-test-support --features serde -- bless` updates the
//! outcomes on which library and reference agree, and prints the difference.
#![allow(missing_docs)]

use pinquery::VirtualPin;
use pinquery_test_support::notation;
use pinquery_test_support::plain::{Update, Updates, Value};
use pinquery_test_support::spec::{bless, cases, changed, files};

#[test]
fn spec_outcomes_are_unchanged() {
    let mut count = 0;
    let mut failures = String::new();
    for (name, text) in files() {
        count += cases(&text).count();
        for (old, new) in changed(&text) {
            failures += &format!("{name}:\n-{old}\n+{new}\n");
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(count >= 1143, "only {count} lines");
}

#[test]
fn blessing_replaces_changed_outcomes_only() {
    let kept = "# A comment.\nv1:boolean | token=T&v1=1 => v1=true\n";
    let old = "v1:integer(0,9) | token=T&v1=10 => v1=10\n";
    let new = "v1:integer(0,9) | token=T&v1=10 => v1=9 (max)\n";
    let (blessed, difference) = bless(&format!("{kept}{old}"));
    assert_eq!(blessed, format!("{kept}{new}"));
    assert_eq!(difference, format!("-{old}+{new}"));
    assert_eq!(bless(&blessed), (blessed.clone(), String::new()));
}

#[test]
fn real_queries_match_the_table() {
    let table = include_str!("data/real_queries.tsv");
    let queries = table
        .lines()
        .skip(1)
        .map(|row| row.split('\t').nth(1).unwrap());
    let specified = cases(include_str!("spec/real.txt")).map(|(_, case)| case.query);
    assert!(queries.map(str::as_bytes).eq(specified));
}

#[test]
fn values_of_different_types_or_bits_differ() {
    let update = |value| Update {
        pin: VirtualPin(1),
        value,
        adjusted: None,
    };
    let updates = |value| Updates(vec![update(value)]);
    assert_ne!(updates(Value::Double(0.0)), updates(Value::Double(-0.0)));
    assert_ne!(updates(Value::Integer(1)), updates(Value::Enumerable(1)));
    let integer = notation::datastream("integer").unwrap();
    assert!(integer.accepts(&update(Value::Integer(1))));
    assert!(!integer.accepts(&update(Value::Enumerable(1))));
}
