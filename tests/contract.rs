//! The examples on CONTRACT.md and in the table of the README, each as it stands there.
#![cfg(feature = "serde")]
#![allow(missing_docs)]

use pinquery::{Error, Template, Updates, Value, parse};

const CONTRACT: &str = include_str!("../CONTRACT.md");
const README: &str = include_str!("../README.md");

/// What the server of the examples knows no device for.
const UNKNOWN: &str = "unknown";

/// The JSON blocks of the contract, together.
fn template() -> Template {
    let blocks = CONTRACT.split("```json\n").skip(1);
    let blocks = blocks.map(|block| block.split_once("```").expect("a closed block").0);
    let templates = blocks.map(|json| serde_json::from_str::<Template>(json).expect(json));
    let mut whole = Template::new();
    for template in templates {
        whole.extend(template.iter().map(|(pin, stream)| (pin, stream.clone())));
    }
    whole
}

/// Each `query` → `outcome`, and the span where `at 8..11` stands behind it.
fn examples(page: &str) -> impl Iterator<Item = (&str, &str, Option<&str>)> {
    let mut arrows = page.split("` → `");
    let mut before = arrows.next().expect("text in front of the first arrow");
    arrows.map(move |text| {
        let query = before.rsplit('`').next().expect("an opening backtick");
        let (outcome, behind) = text.split_once('`').expect("a closing backtick");
        let span = behind.strip_prefix(" at ");
        let span = span.map(|span| span.split([' ', ';']).next().expect("a span"));
        before = text;
        (query, outcome, span)
    })
}

fn shown(result: &Result<Updates<'_>, Error>) -> String {
    let updates = match result {
        Ok(updates) => updates,
        Err(error) => {
            let reason = error.reason().map(|reason| reason.name());
            return reason.unwrap_or(error.kind().name()).to_owned();
        }
    };
    let values = updates.iter().map(|update| {
        let value = match update.value {
            Value::String(text) => format!("{:?}", text.to_cow()),
            other => other.to_string(),
        };
        match update.adjusted {
            Some(adjusted) => format!("{value} ({adjusted})"),
            None => value,
        }
    });
    values.collect::<Vec<_>>().join(", ")
}

/// How many examples the page has, each of which is true.
fn true_examples(page: &str) -> usize {
    let template = template();
    let check = |(query, outcome, span): (&str, &str, Option<&str>)| {
        let whole = if query.to_ascii_lowercase().contains("token") {
            query.to_owned()
        } else {
            format!("token=t&{query}")
        };
        let result = parse(&whole, |token| (token != UNKNOWN).then_some(&template));
        assert_eq!(shown(&result), outcome, "{query}");
        if let Some(span) = span {
            let found = result.expect_err(query).span();
            assert_eq!(format!("{}..{}", found.start, found.end), span, "{query}");
        }
    };
    examples(page).map(check).count()
}

#[test]
fn every_example_of_a_query_is_true() {
    let count = true_examples(CONTRACT);
    assert!(count >= 90, "{count} examples, some are lost");
    let count = true_examples(README);
    assert!(count >= 10, "{count} examples, some are lost");
}

#[test]
fn every_example_of_a_template_is_refused() {
    let (_, rows) = CONTRACT
        .split_once("| a template that is refused |")
        .unwrap();
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
