//! Every type of datastream, and every reason to refuse a value, is in every place where it has to
//! be. Each message says what to write, and where.
//!
//! The other places are held elsewhere: the seeds of the fuzz targets in `seeds.rs`, the link proof
//! and the server's tables by walking over the types, the C face in `capi`, the surface in
//! `.ci/public-api`.
#![allow(missing_docs)]

use std::collections::BTreeSet;

use pinquery::{Datastream, Reason};
use pinquery_test_support::{notation, reference, spec, types};

fn names() -> BTreeSet<&'static str> {
    Datastream::TYPES.iter().copied().collect()
}

/// What may be wrong with a value.
fn reasons() -> BTreeSet<&'static str> {
    Reason::ALL.iter().map(|reason| reason.name()).collect()
}

#[track_caller]
fn none_is_missing(missing: BTreeSet<&str>, write: &str) {
    assert!(missing.is_empty(), "{missing:?}: write {write}");
}

#[test]
fn the_kit_has_every_type() {
    let support = types::TYPES.iter().copied().collect();
    none_is_missing(&names() - &support, "a file of tests/support/src/types");
    none_is_missing(&support - &names(), "it in src, the support has it");
}

#[test]
fn the_kit_has_every_reason() {
    let support = reference::reasons();
    let write = "it into REASONS of its type in tests/support/src/types";
    none_is_missing(&reasons() - &support, write);
    none_is_missing(&support - &reasons(), "it in src, the support has it");
}

/// The types of the pins that a spec line names in its query.
fn of_query(case: &spec::Case) -> BTreeSet<&'static str> {
    let template = notation::template(&case.template).expect("a template of the spec");
    let pins = pinquery::Pairs::new(&case.query).filter_map(|pair| pair.pin());
    pins.filter_map(|pin| Some(template.get(&pin.0)?.type_name()))
        .collect()
}

#[test]
fn the_spec_has_a_file_for_every_type() {
    let files = spec::files();
    for name in names() {
        let file = format!("{name}.txt");
        let write = format!("tests/spec/{file}, with values that fit and values that do not");
        let found = files.iter().find(|(found, _)| *found == file);
        let (_, text) = found.unwrap_or_else(|| panic!("write {write}"));
        let cases: Vec<_> = spec::cases(text).map(|(_, case)| case).collect();
        let own = cases.iter().filter(|case| of_query(case).contains(name));
        let rejections: Vec<_> = own.map(spec::Case::rejection).collect();
        let invalid = |why: &Option<&str>| why.is_some_and(|why| reasons().contains(why));
        assert!(rejections.contains(&None), "{write}");
        assert!(rejections.iter().any(invalid), "{write}");
    }
}

#[test]
fn the_spec_reaches_every_reason() {
    let mut reached = BTreeSet::new();
    for (_, text) in spec::files() {
        for (_, case) in spec::cases(&text) {
            let reason = Reason::ALL.iter().map(|reason| reason.name());
            reached.extend(reason.filter(|name| case.rejection() == Some(name)));
        }
    }
    none_is_missing(&reasons() - &reached, "a line for it in tests/spec");
}

/// The first cells of all rows of the contract, without backticks.
fn first_cells(page: &str) -> BTreeSet<&str> {
    let cells = page.lines().filter_map(|row| row.strip_prefix("| "));
    cells
        .filter_map(|row| Some(row.split(" |").next()?.trim_matches('`')))
        .collect()
}

#[test]
fn the_contract_has_a_row_for_every_type_and_every_reason() {
    let contract = include_str!("../CONTRACT.md");
    let (kinds, rest) = contract.split_once("\n## 4. Values\n").expect("section 4");
    let (values, _) = rest.split_once("\n## ").expect("section 5");
    none_is_missing(
        &names() - &first_cells(values),
        "a row of section 4 of CONTRACT.md",
    );
    let (_, json) = contract
        .split_once("\n| value | as JSON |")
        .expect("section 6");
    let (json, _) = json.split_once("\n\n").expect("the end of the table");
    let written = first_cells(json)
        .into_iter()
        .flat_map(|cell| cell.split(", "))
        .collect();
    none_is_missing(
        &names() - &written,
        "a row of the table of values in section 6 of CONTRACT.md",
    );
    none_is_missing(
        &reasons() - &first_cells(kinds),
        "a row of section 3 of CONTRACT.md",
    );
}

#[test]
fn the_changelog_names_every_type() {
    let log = include_str!("../CHANGELOG.md");
    let words: BTreeSet<_> = log.split(|c: char| !c.is_ascii_lowercase()).collect();
    none_is_missing(&names() - &words, "it into CHANGELOG.md");
}
