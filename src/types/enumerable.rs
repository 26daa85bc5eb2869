//! Enumerables: integers from a list of values.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Type;
use super::datastream::Datastream;
use super::error::DatastreamError;
use super::integer::{self, Unbounded};
use super::parts::DatastreamParts;
use super::raw::{Parsed, next_after};
use crate::error::Reason;
use crate::pin::VirtualPin;
use crate::query::input::{Input, NextOffset};
use crate::update::Adjustment;
use crate::update::updates::Updates;
use crate::update::value::Value;

/// Boxed, so that a `Datastream` stays at 24 bytes.
#[derive(Clone, PartialEq)]
pub(crate) struct Enumerable(Box<Values>);

#[derive(Clone, PartialEq)]
struct Values {
    /// INVARIANT: sorted, without duplicates, not empty.
    values: Vec<i64>,
    /// INVARIANT: one of the values.
    fallback: Option<i64>,
}

impl Datastream {
    /// Creates an enumerable datastream, which accepts the integers in `values` and rejects any other.
    ///
    /// # Errors
    ///
    /// Returns [`DatastreamError::NoValues`] for an empty list.
    ///
    /// ```
    /// # use pinquery::{Datastream, DatastreamError};
    /// assert!(Datastream::enumerable([0, 20, 130]).is_ok());
    /// assert_eq!(Datastream::enumerable([]), Err(DatastreamError::NoValues));
    /// ```
    pub fn enumerable(values: impl IntoIterator<Item = i64>) -> Result<Self, DatastreamError> {
        let values = Enumerable::new(values.into_iter().collect(), None)?;
        Ok(Self(Type::Enumerable(values)))
    }

    /// Creates an enumerable datastream, which replaces any integer that is not in `values` with
    /// `fallback`.
    ///
    /// # Errors
    ///
    /// Returns [`DatastreamError::NoValues`] for an empty list, and
    /// [`DatastreamError::FallbackNotAValue`] for the values `[1]` and the fallback 0.
    ///
    /// ```
    /// # use pinquery::{Datastream, DatastreamError};
    /// assert!(Datastream::enumerable_or([0, 20, 130], 0).is_ok());
    /// assert_eq!(Datastream::enumerable_or([1], 0), Err(DatastreamError::FallbackNotAValue));
    /// ```
    pub fn enumerable_or(
        values: impl IntoIterator<Item = i64>,
        fallback: i64,
    ) -> Result<Self, DatastreamError> {
        let values = Enumerable::new(values.into_iter().collect(), Some(fallback))?;
        Ok(Self(Type::Enumerable(values)))
    }
}

impl Enumerable {
    pub(super) const NAME: &'static str = "enumerable";

    fn new(mut values: Vec<i64>, fallback: Option<i64>) -> Result<Self, DatastreamError> {
        values.sort_unstable();
        values.dedup();
        if values.is_empty() {
            return Err(DatastreamError::NoValues);
        }
        let values = Values { values, fallback };
        match fallback {
            Some(fallback) if !values.contains(fallback) => Err(DatastreamError::FallbackNotAValue),
            _ => Ok(Self(Box::new(values))),
        }
    }

    pub(super) fn from_parts(parts: &mut DatastreamParts<'_>) -> Result<Self, DatastreamError> {
        let values = parts.values.take().unwrap_or_default();
        Self::new(values.to_vec(), parts.fallback.take())
    }

    pub(super) fn to_parts(&self) -> DatastreamParts<'_> {
        DatastreamParts {
            values: Some(&self.0.values),
            fallback: self.0.fallback,
            ..DatastreamParts::default()
        }
    }

    #[inline(never)]
    pub(super) fn parse_fast<'q>(
        input: &Input<'q>,
        text: &'q [u8],
        pin: VirtualPin,
        updates: &mut Updates<'q>,
        this: &Self,
    ) -> Option<NextOffset> {
        let (integer, end) = integer::fast_integer(input.window(text)?, 0)?;
        let (value, adjusted) = this.choose(Unbounded::Exact(integer))?;
        updates.try_push(pin, value, adjusted)?;
        next_after(end)
    }

    pub(super) fn parse_trimmed(&self, text: &[u8]) -> Result<Parsed<'static>, Reason> {
        let integer = integer::integer(text).ok_or(Reason::NotAnInteger)?;
        self.choose(integer).ok_or(Reason::NotAValue)
    }

    pub(super) fn fits<S: AsRef<str>>(&self, value: &Value<S>) -> bool {
        matches!(value, Value::Enumerable(integer) if self.0.contains(*integer))
    }

    /// Returns the integer if it is one of the values, otherwise the fallback.
    #[inline]
    fn choose(&self, integer: Unbounded) -> Option<Parsed<'static>> {
        let Self(values) = self;
        match integer {
            Unbounded::Exact(integer) if values.contains(integer) => {
                Some((Value::Enumerable(integer), None))
            }
            _ => Some((
                Value::Enumerable(values.fallback?),
                Some(Adjustment::Fallback),
            )),
        }
    }
}

impl Values {
    fn contains(&self, value: i64) -> bool {
        self.values.binary_search(&value).is_ok()
    }
}
