//! A batch, written in any of the ways that a client may.

use crate::encoding::{Knobs, segment};
use crate::plain::{Datastream, Template, Update, Value};
use crate::{Device, convert};

/// A batch as its client has it.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The token.
    pub token: String,
    /// Before which pin the token stands.
    pub token_at: usize,
    /// The pins, each once.
    pub pins: Vec<(u8, Value)>,
}

impl Batch {
    /// The query, written as the knobs say.
    pub fn query(&self, knobs: &mut Knobs<'_>) -> Vec<u8> {
        let token = vec![segment(b"token", self.token.as_bytes(), knobs)];
        let mut pins: Vec<Vec<Vec<u8>>> = Vec::new();
        for (pin, value) in &self.pins {
            let letter = if knobs.turn() & 1 == 0 { 'v' } else { 'V' };
            let name = format!("{letter}{pin}");
            let texts = texts(value, knobs);
            let each = |text: &String| segment(name.as_bytes(), text.as_bytes(), knobs);
            pins.push(texts.iter().map(each).collect());
        }
        pins.insert(self.token_at % (pins.len() + 1), token);
        let between = &b"&&&"[..usize::from(1 + knobs.turn() % 3)];
        pins.concat().join(between)
    }

    /// A template that just holds the batch.
    pub fn template(&self) -> Template {
        let pins = self.pins.iter();
        pins.map(|(pin, value)| (*pin, just(value))).collect()
    }

    /// Writes the batch, and has the library read it back as it was.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[track_caller]
    pub fn comes_back(&self, device: &Device, knobs: &mut Knobs<'_>) {
        let query = self.query(knobs);
        let judged = pinquery::parse(&query, |found| {
            (found == self.token).then_some(&device.library)
        });
        let expected = self.pins.iter().map(|(pin, value)| Update {
            pin: *pin,
            value: value.clone(),
            adjusted: None,
        });
        let shown = String::from_utf8_lossy(&query);
        let expected = Ok(expected.collect());
        assert_eq!(
            convert::outcome(judged),
            expected,
            "for the query {shown:?}"
        );
    }
}

/// A datastream that holds the value and no other, where there is such a one.
fn just(value: &Value) -> Datastream {
    match value {
        Value::Integer(value) => Datastream::Integer {
            min: *value,
            max: *value,
        },
        Value::Double(value) => Datastream::Double {
            min: *value,
            max: *value,
        },
        Value::String(text) => Datastream::String {
            max_len: text.len(),
        },
        Value::Enumerable(value) => Datastream::Enumerable {
            values: vec![*value],
            fallback: None,
        },
        Value::Boolean(_) => Datastream::Boolean,
        Value::Location(..) => Datastream::Location,
    }
}

/// The text of a value, or the two of a location in two segments.
fn texts(value: &Value, knobs: &mut Knobs<'_>) -> Vec<String> {
    let text = match value {
        Value::String(text) => return vec![text.clone()],
        Value::Integer(integer) | Value::Enumerable(integer) => integer.to_string(),
        Value::Double(value) => double(*value, knobs),
        Value::Boolean(boolean) => match (knobs.turn() & 3, *boolean) {
            (0, boolean) => u8::from(boolean).to_string(),
            (1, true) => "tRue".to_owned(),
            (1, false) => "falsE".to_owned(),
            (_, boolean) => boolean.to_string(),
        },
        Value::Location(longitude, latitude) => {
            let halves = [double(*longitude, knobs), double(*latitude, knobs)];
            match knobs.turn() & 3 {
                0 => halves.join(","),
                1 => halves.join(" , "),
                _ => return halves.into(),
            }
        }
    };
    let pad = ["", "", " ", "\t\r\n"][usize::from(knobs.turn() & 3)];
    vec![format!("{pad}{text}{pad}")]
}

/// Each of these is read back to the same bits.
fn double(double: f64, knobs: &mut Knobs<'_>) -> String {
    match knobs.turn() & 3 {
        0 => format!("{double}"),
        1 => format!("{double:?}"),
        2 => format!("{double:e}"),
        _ => format!("{double:+.17E}"),
    }
}
