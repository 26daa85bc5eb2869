//! Every row of the contract, line by line: `tests/spec/*.txt`.
//!
//! After a changed rule, `BLESS=1 cargo test --test spec` rewrites the outcomes on which library
//! and reference agree, and prints the difference.
#![allow(missing_docs)]

use std::io::Write;
use std::path::Path;
use std::{env, fs, io};

use pinquery::VirtualPin;
use pinquery_test_support::notation;
use pinquery_test_support::plain::{Update, Updates, Value};
use pinquery_test_support::spec::{bless, cases, changed, files};

/// Judges each line of each file by the library, in one call and in two steps, and by the
/// reference.
#[test]
fn every_line_of_every_file_holds() {
    let mut count = 0;
    let mut failures = String::new();
    for (name, _) in files() {
        let path = Path::new(FOLDER).join(&name);
        let mut text = fs::read_to_string(&path).unwrap();
        if env::var_os("BLESS").is_some() {
            let (blessed, difference) = bless(&text);
            fs::write(&path, &blessed).unwrap();
            // Not by a macro: the harness would keep it to itself.
            io::stderr().write_all(difference.as_bytes()).unwrap();
            text = blessed;
        }
        count += cases(&text).count();
        for (old, new) in changed(&text) {
            failures += &format!("{name}:\n-{old}\n+{new}\n");
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(count >= 1118, "{count} lines, some are lost");
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/spec");

#[test]
fn a_changed_rule_is_written_into_the_file() {
    let kept = "# A comment.\nv1:boolean | token=T&v1=1 => v1=true\n";
    let old = "v1:integer(0,9) | token=T&v1=10 => v1=10\n";
    let new = "v1:integer(0,9) | token=T&v1=10 => v1=9 (max)\n";
    let (blessed, difference) = bless(&format!("{kept}{old}"));
    assert_eq!(blessed, format!("{kept}{new}"));
    assert_eq!(difference, format!("-{old}+{new}"));
    assert_eq!(bless(&blessed), (blessed.clone(), String::new()));
}

#[test]
fn the_real_queries_are_those_of_the_table() {
    let table = include_str!("data/real_queries.tsv");
    let queries = table
        .lines()
        .skip(1)
        .map(|row| row.split('\t').nth(1).unwrap());
    let specified = cases(include_str!("spec/real.txt")).map(|(_, case)| case.query);
    assert!(queries.map(str::as_bytes).eq(specified));
}

#[test]
fn values_are_compared_by_type_and_bit_by_bit() {
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
