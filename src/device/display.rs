//! What people read of a datastream, and of why one cannot be built.

use core::fmt;

use super::datastream::Datastream;
use super::error::DatastreamError;
use super::row::Number;

/// The type and its bounds, for people: `integer 0..=100`.
impl fmt::Display for Datastream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DEFAULTS: (Number, Number) = (Number::Double(f64::MIN), Number::Double(f64::MAX));

        let row = self.row();
        f.write_str(row.type_name)?;
        if let (Some(min), Some(max)) = (row.min, row.max) {
            if (min, max) != DEFAULTS {
                write!(f, " {min}..={max}")?;
            }
        }
        if let Some(max_len) = row.max_len {
            write!(f, " up to {max_len} bytes")?;
        }
        if let Some(values) = row.values {
            write!(f, " {values:?}")?;
        }
        match row.fallback {
            Some(fallback) => write!(f, " or {fallback}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for DatastreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MinAboveMax => "min is above max",
            Self::BoundNotFinite => "bound is not a finite number",
            Self::BoundExcluded => "bound is excluded; bounds must be inclusive",
            Self::NoValues => "values are empty",
            Self::FallbackNotAValue => "fallback is not one of the values",
            Self::UnknownType => return unknown_type(f),
            Self::BoundNotAnInteger => "integer bound is not a 64-bit integer",
            Self::ForeignBound => "there is a bound that the type does not have",
        })
    }
}

/// Not the name that is there: tokens stand beside templates.
fn unknown_type(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("unknown type, expected one of ")?;
    let mut separator = "";
    for name in Datastream::TYPES {
        write!(f, "{separator}{name}")?;
        separator = ", ";
    }
    Ok(())
}
