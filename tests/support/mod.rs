//! What the tests and the fuzz targets share: templates in a short notation, outcomes as text,
//! and the comparison of the library with the reference.
#![allow(dead_code, missing_docs)]

pub mod encoding;
pub mod invariants;
pub mod notation;

use std::fmt::Write;

use pinquery::{Datastream, Template, Updates, Value, VirtualPin};
use pinquery_reference as reference;

/// The token that the server of the tests does not know.
pub const UNKNOWN: &str = "unknown";

/// The library's template for one of the reference's.
pub fn library_template(template: &reference::Template) -> Template {
    template
        .iter()
        .map(|(&pin, datastream)| (VirtualPin(pin), library_datastream(datastream)))
        .collect()
}

fn library_datastream(datastream: &reference::Datastream) -> Datastream {
    use reference::Datastream as D;

    match datastream {
        D::Integer { min, max } => Datastream::integer(min..=max),
        D::Double { min, max } => Datastream::double(min..=max),
        D::String { max_len } => Ok(Datastream::string_up_to(*max_len)),
        D::Enumerable { values, fallback } => match fallback {
            Some(fallback) => Datastream::enumerable_or(values.iter().copied(), *fallback),
            None => Datastream::enumerable(values.iter().copied()),
        },
        D::Location => Ok(Datastream::location()),
        D::Boolean => Ok(Datastream::boolean()),
    }
    .expect("a template of the tests can be built")
}

/// What the library makes of a query, as text: `ok v1=100!max, v2=44.0` or `invalid_pin 8..12`.
pub fn library_outcome(query: &[u8], template: &Template) -> String {
    match pinquery::parse(query, |token| (token != UNKNOWN).then_some(template)) {
        Ok(updates) => accepted(&updates),
        Err(error) => refused(error),
    }
}

fn accepted(updates: &Updates<'_>) -> String {
    let mut text = String::from("ok");
    for (index, update) in updates.iter().enumerate() {
        text += if index == 0 { " " } else { ", " };
        write!(text, "{}=", update.pin).unwrap();
        match update.value {
            Value::Integer(integer) => write!(text, "{integer}"),
            Value::Double(double) => write!(text, "{double:?}"),
            Value::String(string) => write!(text, "{string:?}"),
            Value::Enumerable(integer) => write!(text, "#{integer}"),
            Value::Boolean(boolean) => write!(text, "{boolean}"),
            Value::Location {
                longitude,
                latitude,
            } => write!(text, "({longitude:?},{latitude:?})"),
        }
        .unwrap();
        if let Some(adjusted) = update.adjusted {
            write!(text, "!{}", adjusted.name()).unwrap();
        }
    }
    text
}

fn refused(error: pinquery::Error) -> String {
    format!("{} {:?}", error.kind().name(), error.span())
}

/// What the reference makes of a query, in the same words.
pub fn reference_outcome(query: &[u8], template: &reference::Template) -> String {
    match reference::judge(query, |token| (token != UNKNOWN).then_some(template)) {
        Ok(updates) => reference_accepted(&updates),
        Err(refusal) => format!("{} {:?}", refusal.kind, refusal.span),
    }
}

fn reference_accepted(updates: &[reference::Update]) -> String {
    use reference::{Adjustment, Value as V};

    let updates: Vec<String> = updates
        .iter()
        .map(|update| {
            let value = match &update.value {
                V::Integer(integer) => format!("{integer}"),
                V::Double(double) => format!("{double:?}"),
                V::String(string) => format!("{string:?}"),
                V::Enumerable(integer) => format!("#{integer}"),
                V::Boolean(boolean) => format!("{boolean}"),
                V::Location(longitude, latitude) => format!("({longitude:?},{latitude:?})"),
            };
            let adjusted = match update.adjusted {
                None => "",
                Some(Adjustment::Min) => "!min",
                Some(Adjustment::Max) => "!max",
                Some(Adjustment::Fallback) => "!fallback",
            };
            format!("v{}={value}{adjusted}", update.pin)
        })
        .collect();
    format!("ok {}", updates.join(", "))
}

/// Holds the library to the reference for one query, the outcome in one call and in two steps, and
/// says what both made of it.
#[track_caller]
pub fn agree(query: &[u8], template: &reference::Template) -> String {
    agree_by(query, template, &library_template(template))
}

/// The same where the library's template is built once for many queries.
#[track_caller]
pub fn agree_by(query: &[u8], template: &reference::Template, ours: &Template) -> String {
    let expected = reference_outcome(query, template);
    let outcome = library_outcome(query, ours);
    let shown = String::from_utf8_lossy(query);
    assert_eq!(outcome, expected, "for the query {shown:?}");
    assert_eq!(outcome, two_steps(query, ours), "for the query {shown:?}");
    outcome
}

fn two_steps(query: &[u8], template: &Template) -> String {
    let request = match pinquery::BatchUpdate::parse(query) {
        Ok(request) if request.token().as_str() == UNKNOWN => {
            return refused(request.unknown_token());
        }
        Ok(request) => request,
        Err(error) => return refused(error),
    };
    match request.updates(template) {
        Ok(updates) => accepted(&updates),
        Err(error) => refused(error),
    }
}
