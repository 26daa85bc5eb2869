//! What holds for every query and template, tried on generated ones.
//!
//! A query that breaks one becomes a line of `tests/spec`, so none is kept on the side.
#![allow(missing_docs)]

#[path = "properties/rewriting.rs"]
mod rewriting;
#[path = "properties/roundtrip.rs"]
mod roundtrip;
#[path = "properties/secrets.rs"]
mod secrets;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use pinquery_test_support::Device;
use pinquery_test_support::generate::{query, raw, request, template};
use pinquery_test_support::plain::{Adjustment, Template, Update, Updates, Value};
use pinquery_test_support::types::{Datastream, Double, Enumerable, Integer};

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
        Device::new(template).agree(&query);
    }

    #[test]
    fn what_holds_for_every_query_holds((template, query) in query()) {
        Device::new(template).check_invariants(&query);
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn raw_bytes_do_no_harm(template in template(), query in raw()) {
        let device = Device::new(template);
        device.agree(&query);
        device.check_invariants(&query);
    }

    #[test]
    fn a_value_is_adjusted_exactly_when_it_is_changed((template, request) in request()) {
        let query = request.query();
        if let Ok(updates) = Device::new(template.clone()).parse(&query) {
            let wide = Device::new(widened(&template));
            let unbounded = wide.parse(&query).expect("wider bounds fit more");
            for (update, unbounded) in updates.iter().zip(&*unbounded) {
                let datastream = &template[&update.pin.0];
                prop_assert!(is_explained(datastream, update, unbounded), "{update:?}");
            }
        }
    }
}

/// What is never met is not tried: every kind of error, every type, and acceptance often enough.
#[test]
fn the_generated_queries_reach_every_outcome() {
    let mut runner = TestRunner::deterministic();
    let mut counts = BTreeMap::<&str, u32>::new();
    let mut types = BTreeSet::new();
    for _ in 0..1000 {
        let (template, query) = query().new_tree(&mut runner).unwrap().current();
        let device = Device::new(template);
        let kind = match device.outcome(&query) {
            Ok(updates) => {
                types.extend(updates.iter().map(|update| update.value.type_name()));
                "ok"
            }
            Err(rejection) => rejection.kind,
        };
        *counts.entry(kind).or_default() += 1;
    }
    assert_eq!(counts.len(), 10, "{counts:?}");
    assert!(counts["ok"] > 200, "{counts:?}");
    let all = BTreeSet::from_iter(pinquery::Datastream::TYPES.iter().copied());
    assert_eq!(
        types, all,
        "see `any` and `texts` in tests/support/src/types"
    );
}

/// The same types, as wide as they go.
fn widened(template: &Template) -> Template {
    let widest = |datastream: &Datastream| match datastream {
        Datastream::Integer(_) | Datastream::Enumerable(_) => Datastream::Integer(Integer {
            min: i64::MIN,
            max: i64::MAX,
        }),
        Datastream::Double(_) => Datastream::Double(Double {
            min: f64::MIN,
            max: f64::MAX,
        }),
        other => other.clone(),
    };
    template
        .iter()
        .map(|(&pin, datastream)| (pin, widest(datastream)))
        .collect()
}

/// Whether the adjustment is the one between the value without bounds and the value.
fn is_explained(datastream: &Datastream, update: &Update, unbounded: &Update) -> bool {
    use Adjustment::{Fallback, Max, Min};

    let is_clamped = unbounded.adjusted.is_some();
    match (datastream, &update.value, &unbounded.value) {
        (
            &Datastream::Integer(Integer { min, max }),
            &Value::Integer(value),
            &Value::Integer(given),
        ) => match update.adjusted {
            Some(Min) => value == min && (given < min || unbounded.adjusted == Some(Min)),
            Some(Max) => value == max && (given > max || unbounded.adjusted == Some(Max)),
            _ => value == given && !is_clamped,
        },
        (
            &Datastream::Double(Double { min, max }),
            &Value::Double(value),
            &Value::Double(given),
        ) => match update.adjusted {
            Some(Min) => value == min && (given < min || unbounded.adjusted == Some(Min)),
            Some(Max) => value == max && (given > max || unbounded.adjusted == Some(Max)),
            _ => value.to_bits() == given.to_bits() && !is_clamped,
        },
        (
            Datastream::Enumerable(Enumerable { values, fallback }),
            &Value::Enumerable(value),
            &Value::Integer(given),
        ) => match update.adjusted {
            Some(Fallback) => *fallback == Some(value) && (is_clamped || !values.contains(&given)),
            _ => value == given && !is_clamped,
        },
        _ => {
            let same = Updates(vec![update.clone()]) == Updates(vec![unbounded.clone()]);
            same && update.adjusted.is_none()
        }
    }
}
