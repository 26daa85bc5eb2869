//! From plain data to the library's templates, and from the library's outcomes to plain data.

use pinquery::{DatastreamError, VirtualPin};

use crate::plain::{Outcome, Rejection, Template};

/// What an update of the library's takes.
pub const UPDATE_SIZE: usize = size_of::<pinquery::Update<pinquery::Text<'static>>>();

/// The library's template, which it may refuse to build.
///
/// # Errors
///
/// The library's, for the first pin that has one.
pub fn template(template: &Template) -> Result<pinquery::Template, DatastreamError> {
    let pins = template.iter();
    pins.map(|(&pin, stream)| Ok((VirtualPin(pin), stream.build()?)))
        .collect()
}

/// What the library made of a query.
pub fn outcome(parsed: Result<pinquery::Updates<'_>, pinquery::Error>) -> Outcome {
    let owned = |updates: pinquery::Updates<'_>| updates.into_owned().into_iter().collect();
    parsed.map(owned).map_err(error)
}

fn error(error: pinquery::Error) -> Rejection {
    Rejection {
        kind: error.kind().name(),
        span: error.span(),
        pin: error.pin().map(u8::from),
        reason: error.reason().map(pinquery::Reason::name),
    }
}
