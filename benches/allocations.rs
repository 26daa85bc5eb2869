//! Counts allocations a request. They do not drift: the committed figures hold exactly.
//!
//! A bench of its own, as an allocator that counts is slower than one that does not.

mod agreement;
mod check;
mod contender;
mod corpus;
mod device;
mod figures;
mod rivals;

use std::alloc::System;
use std::process::ExitCode;

use contender::ALL;
use corpus::{Case, QUERIES, Workload};
use figures::Figures;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ALLOCATIONS: check::Sort = check::Sort {
    file: "allocations.tsv",
    bench: "allocations",
    unit: "allocations",
    tolerance: 0.0,
    // What three decimals may have lost.
    slack: 0.000_51,
};

/// How many updates the library keeps without an allocation.
const INLINE: usize = 8;

fn main() -> ExitCode {
    let renew = std::env::args().any(|argument| argument == "--renew");
    let mut figures = Figures::default();
    for name in corpus::NAMES {
        let workload = corpus::workload(name, QUERIES / 8);
        agreement::assert_all(&workload);
        for case in &workload.cases {
            assert_few(case, &workload);
        }
        for entry in ALL.iter().filter(|entry| entry.can(&workload)) {
            let allocations = count(|| (entry.sweep)(&workload));
            let figure = allocations as f64 / workload.cases.len() as f64;
            figures.push(name, entry.name, figure);
        }
    }
    match renew {
        true => ALLOCATIONS.renew(&figures),
        false => ALLOCATIONS.check(&figures),
    }
}

/// Holds the library to its promise: no allocation for eight updates, else one.
fn assert_few(case: &Case, workload: &Workload) {
    let mut updates = None;
    let allocations = count(|| {
        let device = case.device.as_deref();
        updates = pinquery::parse(case.query, |_| Some(&device?.library))
            .map(|updates| updates.len())
            .ok();
    });
    // Where the query is refused, more than eight pins may have come, or a token with escapes.
    let allowed = usize::from(updates.is_none_or(|updates| updates > INLINE));
    assert!(
        allocations <= allowed,
        "{allocations} allocations in {}: {}",
        workload.name,
        case.query
    );
}

fn count(work: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    work();
    let change = region.change();
    change.allocations + change.reallocations
}
