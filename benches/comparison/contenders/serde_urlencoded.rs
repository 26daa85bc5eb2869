//! `serde_urlencoded`, with a struct that rejects unknown names.

use crate::{Outcome, Readings};

pub fn parse(query: &str) -> Outcome {
    serde_urlencoded::from_str::<Readings>(query)
        .map_err(|error| error.to_string())?
        .clamped()
}
