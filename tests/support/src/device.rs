//! The comparison of the library with the reference.

use pinquery::{BatchUpdate, Results, Updates};

use crate::plain::{Outcome, Template, Update, is_identical};
use crate::{convert, invariants, notation, reference};

/// A token that is unknown to every device.
pub const UNKNOWN: &str = "unknown";

/// A template for the reference and for the library, built once for many queries.
#[derive(Clone, Debug)]
pub struct Device {
    /// The reference's template.
    pub plain: Template,
    /// The library's template.
    pub library: pinquery::Template,
}

impl Device {
    /// Creates a device with a template.
    ///
    /// # Panics
    ///
    /// If the library rejects the template.
    #[track_caller]
    pub fn new(plain: Template) -> Self {
        let library = convert::template(&plain).expect("a valid template");
        Self { plain, library }
    }

    /// Creates a device with a template in the [`notation`].
    ///
    /// # Panics
    ///
    /// If the notation is invalid or the library rejects the template.
    #[track_caller]
    pub fn read(template: &str) -> Self {
        Self::new(notation::template(template).unwrap_or_else(|error| panic!("{error}")))
    }

    /// Parses a query with the library.
    pub fn parse(&self, query: &[u8]) -> Outcome {
        convert::outcome(pinquery::parse(query, |token| {
            (token != UNKNOWN).then_some(&self.library)
        }))
    }

    /// Parses a query with the reference.
    pub fn reference(&self, query: &[u8]) -> Outcome {
        reference::parse(query, |token| (token != UNKNOWN).then_some(&self.plain))
    }

    /// Asserts that library and reference agree on a query; see [`outcome`](Self::outcome).
    #[track_caller]
    pub fn agree(&self, query: &[u8]) {
        let _ = self.outcome(query);
    }

    /// Returns the outcome of a query after asserting that the library, in one call, in two steps and
    /// segment by segment, and the reference agree, and that every value fits the type and bounds of
    /// its datastream.
    #[track_caller]
    pub fn outcome(&self, query: &[u8]) -> Outcome {
        let expected = self.reference(query);
        let shown = String::from_utf8_lossy(query);
        assert_eq!(self.parse(query), expected, "for the query {shown:?}");
        let in_two_steps = convert::outcome(self.in_two_steps(query));
        assert_eq!(in_two_steps, expected, "for the query {shown:?}");
        if let Ok(updates) = &expected {
            let accepts = |update: &Update| self.plain[&update.pin.0].accepts(update);
            assert!(updates.iter().all(accepts), "for the query {shown:?}");
        }
        if let Some(results) = self.results(query) {
            let expected = reference::results(query, |_| Some(&self.plain));
            let expected = expected.expect("a valid token");
            let found = convert::results(results);
            let are_identical = is_identical(&found, &expected);
            assert!(
                are_identical,
                "{found:?}, expected {expected:?} for {shown:?}"
            );
        }
        expected
    }

    /// Asserts properties of the outcome of a query; see [`invariants`].
    #[track_caller]
    pub fn check_invariants(&self, query: &[u8]) {
        invariants::check_invariants(query, self);
    }

    /// Returns the outcome of every segment, if the token is valid and known.
    pub fn results<'q>(&self, query: &'q [u8]) -> Option<Results<'q, '_>> {
        let request = BatchUpdate::parse(query).ok()?;
        let is_known = request.token().as_str() != UNKNOWN;
        is_known.then(|| request.results(&self.library))
    }

    /// Parses in two steps, also into a buffer that is reused.
    pub(crate) fn in_two_steps<'q>(&self, query: &'q [u8]) -> Result<Updates<'q>, pinquery::Error> {
        let request = BatchUpdate::parse(query)?;
        if request.token().as_str() == UNKNOWN {
            return Err(request.unknown_token());
        }
        let parsed = request.updates(&self.library);
        let mut updates = Updates::new();
        for _ in 0..2 {
            let filled = request.updates_into(&self.library, &mut updates);
            match &parsed {
                Ok(parsed) => assert!(filled.is_ok() && updates == *parsed, "into a buffer"),
                Err(error) => assert!(filled == Err(*error) && updates.is_empty()),
            }
        }
        parsed
    }
}
