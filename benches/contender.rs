//! The [`Contender`] trait, and the loop that drives each contender.

use std::hint::black_box;
use std::sync::Arc;

use pinquery_test_support::plain;

use crate::corpus::{Case, Workload};
use crate::device::Device;

/// Something that parses and validates a query.
pub trait Contender {
    /// The parsed updates, which may borrow the query.
    type Updates<'q>: Default;
    /// Why a query is rejected.
    type Error;

    /// Parses one query into the caller's empty buffer. `lookup` maps a token to its device, as in a
    /// server.
    ///
    /// # Errors
    ///
    /// Returns the contender's error if it rejects the query.
    fn parse_into<'q, 'd>(
        case: &'q Case,
        lookup: impl FnOnce(&str) -> Option<&'d Device>,
        updates: &mut Self::Updates<'q>,
    ) -> Result<(), Self::Error>;

    /// Converts a result to the form in which contenders are compared.
    fn outcome(result: Result<Self::Updates<'_>, Self::Error>) -> Outcome;

    /// Handles one query as a server does, with a buffer on the stack. The whole result goes through
    /// `black_box` and is then dropped.
    #[inline(always)]
    fn handle<'d>(case: &Case, lookup: impl FnOnce(&str) -> Option<&'d Device>) {
        let mut updates = Self::Updates::default();
        let _ = black_box(Self::parse_into(case, lookup, &mut updates));
        black_box(&mut updates);
    }
}

/// The updates, whose doubles are compared bit by bit, or the kind of a rejection.
pub type Outcome = Result<plain::Updates, &'static str>;

/// A contender as a value.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name, as in the tables.
    pub name: &'static str,
    /// Handles all queries of a workload once.
    pub sweep: fn(&Workload),
    /// Parses one query for comparison.
    pub outcome: fn(&Workload, &Case) -> Outcome,
    /// Whether a hash map has lost the order of its updates.
    pub is_unordered: bool,
}

impl Entry {
    /// Creates an entry that keeps the order of updates.
    #[must_use]
    pub const fn new<C: Contender>(name: &'static str) -> Self {
        Self {
            name,
            sweep: sweep::<C>,
            outcome: outcome::<C>,
            is_unordered: false,
        }
    }

    /// Creates an entry that does not keep the order of updates.
    #[must_use]
    pub const fn unordered<C: Contender>(name: &'static str) -> Self {
        let mut entry = Self::new::<C>(name);
        entry.is_unordered = true;
        entry
    }
}

fn sweep<C: Contender>(workload: &Workload) {
    match &workload.devices {
        None => {
            for case in &workload.cases {
                C::handle(black_box(case), |_| case.device.as_deref());
            }
        }
        Some(devices) => {
            for case in &workload.cases {
                C::handle(black_box(case), |token| devices.get(token).map(Arc::as_ref));
            }
        }
    }
}

fn outcome<C: Contender>(workload: &Workload, case: &Case) -> Outcome {
    let mut updates = C::Updates::default();
    let lookup = |token: &str| match &workload.devices {
        None => case.device.as_deref(),
        Some(devices) => devices.get(token).map(Arc::as_ref),
    };
    let result = C::parse_into(case, lookup, &mut updates);
    C::outcome(result.map(|()| updates))
}
