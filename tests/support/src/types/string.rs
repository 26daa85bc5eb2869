//! Text, verbatim.

use pinquery::DatastreamError;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Parsed, Reason, Type, or};
use crate::encoding::Choices;
use crate::generate::{one, text};
use crate::json::Fields;
use crate::plain::{Adjustment, Value};

/// Text without U+0000.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Maximum length in bytes after decoding.
    pub max_len: usize,
}

const MAX_LEN: usize = 1024;

impl Type for Text {
    type Value = String;

    const NAME: &'static str = "string";
    const REASONS: &'static [Reason] = &["nul"];
    const FUZZ_TEMPLATE: &'static str = "v3:string(64) v9:string v40:string(4) v255:string(100000)";
    const MAX_RAW_LEN: usize = usize::MAX;

    fn from_value(value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn value(text: String) -> Value {
        Value::String(text)
    }

    fn parse_bounds(bounds: &str) -> Option<Self> {
        // A seed has a limit beyond `usize` on 32-bit platforms.
        let max_len = or(bounds, MAX_LEN as u64)?;
        Some(Self {
            max_len: usize::try_from(max_len).unwrap_or(usize::MAX),
        })
    }

    fn from_json(fields: &mut Fields) -> Option<Self> {
        let max_len = fields.integer("max_len", MAX_LEN as i64)?;
        Some(Self {
            max_len: usize::try_from(max_len).ok()?,
        })
    }

    fn build(&self) -> Result<pinquery::Datastream, DatastreamError> {
        Ok(match self.max_len {
            MAX_LEN => pinquery::Datastream::string(),
            max_len => pinquery::Datastream::string_up_to(max_len),
        })
    }

    fn parse_decoded(&self, text: &str) -> Parsed<String> {
        if text.len() > self.max_len {
            return Err("too_long");
        }
        if text.contains('\0') {
            return Err("nul");
        }
        Ok((text.to_owned(), None))
    }

    fn accepts(&self, text: String, adjusted: Option<Adjustment>) -> bool {
        text.len() <= self.max_len && !text.contains('\0') && adjusted.is_none()
    }

    fn any() -> BoxedStrategy<Self> {
        let lengths = select(vec![0, 1, 4, 12, 64, MAX_LEN, usize::MAX]);
        lengths.prop_map(|max_len| Self { max_len }).boxed()
    }

    fn texts(&self) -> BoxedStrategy<Vec<String>> {
        one(text())
    }

    fn any_value() -> BoxedStrategy<String> {
        text().boxed()
    }

    fn just(text: String) -> Self {
        Self {
            max_len: text.len(),
        }
    }

    fn write(text: String, _: &mut Choices<'_>) -> Vec<String> {
        vec![text]
    }
}
