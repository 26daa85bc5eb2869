//! Nothing is measured that was not asserted to do the same work.

use crate::contender::{ALL, Plain};
use crate::corpus::Workload;

/// Holds every contender to the library, and the library to the reference, on a whole workload.
pub fn assert_all(workload: &Workload) {
    let [library, others @ ..] = &ALL;
    for (number, case) in workload.cases.iter().enumerate() {
        let wanted = (library.answer)(workload, case);
        for other in others.iter().filter(|other| other.can(workload)) {
            let mut answer = (other.answer)(workload, case);
            let mut wanted = wanted.clone();
            if other.loses_order {
                sort(&mut answer);
                sort(&mut wanted);
            }
            assert_eq!(
                answer, wanted,
                "{} on query {number} of {}: {}",
                other.name, workload.name, case.query
            );
        }
    }
}

fn sort(answer: &mut Plain) {
    if let Ok(updates) = answer {
        updates.0.sort_by_key(|update| update.pin);
    }
}
