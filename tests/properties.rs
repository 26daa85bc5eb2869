//! Properties of all queries and templates, tested with generated ones.
//!
//! Failures are not persisted: add a query that fails to `tests/spec`.
#![allow(missing_docs)]

#[path = "properties/reuse.rs"]
mod reuse;
#[path = "properties/rewriting.rs"]
mod rewriting;
#[path = "properties/roundtrip.rs"]
mod roundtrip;
#[path = "properties/secrets.rs"]
mod secrets;
#[path = "properties/texts.rs"]
mod texts;
#[path = "properties/values.rs"]
mod values;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use pinquery_test_support::Device;
use pinquery_test_support::generate::{query, raw, request, template};
use pinquery_test_support::plain::{Adjustment, Template, Update, Updates, Value};
use pinquery_test_support::types::{Datastream, Double, Enumerable, Integer};

/// Returns the configuration of a test with this many cases and no file of failures.
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
    fn invariants_hold_for_every_query((template, query) in query()) {
        Device::new(template).check_invariants(&query);
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn arbitrary_bytes_do_not_panic(template in template(), query in raw()) {
        let device = Device::new(template);
        device.agree(&query);
        device.check_invariants(&query);
    }

    #[test]
    fn adjusted_is_set_exactly_when_a_value_changes((template, request) in request()) {
        let query = request.query();
        if let Ok(updates) = Device::new(template.clone()).parse(&query) {
            let wide = Device::new(widened(&template));
            let unbounded = wide.parse(&query).expect("wider bounds accept more");
            for (update, unbounded) in updates.iter().zip(&*unbounded) {
                let datastream = &template[&update.pin.0];
                prop_assert!(is_explained(datastream, update, unbounded), "{update:?}");
            }
        }
    }
}

/// The other tests mean little unless their queries reach every outcome.
#[test]
fn generated_queries_reach_every_kind_and_type() {
    let mut runner = TestRunner::deterministic();
    let mut counts = BTreeMap::<&str, u32>::new();
    let mut types = BTreeSet::new();
    for _ in 0..1000 {
        let (template, query) = query().new_tree(&mut runner).unwrap().current();
        let device = Device::new(template);
        let kind = match device.outcome(&query) {
            Ok(updates) => {
                types.extend(updates.iter().map(|update| update.value.type_name()));
                "accepted"
            }
            Err(rejection) => rejection.kind,
        };
        *counts.entry(kind).or_default() += 1;
    }
    assert_eq!(counts.len(), 10, "{counts:?}");
    assert!(counts["accepted"] > 200, "{counts:?}");
    let all = BTreeSet::from_iter(pinquery::Datastream::TYPES.iter().copied());
    assert_eq!(
        types, all,
        "see `any` and `texts` in tests/support/src/types"
    );
}

/// Returns the template with the widest bounds. Enumerables become integers.
fn widened(template: &Template) -> Template {
    let widest = |datastream: &Datastream| match datastream {
        Datastream::Integer(_) | Datastream::Enumerable(_) => Datastream::Integer(Integer {
            min: i64::MIN,
            max: i64::MAX,
        }),
        Datastream::Double(double) => {
            let mut widest = double.clone();
            (widest.min, widest.max) = (f64::MIN, f64::MAX);
            Datastream::Double(widest)
        }
        other => other.clone(),
    };
    template
        .iter()
        .map(|(&pin, datastream)| (pin, widest(datastream)))
        .collect()
}

/// Returns whether the adjustment explains how the value differs from the one without bounds.
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
            &Datastream::Double(Double { min, max, .. }),
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
