//! Errors returned when constructing datastreams.

use core::fmt;

/// The error returned when a [`Datastream`](crate::Datastream) cannot be built.
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
    /// The minimum is above the maximum, after defaults: `integer(3_000_000_000..)` has the default
    /// maximum 2147483647.
    MinAboveMax,
    /// A bound of a double is infinite or NaN.
    BoundNotFinite,
    /// A bound excludes its value, as in `0..100`; write `0..=99`.
    BoundExcluded,
    /// An enumerable has no values.
    NoValues,
    /// The fallback of an enumerable is not one of its values.
    FallbackNotAValue,
    /// Parts or a template name an unknown type, such as `int`.
    /// [`Datastream::TYPES`](crate::Datastream::TYPES) lists the types.
    UnknownType,
    /// A bound of an integer is not a 64-bit integer, as in 0.5.
    BoundNotAnInteger,
    /// Parts or a template have a field, named here, that the type does not have, such as the `min`
    /// of a boolean.
    ForeignField(&'static str),
}

impl fmt::Display for DatastreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MinAboveMax => "min is above max",
            Self::BoundNotFinite => "bound is not a finite number",
            Self::BoundExcluded => "bound is excluded; bounds must be inclusive",
            Self::NoValues => "values are empty",
            Self::FallbackNotAValue => "fallback is not one of the values",
            Self::UnknownType => "unknown type",
            Self::BoundNotAnInteger => "integer bound is not a 64-bit integer",
            Self::ForeignField(name) => {
                return write!(f, "unknown field `{name}` for this type of datastream");
            }
        })
    }
}

impl core::error::Error for DatastreamError {}
