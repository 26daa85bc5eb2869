//! A batch, in any of the spellings that a client may choose.

use pinquery::VirtualPin;

use crate::encoding::{Choices, segment};
use crate::plain::{Template, Update, Value};
use crate::types::{self, Datastream};
use crate::{Device, convert};

/// A token and values to be sent.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The token.
    pub token: String,
    /// The index of the pin that follows the token.
    pub token_at: usize,
    /// The pins, each once.
    pub pins: Vec<(u8, Value)>,
}

impl Batch {
    /// Writes the query.
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

    /// Returns a template that accepts these values and no others, where its types allow.
    pub fn template(&self) -> Template {
        let pins = self.pins.iter();
        pins.map(|(pin, value)| (*pin, Datastream::just(value)))
            .collect()
    }

    /// Asserts that the library parses the written batch back.
    #[track_caller]
    pub fn assert_round_trips(&self, device: &Device, choices: &mut Choices<'_>) {
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
