//! Asserts that contenders do the same work before any of them is measured.

use std::collections::BTreeSet;

use crate::contender::Outcome;
use crate::corpus::Workload;
use crate::lineup::{self, ALL};

/// Asserts that all contenders agree on these workloads, and prints what was compared.
pub fn check(bench: &str, workloads: impl Iterator<Item = Workload>) {
    let names: Vec<_> = ALL.iter().map(|entry| entry.name).collect();
    println!("{bench}: comparing the outcomes of {}", names.join(", "));
    let (mut contenders, mut count, mut queries, mut outcomes) = (BTreeSet::new(), 0, 0, 0);
    for workload in workloads {
        outcomes += assert_all(&workload);
        contenders.extend(lineup::contenders_for(&workload).map(|entry| entry.name));
        queries += workload.cases.len();
        count += 1;
    }
    assert_eq!(contenders.len(), ALL.len(), "some contender has no query");
    println!(
        "{bench}: all {} contenders agree on {} queries ({count} workloads, {} outcomes)",
        contenders.len(),
        with_commas(queries),
        with_commas(outcomes),
    );
}

fn with_commas(count: usize) -> String {
    match count {
        0..1_000 => count.to_string(),
        _ => format!("{},{:03}", with_commas(count / 1_000), count % 1_000),
    }
}

/// Asserts that on every query of a workload all contenders, the reference included, have the
/// library's outcome. Returns the number of outcomes.
pub fn assert_all(workload: &Workload) -> usize {
    let library = &ALL[0];
    let mut outcomes = 0;
    for (number, case) in workload.cases.iter().enumerate() {
        let wanted = (library.outcome)(workload, case);
        outcomes += 1;
        for other in lineup::contenders_for(workload).skip(1) {
            let mut outcome = (other.outcome)(workload, case);
            let mut wanted = wanted.clone();
            if other.is_unordered {
                sort(&mut outcome);
                sort(&mut wanted);
            }
            assert_eq!(
                outcome, wanted,
                "{} on query {number} of {}: {}",
                other.name, workload.name, case.query
            );
            outcomes += 1;
        }
    }
    outcomes
}

fn sort(outcome: &mut Outcome) {
    if let Ok(updates) = outcome {
        updates.0.sort_by_key(|update| update.pin);
    }
}
