//! What a device holds and what becomes of a query, as plain data.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, Range};

pub use pinquery::{Adjustment, Update, Value};

use crate::types::{self, Datastream};

/// The datastreams of a device by pin.
pub type Template = BTreeMap<u8, Datastream>;

/// What an accepted query says. Equal where all updates are, doubles bit by bit: 0 is not −0.
#[derive(Clone, Debug, Default)]
pub struct Updates(pub Vec<Update>);

/// Why a query is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The contract's name for the reason, such as `invalid_pin`.
    pub kind: &'static str,
    /// The bytes of the query that the reason points at.
    pub span: Range<usize>,
    /// The pin, where the error is about one.
    pub pin: Option<u8>,
    /// The contract's name for what is wrong with a value, such as `not_an_integer`.
    pub reason: Option<&'static str>,
}

/// What becomes of a query.
pub type Outcome = Result<Updates, Rejection>;

impl Deref for Updates {
    type Target = Vec<Update>;

    fn deref(&self) -> &Vec<Update> {
        &self.0
    }
}

impl FromIterator<Update> for Updates {
    fn from_iter<I: IntoIterator<Item = Update>>(updates: I) -> Self {
        Self(updates.into_iter().collect())
    }
}

impl PartialEq for Updates {
    fn eq(&self, other: &Self) -> bool {
        // What is equal may still differ in the sign of a zero, which `Debug` shows.
        self.0 == other.0 && format!("{self:?}") == format!("{other:?}")
    }
}

/// `v1=100!max`, as spec lines have it.
fn show_update(update: &Update) -> String {
    let value = types::show(&update.value);
    match update.adjusted {
        None => format!("{}={value}", update.pin),
        Some(adjusted) => format!("{}={value}!{adjusted}", update.pin),
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind, self.span)?;
        if let Some(pin) = self.pin {
            write!(f, " v{pin}")?;
        }
        match self.reason {
            Some(reason) => write!(f, " {reason}"),
            None => Ok(()),
        }
    }
}

/// `ok v1=100!max, v2=44.0` or `invalid_value 8..12 v1 not_a_double`.
pub fn show(outcome: &Outcome) -> String {
    match outcome {
        Ok(updates) => {
            let updates: Vec<String> = updates.iter().map(show_update).collect();
            format!("ok {}", updates.join(", "))
        }
        Err(rejection) => rejection.to_string(),
    }
}
