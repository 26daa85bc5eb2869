//! Asserts that contenders do the same work before any of them is measured.

use crate::contender::Outcome;
use crate::corpus::Workload;
use crate::lineup;

/// Asserts that on every query of a workload all contenders, the reference included, have the
/// library's outcome.
pub fn assert_all(workload: &Workload) {
    let library = &lineup::ALL[0];
    for (number, case) in workload.cases.iter().enumerate() {
        let wanted = (library.outcome)(workload, case);
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
        }
    }
}

fn sort(outcome: &mut Outcome) {
    if let Ok(updates) = outcome {
        updates.0.sort_by_key(|update| update.pin);
    }
}
