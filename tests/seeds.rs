//! The seeds of the fuzz targets, replayed: every one, through the function that its target runs.
#![allow(missing_docs)]

#[path = "../fuzz/src/lib.rs"]
mod fuzz;
#[path = "support/seeds.rs"]
mod seeds;

use std::fs;
use std::path::{Path, PathBuf};

use arbitrary::{Arbitrary, Unstructured};

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target)
}

fn replay(target: &str, at_least: usize, judge: impl Fn(&[u8])) {
    let mut files: Vec<PathBuf> = fs::read_dir(folder(target))
        .expect("the seeds are in the repository")
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(
        files.len() >= at_least,
        "{} seeds, some are lost",
        files.len()
    );
    for file in files {
        // The name of the seed that fails is the last line before the panic.
        println!("{}", file.display());
        judge(&fs::read(&file).unwrap());
    }
}

#[test]
fn parse() {
    replay("parse", 80, fuzz::parse);
}

#[test]
fn against_reference() {
    replay("against_reference", 70, fuzz::against_reference);
}

#[test]
fn against_form_urlencoded() {
    replay("against_form_urlencoded", 30, fuzz::against_form_urlencoded);
}

#[test]
fn number() {
    replay("number", 40, fuzz::number);
}

#[test]
fn roundtrip() {
    replay("roundtrip", 10, |seed| {
        let plan = fuzz::Plan::arbitrary_take_rest(Unstructured::new(seed));
        fuzz::roundtrip(&plan.expect("a seed is a plan"));
    });
}

#[cfg(feature = "serde")]
#[test]
fn template() {
    replay("template", 20, fuzz::template);
}

/// Every spec line is a good seed too: the files are only some of them, to stay few.
#[test]
fn every_spec_line_holds_in_every_target_of_queries() {
    for query in seeds::spec_queries() {
        fuzz::parse(&query);
        fuzz::against_form_urlencoded(&query);
        for choice in 0..7 {
            fuzz::against_reference(&[&[choice], &query[..]].concat());
        }
    }
}

/// Makes the seeds anew from the real queries and the spec lines, the same each time:
/// `cargo test --test seeds -- --ignored`.
#[test]
#[ignore = "writes to fuzz/seeds"]
fn write_the_seeds() {
    for (target, seeds) in seeds::all(&fuzz::TEMPLATES) {
        let folder = folder(target);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        for (index, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("{index:03}")), seed).unwrap();
        }
    }
}
