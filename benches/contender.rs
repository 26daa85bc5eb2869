//! Who takes part, and how each is driven: all in the same loop.

use std::hint::black_box;
use std::sync::Arc;

use pinquery_test_support::{convert, plain, reference};

use crate::corpus::{Case, Workload};
use crate::device::Device;
use crate::rivals;

/// Something that judges a query.
pub(crate) trait Contender {
    /// What it makes of a query; it may borrow the query.
    type Updates<'q>: Default;
    /// How it refuses one.
    type Error;

    /// Judges one query into a variable of the caller's, which is new. `lookup` is the server's:
    /// from a token to a device.
    fn judge<'q, 'd>(
        case: &'q Case,
        lookup: impl FnOnce(&str) -> Option<&'d Device>,
        updates: &mut Self::Updates<'q>,
    ) -> Result<(), Self::Error>;

    /// The answer in a form that all contenders' answers can be brought to.
    fn plain(answer: Result<Self::Updates<'_>, Self::Error>) -> Plain;

    /// Judges one query as a server's handler does: into a variable of its own on the stack. Code
    /// that the compiler does not know gets the whole answer, and then it is dropped.
    #[inline(always)]
    fn serve<'d>(case: &Case, lookup: impl FnOnce(&str) -> Option<&'d Device>) {
        let mut updates = Self::Updates::default();
        let _ = black_box(Self::judge(case, lookup, &mut updates));
        black_box(&mut updates);
    }
}

/// An answer that can be compared, doubles bit by bit. A rejection is told by its kind.
pub type Plain = Result<plain::Updates, &'static str>;

/// One that takes part.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// As in the tables.
    pub name: &'static str,
    /// Runs over all queries of a workload.
    pub sweep: fn(&Workload),
    /// Judges one query.
    pub answer: fn(&Workload, &Case) -> Plain,
    /// Whether updates come in no order, as they went through a hash map.
    pub loses_order: bool,
    /// The workloads that it cannot do, and why.
    pub cannot: &'static [(&'static str, &'static str)],
}

impl Entry {
    const fn new<C: Contender>(name: &'static str) -> Self {
        Self {
            name,
            sweep: sweep::<C>,
            answer: answer::<C>,
            loses_order: false,
            cannot: &[],
        }
    }

    const fn cannot(mut self, cannot: &'static [(&'static str, &'static str)]) -> Self {
        self.cannot = cannot;
        self
    }

    const fn into_map(mut self) -> Self {
        self.loses_order = true;
        self.cannot = INTO_MAP;
        self
    }

    /// Whether it can do this workload.
    #[must_use]
    pub fn can(&self, workload: &Workload) -> bool {
        self.cannot.iter().all(|(name, _)| *name != workload.name)
    }
}

const REPAIRS: (&str, &str) = (
    "refused_escapes",
    "repairs malformed escapes and broken UTF-8 in silence",
);

const LAST_WINS: &str = "keeps one value a name: the second half of a place replaces the first";

const INTO_MAP: &[(&str, &str)] = &[
    ("location_pairs", LAST_WINS),
    ("real", LAST_WINS),
    (
        "refused",
        "keeps one value a name: cannot see a pin or token that comes twice",
    ),
    REPAIRS,
];

const NO_DECODING: &str = "does not decode";

/// The library's two ways. What rivals take is told by the first.
pub const LIBRARY: [&str; 2] = ["updates_into", "parse"];

/// Everyone, the library first.
pub const ALL: [Entry; 10] = [
    Entry::new::<UpdatesInto>(LIBRARY[0]),
    Entry::new::<Parse>(LIBRARY[1]),
    Entry::new::<rivals::FormUrlencoded>("form_urlencoded").cannot(&[REPAIRS]),
    Entry::new::<rivals::FormNet>("form-net"),
    Entry::new::<rivals::Xocomil>("xocomil"),
    Entry::new::<rivals::Memchr>("memchr").cannot(&[
        ("escaped", NO_DECODING),
        ("real", NO_DECODING),
        ("refused", NO_DECODING),
        ("refused_escapes", NO_DECODING),
    ]),
    Entry::new::<rivals::SerdeUrlencoded>("serde_urlencoded").into_map(),
    Entry::new::<rivals::Axum>("axum").into_map(),
    Entry::new::<rivals::Actix>("actix-web").into_map(),
    Entry::new::<Reference>("reference"),
];

/// Judges all queries of a workload once.
fn sweep<C: Contender>(workload: &Workload) {
    match &workload.devices {
        None => {
            for case in &workload.cases {
                C::serve(black_box(case), |_| case.device.as_deref());
            }
        }
        Some(devices) => {
            for case in &workload.cases {
                C::serve(black_box(case), |token| devices.get(token).map(Arc::as_ref));
            }
        }
    }
}

fn answer<C: Contender>(workload: &Workload, case: &Case) -> Plain {
    let mut updates = C::Updates::default();
    let lookup = |token: &str| match &workload.devices {
        None => case.device.as_deref(),
        Some(devices) => devices.get(token).map(Arc::as_ref),
    };
    let judged = C::judge(case, lookup, &mut updates);
    C::plain(judged.map(|()| updates))
}

/// The library in two steps, into a variable of the caller's.
struct UpdatesInto;

impl Contender for UpdatesInto {
    type Updates<'q> = pinquery::Updates<'q>;
    type Error = pinquery::Error;

    #[inline]
    fn judge<'q, 'd>(
        case: &'q Case,
        lookup: impl FnOnce(&str) -> Option<&'d Device>,
        updates: &mut pinquery::Updates<'q>,
    ) -> Result<(), pinquery::Error> {
        let request = pinquery::BatchUpdate::parse(case.query)?;
        match lookup(request.token()) {
            Some(device) => request.updates_into(&device.library, updates),
            None => Err(request.unknown_token()),
        }
    }

    fn plain(answer: Result<pinquery::Updates<'_>, pinquery::Error>) -> Plain {
        convert::outcome(answer).map_err(|rejection| rejection.kind)
    }
}

/// The library in one call, which returns the updates.
struct Parse;

impl Contender for Parse {
    type Updates<'q> = pinquery::Updates<'q>;
    type Error = pinquery::Error;

    #[inline]
    fn judge<'q, 'd>(
        case: &'q Case,
        lookup: impl FnOnce(&str) -> Option<&'d Device>,
        updates: &mut pinquery::Updates<'q>,
    ) -> Result<(), pinquery::Error> {
        *updates = pinquery::parse(case.query, |token| library(lookup(token)))?;
        Ok(())
    }

    fn plain(answer: Result<pinquery::Updates<'_>, pinquery::Error>) -> Plain {
        UpdatesInto::plain(answer)
    }

    /// As a handler takes a result apart. To give the result away whole costs as much, and 35
    /// instructions more where it is an error.
    #[inline(always)]
    fn serve<'d>(case: &Case, lookup: impl FnOnce(&str) -> Option<&'d Device>) {
        match pinquery::parse(case.query, |token| library(lookup(token))) {
            Ok(updates) => {
                black_box(updates);
            }
            Err(error) => {
                black_box(error);
            }
        }
    }
}

fn library(device: Option<&Device>) -> Option<&pinquery::Template> {
    Some(&device?.library)
}

/// The contract read a second time, as plainly as possible: what a program costs that was not
/// written for speed.
struct Reference;

impl Contender for Reference {
    type Updates<'q> = plain::Updates;
    type Error = plain::Rejection;

    fn judge<'q, 'd>(
        case: &'q Case,
        lookup: impl FnOnce(&str) -> Option<&'d Device>,
        updates: &mut plain::Updates,
    ) -> Result<(), plain::Rejection> {
        *updates = reference::parse(case.query.as_bytes(), |token| {
            lookup(token).map(|device| &device.plain)
        })?;
        Ok(())
    }

    fn plain(answer: plain::Outcome) -> Plain {
        answer.map_err(|rejection| rejection.kind)
    }
}
