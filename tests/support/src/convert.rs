//! Conversion from plain templates to the library's, and from the library's outcomes to plain ones.

use pinquery::{DatastreamError, VirtualPin};

use crate::plain::{Outcome, Rejection, Template, Update};

/// The size of an update in bytes.
pub const UPDATE_SIZE: usize = size_of::<pinquery::Update<pinquery::Text<'static>>>();

/// Builds the library's template.
///
/// # Errors
///
/// Returns the library's error for the first invalid datastream.
pub fn template(template: &Template) -> Result<pinquery::Template, DatastreamError> {
    let pins = template.iter();
    pins.map(|(&pin, datastream)| Ok((VirtualPin(pin), datastream.build()?)))
        .collect()
}

/// Converts the library's outcome.
pub fn outcome(parsed: Result<pinquery::Updates<'_>, pinquery::Error>) -> Outcome {
    let owned = |updates: pinquery::Updates<'_>| updates.into_owned().into_iter().collect();
    parsed.map(owned).map_err(error)
}

/// Converts the library's results.
pub fn results(results: pinquery::Results<'_, '_>) -> Vec<Result<Update, Rejection>> {
    let owned = |update: pinquery::Update<pinquery::Text<'_>>| update.into_owned();
    results
        .map(|result| result.map(owned).map_err(error))
        .collect()
}

fn error(error: pinquery::Error) -> Rejection {
    Rejection {
        kind: error.kind().name(),
        span: error.span(),
        pin: error.pin().map(u8::from),
        reason: error.reason().map(pinquery::Reason::name),
    }
}
