//! `xocomil`, which decodes into buffers, with the parsers of the standard library.

use std::str;

use xocomil::pct::{Mode, decode};

use crate::{Outcome, Readings};

pub fn parse(query: &str) -> Outcome {
    let mut readings = Readings::default();
    let mut buffers = [vec![0; query.len()], vec![0; query.len()]];
    for pair in xocomil::query::parse(query.as_bytes()) {
        let [name, value] = &mut buffers;
        readings.set(text(pair.0, name)?, text(pair.1, value)?)?;
    }
    readings.clamped()
}

fn text<'a>(raw: &'a [u8], buffer: &'a mut [u8]) -> Result<&'a str, String> {
    let decoded = decode(raw, Mode::Form, buffer).map_err(|error| error.to_string())?;
    str::from_utf8(decoded).map_err(|error| error.to_string())
}
