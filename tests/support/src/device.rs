//! A device for both, and the comparison of the library with the reference.

use pinquery::{BatchUpdate, Updates};

use crate::plain::{Outcome, Template, Update};
use crate::{convert, invariants, notation, reference};

/// The token that no device of the tests has.
pub const UNKNOWN: &str = "unknown";

/// A template as the reference has it and as the library does, built once for many queries.
#[derive(Clone, Debug)]
pub struct Device {
    /// The reference's.
    pub plain: Template,
    /// The library's.
    pub library: pinquery::Template,
}

impl Device {
    /// The device of a template.
    ///
    /// # Panics
    ///
    /// When the library cannot build it.
    #[track_caller]
    pub fn new(plain: Template) -> Self {
        let library = convert::template(&plain).expect("a template of the tests can be built");
        Self { plain, library }
    }

    /// The device of a template in the notation of the spec lines.
    ///
    /// # Panics
    ///
    /// When it cannot be read or built.
    #[track_caller]
    pub fn read(template: &str) -> Self {
        Self::new(notation::template(template).unwrap_or_else(|error| panic!("{error}")))
    }

    /// What the library makes of a query.
    pub fn parse(&self, query: &[u8]) -> Outcome {
        convert::outcome(pinquery::parse(query, |token| {
            (token != UNKNOWN).then_some(&self.library)
        }))
    }

    /// What the reference makes of a query.
    pub fn reference(&self, query: &[u8]) -> Outcome {
        reference::parse(query, |token| (token != UNKNOWN).then_some(&self.plain))
    }

    /// Holds the library to the reference for one query, in one call and in two steps.
    #[track_caller]
    pub fn agree(&self, query: &[u8]) {
        let _ = self.outcome(query);
    }

    /// The same, and what all made of the query.
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
        expected
    }

    /// Judges a query and holds the outcome to everything that can be said of it without judging
    /// it a second time.
    #[track_caller]
    pub fn check_invariants(&self, query: &[u8]) {
        invariants::check_invariants(query, self);
    }

    /// In two steps and into a variable, which is not empty for the second time.
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
                Ok(parsed) => assert!(filled.is_ok() && updates == *parsed, "into a variable"),
                Err(error) => assert!(filled == Err(*error) && updates.is_empty()),
            }
        }
        parsed
    }
}
