//! Checks that every type, reason and field of a datastream is covered wherever it must be. Each
//! message says what to write, and where.
//!
//! Other places have their own checks: the fuzz seeds in `seeds.rs`, the link-time no-panic check
//! and the server's tables by iterating over the types, the C API in `capi`, the public API in
//! `.ci/public-api`.
#![allow(missing_docs)]

use std::collections::BTreeSet;

use pinquery::{Datastream, Reason};
use pinquery_test_support::{notation, reference, spec, types};

const CONTRACT: &str = include_str!("../CONTRACT.md");

fn names() -> BTreeSet<&'static str> {
    Datastream::TYPES.iter().copied().collect()
}

fn reasons() -> BTreeSet<&'static str> {
    Reason::ALL.iter().map(|reason| reason.name()).collect()
}

fn fields() -> BTreeSet<&'static str> {
    Datastream::FIELDS.iter().copied().collect()
}

#[track_caller]
fn assert_none(missing: BTreeSet<&str>, write: &str) {
    assert!(missing.is_empty(), "{missing:?}: write {write}");
}

#[test]
fn test_support_has_every_type() {
    let support = types::TYPES.iter().copied().collect();
    assert_none(&names() - &support, "a file in tests/support/src/types");
    assert_none(&support - &names(), "it in src: test support has it");
}

#[test]
fn test_support_has_every_reason() {
    let support = reference::reasons();
    let write = "it in REASONS of its type in tests/support/src/types";
    assert_none(&reasons() - &support, write);
    assert_none(&support - &reasons(), "it in src: test support has it");
}

/// Returns the types of the pins in a query.
fn of_query(case: &spec::Case) -> BTreeSet<&'static str> {
    let template = notation::template(&case.template).expect("a template of the spec");
    let pins = pinquery::Pairs::new(&case.query).filter_map(|pair| pair.pin());
    pins.filter_map(|pin| Some(template.get(&pin.0)?.type_name()))
        .collect()
}

#[test]
fn spec_has_a_file_for_every_type() {
    let files = spec::files();
    for name in names() {
        let file = format!("{name}.txt");
        let write = format!("tests/spec/{file}, with accepted and rejected values");
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
fn spec_reaches_every_reason() {
    let mut reached = BTreeSet::new();
    for (_, text) in spec::files() {
        for (_, case) in spec::cases(&text) {
            let reason = Reason::ALL.iter().map(|reason| reason.name());
            reached.extend(reason.filter(|name| case.rejection() == Some(name)));
        }
    }
    assert_none(&reasons() - &reached, "a line in tests/spec");
}

/// Returns the first cell of every row of a page, without backticks.
fn first_cells(page: &str) -> BTreeSet<&str> {
    let cells = page.lines().filter_map(|row| row.strip_prefix("| "));
    cells
        .filter_map(|row| Some(row.split(" |").next()?.trim_matches('`')))
        .collect()
}

#[test]
fn contract_has_a_row_for_every_type_and_reason() {
    let (kinds, rest) = CONTRACT.split_once("\n## 4. Values\n").expect("section 4");
    let (values, _) = rest.split_once("\n## ").expect("section 5");
    assert_none(
        &names() - &first_cells(values),
        "a row in section 4 of CONTRACT.md",
    );
    let (_, json) = CONTRACT
        .split_once("\n| value | as JSON |")
        .expect("section 6");
    let (json, _) = json.split_once("\n\n").expect("the end of the table");
    let written = first_cells(json)
        .into_iter()
        .flat_map(|cell| cell.split(", "))
        .collect();
    assert_none(
        &names() - &written,
        "a row in the table of values in section 6 of CONTRACT.md",
    );
    assert_none(
        &reasons() - &first_cells(kinds),
        "a row in section 3 of CONTRACT.md",
    );
}

#[test]
fn fuzz_template_assigns_each_pin_once() {
    let parse = |entries: &&str| notation::template(entries).expect(entries).len();
    let separate: usize = types::FUZZ_TEMPLATE.iter().map(parse).sum();
    let together = notation::template(&types::FUZZ_TEMPLATE.join(" ")).unwrap();
    assert_eq!(
        together.len(),
        separate,
        "a pin of FUZZ_TEMPLATE is repeated"
    );
}

#[test]
fn changelog_names_every_type() {
    let log = include_str!("../CHANGELOG.md");
    let words: BTreeSet<_> = log.split(|c: char| !c.is_ascii_lowercase()).collect();
    assert_none(&names() - &words, "it in CHANGELOG.md");
}

/// Returns the fields in JSON text.
fn fields_in(text: &str) -> BTreeSet<&'static str> {
    let is_in = |field: &&str| text.contains(&format!(r#""{field}":"#));
    fields().into_iter().filter(is_in).collect()
}

#[test]
fn contract_has_every_field() {
    let blocks = CONTRACT.split("```json").skip(1);
    let json: String = blocks
        .map(|block| block.split("```").next().unwrap())
        .collect();
    let write = "it in a template of CONTRACT.md";
    assert_none(&fields() - &fields_in(&json), write);
    let (_, section) = CONTRACT.split_once("\n## 6. ").expect("section 6");
    let is_explained = |field: &&str| section.contains(&format!("`{field}`"));
    let explained = fields().into_iter().filter(is_explained).collect();
    assert_none(
        &fields() - &explained,
        "it in the text of section 6 of CONTRACT.md",
    );
}

#[test]
fn json_test_has_every_field() {
    let (_, json) = include_str!("json.rs")
        .split_once("const SERIALIZED: ")
        .expect("datastreams in JSON");
    let (json, _) = json.split_once("];").expect("the end of the list");
    let write = "it in SERIALIZED of tests/json.rs";
    assert_none(&fields() - &fields_in(json), write);
}

/// Datastreams of the spec as the library serializes them.
#[cfg(feature = "serde")]
mod serialized {
    use super::*;

    use pinquery_test_support::json;
    use serde_json::{Map, Value};
    use types::Datastream;

    fn datastreams() -> Vec<Datastream> {
        let mut datastreams = Vec::new();
        for (_, text) in spec::files() {
            for (_, case) in spec::cases(&text) {
                let template = notation::template(&case.template).expect("a template of the spec");
                datastreams.extend(template.into_values());
            }
        }
        datastreams
    }

    fn serialize(datastream: &Datastream) -> Map<String, Value> {
        let datastream = datastream.build().expect("a datastream of the spec");
        let json = serde_json::to_value(datastream).expect("a serializable datastream");
        json.as_object().expect("an object").clone()
    }

    #[test]
    fn spec_sets_every_field() {
        let mut set = BTreeSet::new();
        for datastream in datastreams() {
            let default = notation::datastream(datastream.type_name());
            let default = default.filter(Datastream::is_valid);
            let default = default.as_ref().map(serialize).unwrap_or_default();
            let json = serialize(&datastream);
            let is_set = |field: &&str| json.get(*field) != default.get(*field);
            set.extend(fields().into_iter().filter(is_set));
        }
        let write =
            "it in `parse_bounds` of its type in tests/support/src/types, and a line in tests/spec";
        assert_none(&fields() - &set, write);
    }

    #[test]
    fn test_support_reads_every_field() {
        for datastream in datastreams() {
            let text = Value::from(serialize(&datastream)).to_string();
            let entries = [("v1".to_owned(), serde_json::from_str(&text).unwrap())];
            let read = json::template(&entries).ok();
            let read = read.map(|template| template[&1].build());
            let write = "its fields in `from_json` of the type in tests/support/src/types";
            assert!(read == Some(datastream.build()), "{text}: write {write}");
        }
    }
}
