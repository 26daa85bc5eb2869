//! From plain data to the library's types and back, the only place that knows both.

use pinquery::{DatastreamError, VirtualPin};

use crate::plain::{Adjustment, Datastream, Outcome, Refusal, Template, Update, Value};

/// What an update of the library's takes.
pub const UPDATE_SIZE: usize = size_of::<pinquery::Update<pinquery::Text<'static>>>();

/// The library's template, which it may refuse to build.
///
/// # Errors
///
/// The library's, for the first pin that has one.
pub fn template(template: &Template) -> Result<pinquery::Template, DatastreamError> {
    let pins = template.iter();
    pins.map(|(&pin, stream)| Ok((VirtualPin(pin), datastream(stream)?)))
        .collect()
}

/// What is the contract's default is left to the library's: it has to be the same.
///
/// # Errors
///
/// The library's.
pub fn datastream(datastream: &Datastream) -> Result<pinquery::Datastream, DatastreamError> {
    use pinquery::Datastream as D;

    match datastream {
        Datastream::Integer { min, max } => match (*min, *max) {
            (-2_147_483_648, 2_147_483_647) => D::integer(..),
            (-2_147_483_648, max) => D::integer(..=max),
            (min, 2_147_483_647) => D::integer(min..),
            (min, max) => D::integer(min..=max),
        },
        Datastream::Double { min, max } => match (*min, *max) {
            (f64::MIN, f64::MAX) => D::double(..),
            (f64::MIN, max) => D::double(..=max),
            (min, f64::MAX) => D::double(min..),
            (min, max) => D::double(min..=max),
        },
        Datastream::String { max_len: 1024 } => Ok(D::string()),
        Datastream::String { max_len } => Ok(D::string_up_to(*max_len)),
        Datastream::Enumerable { values, fallback } => match fallback {
            Some(fallback) => D::enumerable_or(values.iter().copied(), *fallback),
            None => D::enumerable(values.iter().copied()),
        },
        Datastream::Location => Ok(D::location()),
        Datastream::Boolean => Ok(D::boolean()),
    }
}

/// What the library made of a query.
pub fn outcome(judged: Result<pinquery::Updates<'_>, pinquery::Error>) -> Outcome {
    judged.map(|judged| updates(&judged)).map_err(error)
}

/// The library's updates.
pub fn updates(updates: &pinquery::Updates<'_>) -> Vec<Update> {
    updates.iter().map(update).collect()
}

/// One of the library's updates.
pub fn update(update: &pinquery::Update<pinquery::Text<'_>>) -> Update {
    use pinquery::{Adjustment as A, Value as V};

    Update {
        pin: update.pin.0,
        value: match update.value {
            V::Integer(integer) => Value::Integer(integer),
            V::Double(double) => Value::Double(double),
            V::String(text) => Value::String(text.to_string()),
            V::Enumerable(integer) => Value::Enumerable(integer),
            V::Boolean(boolean) => Value::Boolean(boolean),
            V::Location {
                longitude,
                latitude,
            } => Value::Location(longitude, latitude),
        },
        adjusted: update.adjusted.map(|adjusted| match adjusted {
            A::Min => Adjustment::Min,
            A::Max => Adjustment::Max,
            A::Fallback => Adjustment::Fallback,
        }),
    }
}

/// The library's error.
pub fn error(error: pinquery::Error) -> Refusal {
    Refusal {
        kind: error.kind().name(),
        span: error.span(),
        pin: error.pin().map(u8::from),
        reason: error.reason().map(pinquery::Reason::name),
    }
}
