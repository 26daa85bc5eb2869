//! `serde_qs`, configured to reject duplicates, with a struct that rejects unknown names.

use serde_qs::{Config, DuplicateKeyBehavior};

use crate::{Outcome, Readings};

pub fn parse(query: &str) -> Outcome {
    Config::new()
        .duplicate_key_behavior(DuplicateKeyBehavior::Error)
        .deserialize_str::<Readings>(query)
        .map_err(|error| error.to_string())?
        .clamped()
}
