//! A batch, written in any of the ways that a client may.

use pinquery::VirtualPin;

use crate::encoding::{Choices, segment};
use crate::plain::{Template, Update, Value};
use crate::types::{self, Datastream};
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
    /// The query, written as the choices say.
    pub fn query(&self, choices: &mut Choices<'_>) -> Vec<u8> {
        let token = vec![segment(b"token", self.token.as_bytes(), choices)];
        let mut pins: Vec<Vec<Vec<u8>>> = Vec::new();
        for (pin, value) in &self.pins {
            let letter = if choices.next() & 1 == 0 { 'v' } else { 'V' };
            let name = format!("{letter}{pin}");
            let texts = types::write(value, choices);
            let each = |text: &String| segment(name.as_bytes(), text.as_bytes(), choices);
            pins.push(texts.iter().map(each).collect());
        }
        pins.insert(self.token_at % (pins.len() + 1), token);
        let between = &b"&&&"[..usize::from(1 + choices.next() % 3)];
        pins.concat().join(between)
    }

    /// A template that just holds the batch.
    pub fn template(&self) -> Template {
        let pins = self.pins.iter();
        pins.map(|(pin, value)| (*pin, Datastream::just(value)))
            .collect()
    }

    /// Writes the batch, and has the library read it back as it was.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[track_caller]
    pub fn comes_back(&self, device: &Device, choices: &mut Choices<'_>) {
        let query = self.query(choices);
        let parsed = pinquery::parse(&query, |found| {
            (found == self.token).then_some(&device.library)
        });
        let expected = self.pins.iter().map(|(pin, value)| Update {
            pin: VirtualPin(*pin),
            value: value.clone(),
            adjusted: None,
        });
        let shown = String::from_utf8_lossy(&query);
        let expected = Ok(expected.collect());
        assert_eq!(
            convert::outcome(parsed),
            expected,
            "for the query {shown:?}"
        );
    }
}
