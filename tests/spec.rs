//! Every row of the contract, line by line: `tests/spec/*.txt`.
#![allow(missing_docs)]

mod support;

use support::notation::cases;

/// Judges each line of a file by the library, in one call and in two steps, and by the reference.
#[track_caller]
fn hold(file: &str, at_least: usize) {
    let mut failures = Vec::new();
    let mut count = 0;
    for (line, case) in cases(file) {
        count += 1;
        let template = support::library_template(&case.template);
        let ours = support::library_outcome(&case.query, &template);
        let reference = support::reference_outcome(&case.query, &case.template);
        for (who, outcome) in [("the library", ours), ("the reference", reference)] {
            if outcome != case.outcome {
                let expected = &case.outcome;
                failures.push(format!(
                    "line {line}, {who}: {outcome}, expected {expected}"
                ));
            }
        }
        support::agree(&case.query, &case.template);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count >= at_least, "{count} lines, some are lost");
}

macro_rules! specs {
    ($($name:ident: $file:literal, $at_least:literal;)+) => {
        $(
            #[test]
            fn $name() {
                hold(include_str!(concat!("spec/", $file)), $at_least);
            }
        )+

        #[test]
        fn every_file_is_run() {
            let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/spec"));
            let mut names: Vec<_> = files.unwrap().map(|file| file.unwrap().file_name()).collect();
            names.sort();
            let mut run = vec![$($file),+];
            run.sort();
            assert_eq!(names, run);
        }
    };
}

specs! {
    section_1_the_query: "query.txt", 122;
    section_2_names: "names.txt", 116;
    section_3_order_of_judgement: "order.txt", 107;
    section_4_integers: "integer.txt", 123;
    section_4_doubles: "double.txt", 145;
    section_4_strings: "string.txt", 70;
    section_4_enumerables: "enumerable.txt", 65;
    section_4_booleans: "boolean.txt", 49;
    section_4_locations: "location.txt", 111;
    section_5_the_answer: "answer.txt", 46;
    real_queries: "real.txt", 69;
    slips_of_real_programs: "real_slips.txt", 47;
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
