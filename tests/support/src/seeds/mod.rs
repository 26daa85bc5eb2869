//! The seeds of the fuzz targets: sorted lines of `<input> => <outcome>` in
//! `fuzz/seeds/<target>.txt`.

mod coverage;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub use coverage::{missing, reached};

use crate::escaping::{escape, unescape};

/// The inputs of a target with their outcomes.
pub type Seeds = BTreeMap<Vec<u8>, String>;

const SEPARATOR: &str = " => ";

/// Returns the path of a target's seeds.
#[must_use]
pub fn file(target: &str) -> PathBuf {
    fuzz().join("seeds").join(target).with_extension("txt")
}

/// Returns the path of a target's corpus, which is not tracked.
#[must_use]
pub fn corpus(target: &str) -> PathBuf {
    fuzz().join("corpus").join(target)
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// Reads the seeds of a target.
///
/// # Panics
///
/// If the file is missing or a line has no outcome.
#[must_use]
pub fn read(target: &str) -> Seeds {
    let path = file(target);
    let text = fs::read_to_string(&path);
    parse(&text.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Parses lines of seeds.
///
/// # Panics
///
/// If a line has no outcome.
#[must_use]
pub fn parse(text: &str) -> Seeds {
    let seed = |line: &str| {
        let (input, outcome) = line.split_once(SEPARATOR).expect("an input and an outcome");
        (unescape(input), outcome.to_owned())
    };
    text.lines().map(seed).collect()
}

/// Writes lines of seeds.
#[must_use]
pub fn lines(seeds: &Seeds) -> String {
    let line = |(input, outcome): (&Vec<u8>, &String)| {
        let input = escape(input).replace(SEPARATOR, r"\s=> ");
        format!("{input}{SEPARATOR}{outcome}\n")
    };
    seeds.iter().map(line).collect()
}
