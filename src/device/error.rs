//! What cannot be: a name that is no pin, a datastream that could judge no value.

use core::fmt;

/// A name is no virtual pin.
///
/// ```
/// let error = "v256".parse::<pinquery::VirtualPin>().unwrap_err();
/// assert_eq!(error.to_string(), "virtual pin must be `v` or `V` followed by 0 to 255 without leading zeros");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParsePinError(pub(super) ());

impl fmt::Display for ParsePinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("virtual pin must be `v` or `V` followed by 0 to 255 without leading zeros")
    }
}

impl core::error::Error for ParsePinError {}

/// Why a [`Datastream`](crate::Datastream) cannot be built: no value could be judged by it.
///
/// ```
/// use pinquery::{Datastream, DatastreamError};
///
/// assert_eq!(Datastream::integer(9..=1), Err(DatastreamError::MinAboveMax));
/// assert_eq!(Datastream::double(f64::NAN..), Err(DatastreamError::BoundNotFinite));
/// assert_eq!(Datastream::enumerable([]), Err(DatastreamError::NoValues));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DatastreamError {
    /// The minimum lies above the maximum, after defaults: `integer(3_000_000_000..)` has the
    /// default maximum 2147483647.
    MinAboveMax,
    /// A bound of a double is infinite or not a number.
    BoundNotFinite,
    /// A bound excludes its value, as in `0..100`; write `0..=99`.
    BoundExcluded,
    /// An enumerable has no values.
    NoValues,
    /// The fallback of an enumerable is none of its values.
    FallbackNotAValue,
    /// A row or a template names a type that there is not, as in `int`. Its text lists
    /// [`Datastream::TYPES`](crate::Datastream::TYPES).
    UnknownType,
    /// A bound of an integer is not a whole number of 64 bits, as in 0.5.
    BoundNotAnInteger,
    /// A row has a bound that its type has not, as in a boolean with a `min`.
    ForeignBound,
}

impl core::error::Error for DatastreamError {}
