//! The seeds of the fuzz targets, replayed: every one, through the function that its target runs.
//!
//! `fuzz/outcomes` says what becomes of each, so that a seed that no longer means what it was kept
//! for is noticed; `BLESS=1 cargo test --test seeds --features serde` writes it anew, and adds seeds
//! for what none reaches, such as a new type of datastream.
//! `fuzz/renew` makes other seeds.
#![allow(missing_docs)]

#[path = "seeds/corpus.rs"]
mod corpus;
#[path = "seeds/outcome.rs"]
mod outcome;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{env, fs};

use pinquery::{Adjustment, Datastream};
use pinquery_test_support::reference::{KINDS, reasons};
use pinquery_test_support::targets::{self, Summary};

type Target = fn(&[u8]) -> Summary;

const TARGETS: &[(&str, Target)] = &[
    ("parse", targets::parse),
    ("against_reference", targets::against_reference),
    ("against_form_urlencoded", targets::against_form_urlencoded),
    ("number", targets::number),
    ("roundtrip", targets::roundtrip),
    #[cfg(feature = "serde")]
    ("template", |seed| targets::template(seed, read)),
];

#[cfg(feature = "serde")]
fn read(json: &[u8]) -> Result<pinquery::Template, String> {
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

fn fuzz(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(folder)
}

/// The seeds of a target by name.
fn seeds(target: &str) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(fuzz("seeds").join(target)).expect("the seeds are in the repository");
    let seed = |file: fs::DirEntry| {
        let name = file.file_name().into_string().unwrap();
        (name, fs::read(file.path()).unwrap())
    };
    files.map(|file| seed(file.unwrap())).collect()
}

/// What becomes of each seed, a line for each.
fn outcomes(target: &str, parse: Target) -> String {
    let mut lines = String::new();
    for (name, seed) in seeds(target) {
        // The name of the seed that fails is the last line before the panic.
        println!("{target}/{name}");
        match parse(&seed) {
            Some(summary) => lines += &format!("{name} {summary}\n"),
            None if is_blessed() => {
                fs::remove_file(fuzz("seeds").join(target).join(name)).unwrap();
            }
            None => panic!("a seed that says nothing to {target}"),
        }
    }
    lines
}

fn is_blessed() -> bool {
    env::var_os("BLESS").is_some()
}

#[test]
fn every_seed_means_what_it_was_kept_for() {
    if is_blessed() {
        LazyLock::force(&COMPLETED);
    }
    for &(target, parse) in TARGETS {
        let file = fuzz("outcomes").join(format!("{target}.txt"));
        let found = outcomes(target, parse);
        if is_blessed() {
            fs::write(&file, &found).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap();
        let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
        let (kept, found) = (lines(&kept), lines(&found));
        let (lost, new) = (&kept - &found, &found - &kept);
        assert!(lost == new, "{target}: -{lost:#?} +{new:#?}");
    }
}

/// What no seed reaches is found by luck. Blessing takes what is missing from the spec lines.
#[test]
fn the_seeds_reach_every_outcome() {
    if is_blessed() {
        LazyLock::force(&COMPLETED);
    }
    for &(target, _) in TARGETS {
        let missing = missing(target);
        assert!(
            missing.is_empty(),
            "{target}: no seed reaches {missing:?}: BLESS=1 cargo test --features serde --test seeds"
        );
    }
    let outcomes = fs::read_to_string(fuzz("outcomes/template.txt")).unwrap();
    for reason in TEMPLATE_ERRORS {
        assert!(outcomes.contains(reason), "template.txt: {reason}");
    }
}

/// Every type, kind, reason and adjustment that a target can tell and none of its seeds reaches.
fn missing(target: &str) -> BTreeSet<&'static str> {
    let mut missing = BTreeSet::new();
    let adjustments = Adjustment::ALL.iter().map(|adjusted| adjusted.name());
    if outcome::has_updates(target) {
        missing.extend(Datastream::TYPES);
        missing.extend(adjustments);
    }
    if matches!(target, "parse" | "against_reference") {
        missing.extend(KINDS);
        missing.extend(reasons());
    }
    for seed in seeds(target).values() {
        for reached in outcome::reached(target, seed) {
            missing.remove(reached);
        }
    }
    missing
}

/// Seeds for what is missing, each named after it.
static COMPLETED: LazyLock<()> = LazyLock::new(|| {
    for &(target, _) in TARGETS {
        while let Some(wanted) = missing(target).pop_first() {
            let mut inputs = corpus::of(target).into_iter();
            let reaches = |input: &Vec<u8>| outcome::reached(target, input).contains(wanted);
            let input = inputs.find(reaches).unwrap_or_else(|| {
                panic!("no line of tests/spec brings {wanted} to {target}: write one, with a pin of FUZZ_TEMPLATE in tests/support/src/types")
            });
            fs::write(fuzz("seeds").join(target).join(wanted), input).unwrap();
        }
    }
});

/// Why a template in JSON is refused.
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

/// Every spec line is a good seed too: the files are only some of them, to stay few.
#[test]
fn every_spec_line_holds_in_every_target_of_queries() {
    for case in corpus::spec_lines() {
        targets::parse(&case.query);
        targets::against_form_urlencoded(&case.query);
        targets::FUZZ_TEMPLATE.agree(&case.query);
    }
}

/// For `fuzz/renew`: the first inputs of each target, the same each time.
#[test]
#[ignore = "writes to fuzz/corpus"]
fn write_the_first_inputs() {
    for (target, _) in TARGETS {
        let folder = fuzz("corpus").join(target);
        fs::create_dir_all(&folder).unwrap();
        for (index, input) in corpus::of(target).into_iter().enumerate() {
            fs::write(folder.join(format!("{index:04}")), input).unwrap();
        }
    }
}
