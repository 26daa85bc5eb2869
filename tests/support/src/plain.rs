//! Templates and outcomes as plain data.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, Range};

pub use pinquery::{Adjustment, Update, Value};

use crate::types::Datastream;

/// The datastreams of a device by pin.
pub type Template = BTreeMap<u8, Datastream>;

/// The updates of an accepted query. Equality compares doubles bit by bit: 0 is not −0.
#[derive(Clone, Debug, Default)]
pub struct Updates(pub Vec<Update>);

/// Why a query is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The contract's name of the kind, such as `invalid_pin`.
    pub kind: &'static str,
    /// The bytes of the query that caused the rejection.
    pub span: Range<usize>,
    /// The pin, if the error concerns one.
    pub pin: Option<u8>,
    /// The contract's name of the reason, such as `not_an_integer`, if the kind is `invalid_value`.
    pub reason: Option<&'static str>,
}

/// The outcome of parsing a query.
pub type Outcome = Result<Updates, Rejection>;

/// Returns whether two values are equal, doubles bit by bit: 0 is not −0.
pub fn is_identical<T: PartialEq + fmt::Debug>(one: &T, other: &T) -> bool {
    // `==` ignores the sign of a zero; `Debug` shows it.
    one == other && format!("{one:?}") == format!("{other:?}")
}

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
        is_identical(&self.0, &other.0)
    }
}

/// Writes the updates as the library does: `v1=100 (max), v2=44.0`.
impl fmt::Display for Updates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let updates: Vec<String> = self.iter().map(Update::to_string).collect();
        f.write_str(&updates.join(", "))
    }
}

/// Writes the reason (or the kind without one), pin and span: `not_a_double of v5 at 11..14`.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.unwrap_or(self.kind))?;
        if let Some(pin) = self.pin {
            write!(f, " of v{pin}")?;
        }
        write!(f, " at {:?}", self.span)
    }
}

/// Writes an outcome on one line.
pub fn show(outcome: &Outcome) -> String {
    match outcome {
        Ok(updates) => updates.to_string(),
        Err(rejection) => rejection.to_string(),
    }
}
