//! What holds for every query and template, tried on generated ones.
//!
//! A query that breaks one becomes a line of `tests/spec`, so none is kept on the side.
#![allow(missing_docs)]

#[path = "support/generate.rs"]
mod generate;
#[path = "properties/rewriting.rs"]
mod rewriting;
#[path = "properties/roundtrip.rs"]
mod roundtrip;
#[path = "properties/secrets.rs"]
mod secrets;
mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use generate::{query, raw, request, template};
use pinquery::{Adjustment, Update, Value};
use pinquery_reference::{Datastream, Template};

/// The tests' settings: so many cases, and no file of failures.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn library_and_reference_agree((template, query) in query()) {
        support::agree(&query, &template);
    }

    #[test]
    fn what_holds_for_every_query_holds((template, query) in query()) {
        support::invariants::hold(&query, &template);
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn raw_bytes_do_no_harm(template in template(), query in raw()) {
        support::agree(&query, &template);
        support::invariants::hold(&query, &template);
    }

    #[test]
    fn a_value_is_adjusted_exactly_when_it_is_changed((template, request) in request()) {
        let query = request.query();
        let ours = support::library_template(&template);
        let wide = support::library_template(&widened(&template));
        if let Ok(updates) = pinquery::parse(&query, |_| Some(&ours)) {
            let unbounded = pinquery::parse(&query, |_| Some(&wide)).expect("wider bounds fit more");
            for (update, unbounded) in updates.iter().zip(&unbounded) {
                let datastream = &template[&update.pin.0];
                prop_assert!(is_explained(datastream, update, unbounded), "{update:?}");
            }
        }
    }
}

/// What is never met is not tried: every kind of error, and acceptance often enough.
#[test]
fn the_generated_queries_reach_every_outcome() {
    let mut runner = TestRunner::deterministic();
    let mut counts = BTreeMap::<String, u32>::new();
    for _ in 0..1000 {
        let (template, query) = query().new_tree(&mut runner).unwrap().current();
        let outcome = support::agree(&query, &template);
        let kind = outcome.split(' ').next().unwrap().to_owned();
        *counts.entry(kind).or_default() += 1;
    }
    assert_eq!(counts.len(), 10, "{counts:?}");
    assert!(counts["ok"] > 200, "{counts:?}");
}

/// The same types, as wide as they go.
fn widened(template: &Template) -> Template {
    let widest = |datastream: &Datastream| match datastream {
        Datastream::Integer { .. } | Datastream::Enumerable { .. } => Datastream::Integer {
            min: i64::MIN,
            max: i64::MAX,
        },
        Datastream::Double { .. } => Datastream::Double {
            min: f64::MIN,
            max: f64::MAX,
        },
        other => other.clone(),
    };
    template
        .iter()
        .map(|(&pin, datastream)| (pin, widest(datastream)))
        .collect()
}

/// Whether the adjustment is the one between the value without bounds and the value.
fn is_explained(datastream: &Datastream, update: &Update<'_>, unbounded: &Update<'_>) -> bool {
    use Adjustment::{Fallback, Max, Min};

    let is_clamped = unbounded.adjusted.is_some();
    match (datastream, update.value, unbounded.value) {
        (&Datastream::Integer { min, max }, Value::Integer(value), Value::Integer(given)) => {
            match update.adjusted {
                Some(Min) => value == min && (given < min || unbounded.adjusted == Some(Min)),
                Some(Max) => value == max && (given > max || unbounded.adjusted == Some(Max)),
                _ => value == given && !is_clamped,
            }
        }
        (&Datastream::Double { min, max }, Value::Double(value), Value::Double(given)) => {
            match update.adjusted {
                Some(Min) => value == min && (given < min || unbounded.adjusted == Some(Min)),
                Some(Max) => value == max && (given > max || unbounded.adjusted == Some(Max)),
                _ => value.to_bits() == given.to_bits() && !is_clamped,
            }
        }
        (
            Datastream::Enumerable { values, fallback },
            Value::Enumerable(value),
            Value::Integer(given),
        ) => match update.adjusted {
            Some(Fallback) => *fallback == Some(value) && (is_clamped || !values.contains(&given)),
            _ => value == given && !is_clamped,
        },
        _ => update == unbounded && update.adjusted.is_none(),
    }
}
