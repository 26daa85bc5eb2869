//! `form_urlencoded`, with the parsers of the standard library.

use crate::{Outcome, Readings};

pub fn parse(query: &str) -> Outcome {
    let mut readings = Readings::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        readings.set(&name, &value)?;
    }
    readings.clamped()
}
