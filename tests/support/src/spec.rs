//! Spec files: lines of `<template> | <query> => <outcome>`; see [`notation`](crate::notation),
//! [`escaping`](crate::escaping) and [`written`].

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::Device;
use crate::escaping::unescape;
use crate::plain::{Outcome, show};

/// One line of a spec file.
#[derive(Debug)]
pub struct Case {
    /// The template, in its notation.
    pub template: String,
    /// The query, without the escapes of the notation.
    pub query: Vec<u8>,
    /// The outcome as [`written`].
    pub outcome: String,
}

impl Case {
    /// Returns the reason or kind if the query is rejected.
    #[must_use]
    pub fn rejection(&self) -> Option<&str> {
        let is_accepted = self.outcome.contains('=');
        self.outcome.split(' ').next().filter(|_| !is_accepted)
    }
}

/// Returns the path of the spec files.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec")
}

/// Reads the spec files: names and texts.
///
/// # Panics
///
/// If they cannot be read.
pub fn files() -> Vec<(String, String)> {
    let folder = fs::read_dir(folder());
    let read = |file: io::Result<fs::DirEntry>| {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        Ok((name, fs::read_to_string(file.path())?))
    };
    let files: io::Result<Vec<_>> = folder.and_then(|files| files.map(read).collect());
    let mut files = files.expect("the spec files are in the repository");
    files.sort();
    files
}

/// Parses the cases of a spec file, with their line numbers.
pub fn cases(file: &str) -> impl Iterator<Item = (usize, Case)> {
    let lines = (1..).zip(file.lines());
    lines.filter_map(|(number, line)| Some((number, case(line)?)))
}

/// # Panics
///
/// If the line is neither empty nor a comment nor a case.
fn case(line: &str) -> Option<Case> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (template, rest) = line.split_once(" | ").expect("a template and a query");
    let (query, outcome) = rest.rsplit_once(" => ").expect("a query and an outcome");
    Some(Case {
        template: template.trim().to_owned(),
        query: unescape(query.trim()),
        outcome: outcome.trim().to_owned(),
    })
}

/// Returns the lines whose outcome differs from that of library and reference, old and new.
///
/// # Panics
///
/// If library and reference differ.
pub fn changed(file: &str) -> Vec<(&str, String)> {
    let mut changed = Vec::new();
    for line in file.lines() {
        let Some(case) = case(line) else { continue };
        let device = Device::read(&case.template);
        let outcome = written(&device.outcome(&case.query));
        if outcome != case.outcome {
            let (kept, _) = line.rsplit_once(" => ").expect("a query and an outcome");
            changed.push((line, format!("{kept} => {outcome}")));
        }
    }
    changed
}

/// Returns the text of a file with up-to-date outcomes, and the difference.
#[must_use]
pub fn bless(file: &str) -> (String, String) {
    let mut blessed = file.to_owned();
    let mut difference = String::new();
    for (old, new) in changed(file) {
        blessed = blessed.replace(&format!("{old}\n"), &format!("{new}\n"));
        difference += &format!("-{old}\n+{new}\n");
    }
    (blessed, difference)
}

/// Writes an outcome as [`show`] does, on one visible line: runs of more than 30 equal characters
/// as `\rep(N:x)`, invisible characters as `\u{hex}`, spaces at the end as `\s`.
///
/// An integer and an enumerable look alike, and so do an escaped control character and the same
/// text sent as is; [`Device::outcome`] compares them as typed values.
#[must_use]
pub fn written(outcome: &Outcome) -> String {
    visible(&show(outcome))
}

/// Writes a text on one visible line; see [`written`].
#[must_use]
pub fn visible(text: &str) -> String {
    let mut line = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let tail = rest.trim_start_matches(first);
        let run = &rest[..rest.len() - tail.len()];
        let count = run.chars().count();
        if count > 30 {
            line += &format!(r"\rep({count}:{first})");
        } else if first.is_ascii() {
            line += run;
        } else {
            line.extend(run.chars().flat_map(char::escape_debug));
        }
        rest = tail;
    }
    let end = line.trim_end_matches(' ').len();
    let spaces = line.split_off(end);
    line + &spaces.replace(' ', r"\s")
}
