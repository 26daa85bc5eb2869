//! Every row of the contract, line by line: `tests/spec/*.txt`.
//!
//! After a changed rule, `BLESS=1 cargo test --test spec` rewrites the outcomes on which library
//! and reference agree, and prints the difference.
#![allow(missing_docs)]

use std::io::Write;
use std::path::Path;
use std::{env, fs, io};

use pinquery_kit::spec::{bless, cases, changed, files};

/// Judges each line of a file by the library, in one call and in two steps, and by the reference.
#[track_caller]
fn hold(file: &str, at_least: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/spec")
        .join(file);
    if env::var_os("BLESS").is_some() {
        let difference = bless(&path).unwrap();
        // Not by a macro: the harness would keep it to itself.
        io::stderr().write_all(difference.as_bytes()).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    let count = cases(&text).count();
    assert!(count >= at_least, "{count} lines, some are lost");
    let changed = changed(&text);
    let failures = changed.iter().map(|(old, new)| format!("-{old}\n+{new}\n"));
    assert!(changed.is_empty(), "{}", failures.collect::<String>());
}

macro_rules! specs {
    ($($name:ident: $file:literal, $at_least:literal;)+) => {
        $(
            #[test]
            fn $name() {
                hold($file, $at_least);
            }
        )+

        #[test]
        fn every_file_is_run() {
            let names: Vec<String> = files().into_iter().map(|(name, _)| name).collect();
            let mut run = vec![$($file),+];
            run.sort();
            assert_eq!(names, run);
        }
    };
}

specs! {
    section_1_the_query: "query.txt", 122;
    section_2_names: "names.txt", 140;
    section_3_order_of_judgement: "order.txt", 107;
    section_4_integers: "integer.txt", 129;
    section_4_doubles: "double.txt", 152;
    section_4_strings: "string.txt", 70;
    section_4_enumerables: "enumerable.txt", 65;
    section_4_booleans: "boolean.txt", 55;
    section_4_locations: "location.txt", 111;
    section_5_the_answer: "answer.txt", 46;
    real_queries: "real.txt", 69;
    slips_of_real_programs: "real_slips.txt", 47;
}

#[test]
fn a_changed_rule_is_written_into_the_file() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spec.txt");
    let kept = "# A comment.\nv1:boolean | token=T&v1=1 => ok v1=true\n";
    let old = "v1:integer(0,9) | token=T&v1=10 => ok v1=10\n";
    let new = "v1:integer(0,9) | token=T&v1=10 => ok v1=9!max\n";
    fs::write(&path, format!("{kept}{old}")).unwrap();
    assert_eq!(bless(&path).unwrap(), format!("-{old}+{new}"));
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{kept}{new}"));
    assert_eq!(bless(&path).unwrap(), "");
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
