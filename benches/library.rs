//! The library by each of its entry points, and the reference implementation.

use std::hint::black_box;

use pinquery::{BatchUpdate, Error, Template, Updates};
use pinquery_test_support::{convert, plain, reference};

use crate::contender::{Contender, Outcome};
use crate::corpus::Case;
use crate::device::Device;

/// Two-step parsing into a caller-provided buffer.
pub(crate) struct UpdatesInto;

impl Contender for UpdatesInto {
    type Updates<'q> = Updates<'q>;
    type Error = Error;

    #[inline]
    fn parse_into<'q, 'd>(
        case: &'q Case,
        lookup: impl FnOnce(&str) -> Option<&'d Device>,
        updates: &mut Updates<'q>,
    ) -> Result<(), Error> {
        let request = BatchUpdate::parse(case.query)?;
        match lookup(request.token()) {
            Some(device) => request.updates_into(&device.library, updates),
            None => Err(request.unknown_token()),
        }
    }

    fn outcome(result: Result<Updates<'_>, Error>) -> Outcome {
        convert::outcome(result).map_err(|rejection| rejection.kind)
    }
}

/// One call, which returns the updates.
pub(crate) struct Parse;

impl Contender for Parse {
    type Updates<'q> = Updates<'q>;
    type Error = Error;

    #[inline]
    fn parse_into<'q, 'd>(
        case: &'q Case,
        lookup: impl FnOnce(&str) -> Option<&'d Device>,
        updates: &mut Updates<'q>,
    ) -> Result<(), Error> {
        *updates = pinquery::parse(case.query, |token| template(lookup(token)))?;
        Ok(())
    }

    fn outcome(result: Result<Updates<'_>, Error>) -> Outcome {
        UpdatesInto::outcome(result)
    }

    /// Matches on the result, as a handler does. Passing it on as a whole costs the same for updates
    /// and 35 instructions more for an error.
    #[inline(always)]
    fn handle<'d>(case: &Case, lookup: impl FnOnce(&str) -> Option<&'d Device>) {
        match pinquery::parse(case.query, |token| template(lookup(token))) {
            Ok(updates) => {
                black_box(updates);
            }
            Err(error) => {
                black_box(error);
            }
        }
    }
}

fn template(device: Option<&Device>) -> Option<&Template> {
    Some(&device?.library)
}

/// The reference implementation of the contract: the cost of a program not written for speed.
pub(crate) struct Reference;

impl Contender for Reference {
    type Updates<'q> = plain::Updates;
    type Error = plain::Rejection;

    fn parse_into<'q, 'd>(
        case: &'q Case,
        lookup: impl FnOnce(&str) -> Option<&'d Device>,
        updates: &mut plain::Updates,
    ) -> Result<(), plain::Rejection> {
        *updates = reference::parse(case.query.as_bytes(), |token| {
            lookup(token).map(|device| &device.plain)
        })?;
        Ok(())
    }

    fn outcome(result: plain::Outcome) -> Outcome {
        result.map_err(|rejection| rejection.kind)
    }
}
