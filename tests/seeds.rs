//! Replays the seeds of the fuzz targets, `fuzz/seeds/*.txt`, on stable Rust.
//!
//! `cargo run -p pinquery-test-support --features serde -- bless` updates their outcomes and adds
//! seeds for a new type, kind, reason or adjustment; `fuzz/update` finds other seeds.
#![allow(missing_docs)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use pinquery_test_support::seeds::{self, Seeds};
use pinquery_test_support::targets::{self, ReadTemplate, TARGETS};
use pinquery_test_support::{Device, escaping, spec};

const BLESS: &str = "cargo run -p pinquery-test-support --features serde -- bless";

#[cfg(feature = "serde")]
const READ: ReadTemplate = targets::read_template::<pinquery::Template>;

#[cfg(not(feature = "serde"))]
const READ: ReadTemplate = |_| unreachable!("the target `template` is skipped");

#[test]
fn seed_outcomes_are_unchanged() {
    for target in TARGETS {
        if target == "template" && !cfg!(feature = "serde") {
            continue;
        }
        let mut changed = String::new();
        for (input, outcome) in seeds::read(target) {
            // If the target panics, the last line of the output is the seed.
            println!("{target}: {}", escaping::escape(&input));
            let found = targets::run(target, &input, READ);
            if found.as_ref() != Some(&outcome) {
                let input = escaping::escape(&input);
                changed += &format!("\n{input}\n  -{outcome}\n  +{found:?}");
            }
        }
        assert!(changed.is_empty(), "{target}: {BLESS}{changed}");
    }
}

#[test]
fn seeds_reach_every_type_kind_reason_and_adjustment() {
    for target in TARGETS {
        let missing = seeds::missing(target, seeds::read(target).keys());
        assert!(missing.is_empty(), "{target}: {missing:?}: {BLESS}");
    }
}

#[test]
fn seeds_reach_every_error_of_a_template() {
    let seeds = seeds::read("template");
    for error in TEMPLATE_ERRORS {
        let mut outcomes = seeds.values();
        assert!(outcomes.any(|outcome| outcome.contains(error)), "{error}");
    }
}

const TEMPLATE_ERRORS: [&str; 11] = [
    "key is not a pin",
    "duplicate pin",
    "unknown field",
    "duplicate field",
    "missing field",
    "unknown type",
    "invalid type",
    "is not a 64-bit integer",
    "min is above max",
    "values are empty",
    "fallback is not one of the values",
];

#[test]
fn seed_files_are_sorted_and_contain_no_duplicates() {
    for target in TARGETS {
        let text = std::fs::read_to_string(seeds::file(target)).unwrap();
        assert!(
            seeds::lines(&seeds::parse(&text)) == text,
            "{target}: {BLESS}"
        );
    }
}

#[test]
fn any_input_can_be_written_as_a_seed() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let inputs = [
        &every_byte[..],
        b"",
        b" ",
        b" a => b => \\n\\s ",
        b"\xC3\xA9",
    ];
    let seeds: Seeds = inputs
        .map(|input| (input.to_vec(), "v3=a => b".to_owned()))
        .into();
    assert_eq!(seeds::parse(&seeds::lines(&seeds)), seeds);
}

/// The seeds include only some of the spec lines.
#[test]
fn query_targets_accept_every_spec_line() {
    /// Longer queries are left to `spec.rs`.
    const LONGEST: usize = 3000;
    for (_, text) in spec::files() {
        for (_, case) in spec::cases(&text) {
            if case.query.len() <= LONGEST {
                targets::parse(&case.query);
                targets::against_form_urlencoded(&case.query);
                targets::FUZZ_TEMPLATE.agree(&case.query);
            }
        }
    }
}

/// Without these panics, the assertions of the fuzz targets and properties would check nothing.
#[test]
fn a_library_that_differs_from_the_reference_is_noticed() {
    let panics = |check: &dyn Fn()| catch_unwind(AssertUnwindSafe(check)).is_err();
    let mut device = Device::read("v1:integer(0,100)");
    let query = b"token=t&v1=101";
    device.agree(query);
    device.check_invariants(query);
    device.library = Device::read("v1:integer(0,101)").library;
    assert!(panics(&|| device.agree(query)));
    assert!(panics(&|| device.check_invariants(query)));
}
