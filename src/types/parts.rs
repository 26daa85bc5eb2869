//! The parts of a datastream: the one description that serde, `Display` and callers share.

use core::fmt;
use core::ops::Bound;

use super::error::DatastreamError;

/// The parts of a [`Datastream`](crate::Datastream): the name of its type and its bounds.
///
/// Fields are public and optional, like the columns of a table; those that the type does not have
/// must be `None`. [`Datastream::from_parts`] validates
/// them and [`Datastream::to_parts`] returns them.
///
/// [`Datastream::from_parts`]: crate::Datastream::from_parts
/// [`Datastream::to_parts`]: crate::Datastream::to_parts
///
/// ```
/// use pinquery::{Datastream, DatastreamParts, Number};
///
/// // SELECT type, min, max FROM datastream
/// let (type_name, min, max): (&str, Option<f64>, Option<f64>) = ("integer", Some(0.0), None);
/// let mut parts = DatastreamParts::new(type_name);
/// parts.min = min.map(Number::from);
/// parts.max = max.map(Number::from);
/// assert_eq!(Datastream::from_parts(&parts), Datastream::integer(0..));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DatastreamParts<'a> {
    /// Name of the type, one of [`Datastream::TYPES`](crate::Datastream::TYPES).
    pub type_name: &'a str,
    /// Minimum of an integer or double; without it, [`DEFAULT_MIN`](crate::Datastream::DEFAULT_MIN)
    /// or `f64::MIN`.
    pub min: Option<Number>,
    /// Maximum of an integer or double; without it, [`DEFAULT_MAX`](crate::Datastream::DEFAULT_MAX)
    /// or `f64::MAX`.
    pub max: Option<Number>,
    /// Maximum length of a string in decoded bytes; without it,
    /// [`DEFAULT_MAX_LEN`](crate::Datastream::DEFAULT_MAX_LEN).
    pub max_len: Option<usize>,
    /// Values of an enumerable, at least one.
    pub values: Option<&'a [i64]>,
    /// Value of an enumerable that replaces any other integer; without it, others are rejected.
    pub fallback: Option<i64>,
}

/// The names of the fields other than `type_name`.
pub(super) const FIELDS: [&str; 5] = ["min", "max", "max_len", "values", "fallback"];

/// The value of a field. Only the feature `serde` reads it.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "serde"), expect(dead_code))]
pub(crate) enum Field<'a> {
    Number(Number),
    Integer(i64),
    Length(usize),
    Values(&'a [i64]),
}

impl<'a> DatastreamParts<'a> {
    /// Creates parts without bounds.
    ///
    /// ```
    /// use pinquery::{Datastream, DatastreamParts};
    ///
    /// let parts = DatastreamParts::new("boolean");
    /// assert_eq!(Datastream::from_parts(&parts), Ok(Datastream::boolean()));
    /// ```
    #[must_use]
    pub const fn new(type_name: &'a str) -> Self {
        Self {
            type_name,
            min: None,
            max: None,
            max_len: None,
            values: None,
            fallback: None,
        }
    }

    /// Returns the fields that are present, by name.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, Field<'a>)> {
        let fields: [Option<Field<'a>>; FIELDS.len()] = [
            self.min.map(Field::Number),
            self.max.map(Field::Number),
            self.max_len.map(Field::Length),
            self.values.map(Field::Values),
            self.fallback.map(Field::Integer),
        ];
        let fields = FIELDS.into_iter().zip(fields);
        fields.filter_map(|(name, field)| Some((name, field?)))
    }
}

/// Writes the type and the fields that are present: `integer 0..=100`.
impl fmt::Display for DatastreamParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_name)?;
        match (self.min, self.max) {
            (Some(min), Some(max)) => write!(f, " {min}..={max}")?,
            (Some(min), None) => write!(f, " {min}..")?,
            (None, Some(max)) => write!(f, " ..={max}")?,
            (None, None) => {}
        }
        if let Some(max_len) = self.max_len {
            write!(f, " up to {max_len} bytes")?;
        }
        if let Some(values) = self.values {
            write!(f, " {values:?}")?;
        }
        match self.fallback {
            Some(fallback) => write!(f, " or {fallback}"),
            None => Ok(()),
        }
    }
}

/// A bound of an integer or double.
///
/// ```
/// use pinquery::Number;
///
/// assert_eq!(Number::from(100.0), Number::Integer(100));
/// assert_eq!(Number::from(0.5), Number::Double(0.5));
/// assert_eq!(Number::Double(f64::MAX).to_string(), "1.7976931348623157e308");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An `i64`.
    Integer(i64),
    /// Any other number. Build bounds with [`Number::from`]: an integer datastream rejects even
    /// `Double(5.0)`.
    Double(f64),
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// Converts a number that equals an `i64` into an [`Integer`](Number::Integer).
impl From<f64> for Number {
    fn from(number: f64) -> Self {
        // Every integral `f64` from -2^63 to below 2^63 is an `i64`; the cast saturates beyond.
        let integer = number as i64;
        match integer as f64 == number && integer != i64::MAX {
            true => Self::Integer(integer),
            false => Self::Double(number),
        }
    }
}

/// Writes the shortest text that parses back to the same number: `1`, `0.5`, `1e300`.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => fmt::Display::fmt(integer, f),
            Self::Double(double) => fmt::Debug::fmt(double, f),
        }
    }
}

/// Returns an inclusive bound, or `None` if it is unbounded.
pub(super) fn inclusive<T: Copy>(bound: Bound<&T>) -> Result<Option<T>, DatastreamError> {
    match bound {
        Bound::Included(value) => Ok(Some(*value)),
        Bound::Excluded(_) => Err(DatastreamError::BoundExcluded),
        Bound::Unbounded => Ok(None),
    }
}
