//! Checks every example of CONTRACT.md and of the README's table against the library.
#![cfg(feature = "serde")]
#![allow(missing_docs)]

use std::fmt::Display;

use pinquery::{BatchUpdate, Error, Template, parse};

const CONTRACT: &str = include_str!("../CONTRACT.md");
const README: &str = include_str!("../README.md");

/// The only valid token that no device has.
const UNKNOWN: &str = "unknown";

/// Merges the JSON blocks of the contract.
fn template() -> Template {
    let blocks = CONTRACT.split("```json\n").skip(1);
    let blocks = blocks.map(|block| block.split_once("```").expect("a closed block").0);
    let templates = blocks.map(|json| serde_json::from_str::<Template>(json).expect(json));
    let mut merged = Template::new();
    for template in templates {
        merged.extend(
            template
                .iter()
                .map(|(pin, datastream)| (pin, datastream.clone())),
        );
    }
    merged
}

/// Finds each `query` → `outcome`, with its span if followed by one, as in `at 8..11`.
fn examples(page: &str) -> impl Iterator<Item = (&str, &str, Option<&str>)> {
    let mut arrows = page.split("` → `");
    let mut before = arrows.next().expect("text before the first arrow");
    arrows.map(move |text| {
        let query = before.rsplit('`').next().expect("an opening backtick");
        let (outcome, after) = text.split_once('`').expect("a closing backtick");
        let span = after.strip_prefix(" at ");
        let span = span.map(|span| span.split([' ', ';']).next().expect("a span"));
        before = text;
        (query, outcome, span)
    })
}

fn outcome(result: &Result<impl Display, Error>) -> String {
    match result {
        Ok(accepted) => accepted.to_string(),
        Err(error) => {
            let reason = error.reason().map(|reason| reason.name());
            reason.unwrap_or(error.kind().name()).to_owned()
        }
    }
}

fn every_outcome(query: &str, template: &Template) -> String {
    let request = BatchUpdate::parse(query).expect(query);
    let outcomes = request.results(template).map(|result| outcome(&result));
    outcomes.collect::<Vec<_>>().join("; ")
}

/// Checks the examples of a page and returns their number.
fn check_examples(page: &str) -> usize {
    let template = template();
    let check = |(query, expected, span): (&str, &str, Option<&str>)| {
        let whole = if query.to_ascii_lowercase().contains("token") {
            query.to_owned()
        } else {
            format!("token=t&{query}")
        };
        let result = parse(&whole, |token| (token != UNKNOWN).then_some(&template));
        let found = match expected.contains("; ") {
            true => every_outcome(&whole, &template),
            false => outcome(&result),
        };
        assert_eq!(found, expected, "{query}");
        if let Some(expected) = span {
            let span = result.expect_err(query).span();
            assert_eq!(format!("{}..{}", span.start, span.end), expected, "{query}");
        }
    };
    examples(page).map(check).count()
}

#[test]
fn query_examples_of_the_contract_have_the_stated_outcome() {
    let count = check_examples(CONTRACT);
    assert!(count >= 90, "only {count} examples found");
}

#[test]
fn query_examples_of_the_readme_have_the_stated_outcome() {
    let count = check_examples(README);
    assert!(count >= 10, "only {count} examples found");
}

#[test]
fn template_examples_of_the_contract_are_rejected() {
    let (_, rows) = CONTRACT.split_once("| rejected template |").unwrap();
    let (rows, _) = rows.split_once("\n\n").unwrap();
    let cells = rows.lines().filter_map(|row| row.split_once("| `{"));
    let templates = cells.map(|(_, cell)| format!("{{{}", cell.trim_end_matches("` |")));
    let templates: Vec<String> = templates.collect();
    assert_eq!(templates.len(), 11);
    for json in templates {
        let error = serde_json::from_str::<Template>(&json).expect_err(&json);
        let names_the_pin = error.to_string().starts_with("v1: ");
        assert!(names_the_pin || json.contains("V1"), "{json}: {error}");
    }
}
