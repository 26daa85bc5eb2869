//! What a virtual pin holds: a type, and bounds that were checked when they were set.

use alloc::boxed::Box;
use core::ops::RangeBounds;

use super::enumerable::Enumerable;
use super::error::DatastreamError;
use super::row::{DatastreamRow, Number, included};
use crate::named::named;

/// What a virtual pin holds: a type, and the bounds of its values.
///
/// A datastream that could judge no value cannot be built: each constructor that takes bounds
/// checks them.
///
/// ```
/// use pinquery::Datastream;
///
/// let level = Datastream::integer(0..=100)?;
/// let temperature = Datastream::double(-40.0..=125.0)?;
/// let mode = Datastream::enumerable_or([0, 20, 130], 0)?;
/// assert_eq!(level.to_string(), "integer 0..=100");
/// # Ok::<(), pinquery::DatastreamError>(())
/// ```
///
/// The rules are in [section 4 of the contract](crate::contract#4-values).
#[derive(Clone, Debug, PartialEq)]
pub struct Datastream(Kind);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Integer { min: i64, max: i64 },
    Double { min: f64, max: f64 },
    String { max_len: usize },
    Enumerable(Box<Enumerable>),
    Boolean,
    Location,
}

named! {
    /// The types of datastreams, by name.
    pub(crate) enum Type {
        Integer = "integer",
        Double = "double",
        String = "string",
        Enumerable = "enumerable",
        Boolean = "boolean",
        Location = "location",
    }

    ALL;
    name;
}

/// What a [`Datastream`] holds, looked into; made by [`Datastream::view`].
///
/// There may be other types of datastreams one day, though not other bounds of these.
///
/// ```
/// use pinquery::{Datastream, DatastreamView};
///
/// let mode = Datastream::enumerable_or([130, 0, 20], 0)?;
/// assert_eq!(
///     mode.view(),
///     DatastreamView::Enumerable { values: &[0, 20, 130], fallback: Some(0) },
/// );
/// # Ok::<(), pinquery::DatastreamError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum DatastreamView<'a> {
    /// A whole number, clamped to these bounds.
    Integer {
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// A decimal number, clamped to these bounds, which are finite. `{:?}` writes a default bound
    /// as `1.7976931348623157e308`, `{}` in 309 digits.
    Double {
        /// The smallest value.
        min: f64,
        /// The largest value.
        max: f64,
    },
    /// A text.
    String {
        /// How many bytes it may have, decoded.
        max_len: usize,
    },
    /// One of a list of whole numbers.
    Enumerable {
        /// The list, ascending, each once.
        values: &'a [i64],
        /// What any other whole number becomes; without it, one is refused.
        fallback: Option<i64>,
    },
    /// `true` or `false`.
    Boolean,
    /// A longitude and a latitude.
    Location,
}

impl Datastream {
    /// The names of all types, as in a template's JSON: each [`type_name`](Self::type_name) is one
    /// of them.
    ///
    /// ```
    /// use pinquery::Datastream;
    ///
    /// assert_eq!(
    ///     Datastream::TYPES,
    ///     ["integer", "double", "string", "enumerable", "boolean", "location"],
    /// );
    /// ```
    pub const TYPES: &'static [&'static str] = &{
        let mut names = [""; Type::ALL.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = Type::ALL[index].name();
            index += 1;
        }
        names
    };

    /// The smallest value of an integer without a minimum, the vendor's.
    ///
    /// ```
    /// assert_eq!(pinquery::Datastream::DEFAULT_MIN, i64::from(i32::MIN));
    /// ```
    pub const DEFAULT_MIN: i64 = -2_147_483_648;
    /// The largest value of an integer without a maximum, the vendor's.
    ///
    /// ```
    /// assert_eq!(pinquery::Datastream::DEFAULT_MAX, i64::from(i32::MAX));
    /// ```
    pub const DEFAULT_MAX: i64 = 2_147_483_647;
    /// How many bytes a string without a `max_len` may have, the vendor's limit.
    ///
    /// ```
    /// assert_eq!(pinquery::Datastream::DEFAULT_MAX_LEN, 1024);
    /// ```
    pub const DEFAULT_MAX_LEN: usize = 1024;

    /// A whole number, clamped to the bounds. Where there is none, the vendor's default
    /// −2147483648 or 2147483647 holds.
    ///
    /// # Errors
    ///
    /// [`DatastreamError::MinAboveMax`] for `9..=1` or `3_000_000_000..`,
    /// [`DatastreamError::BoundExcluded`] for `0..100`.
    ///
    /// ```
    /// # use pinquery::{Datastream, DatastreamError};
    /// assert!(Datastream::integer(..).is_ok());
    /// assert!(Datastream::integer(0..=i64::MAX).is_ok());
    /// assert_eq!(Datastream::integer(3_000_000_000..), Err(DatastreamError::MinAboveMax));
    /// assert_eq!(Datastream::integer(0..100), Err(DatastreamError::BoundExcluded));
    /// ```
    pub fn integer(bounds: impl RangeBounds<i64>) -> Result<Self, DatastreamError> {
        let min = included(bounds.start_bound())?.unwrap_or(Self::DEFAULT_MIN);
        let max = included(bounds.end_bound())?.unwrap_or(Self::DEFAULT_MAX);
        if min > max {
            return Err(DatastreamError::MinAboveMax);
        }
        Ok(Self(Kind::Integer { min, max }))
    }

    /// A decimal number as an `f64`, clamped to the bounds. Where there is none, `f64::MIN` or
    /// `f64::MAX` holds, so that `1e999` becomes a finite number, and says so.
    ///
    /// # Errors
    ///
    /// [`DatastreamError::BoundNotFinite`] for `f64::NAN..`, [`DatastreamError::MinAboveMax`] for
    /// `1.0..=0.0`, [`DatastreamError::BoundExcluded`] for `0.0..1.0`.
    ///
    /// ```
    /// # use pinquery::{Datastream, DatastreamError};
    /// assert!(Datastream::double(-40.0..=125.0).is_ok());
    /// assert_eq!(Datastream::double(..=f64::INFINITY), Err(DatastreamError::BoundNotFinite));
    /// ```
    pub fn double(bounds: impl RangeBounds<f64>) -> Result<Self, DatastreamError> {
        let min = included(bounds.start_bound())?.unwrap_or(f64::MIN);
        let max = included(bounds.end_bound())?.unwrap_or(f64::MAX);
        if !(min.is_finite() && max.is_finite()) {
            return Err(DatastreamError::BoundNotFinite);
        }
        if min > max {
            return Err(DatastreamError::MinAboveMax);
        }
        Ok(Self(Kind::Double { min, max }))
    }

    /// A text of at most [`DEFAULT_MAX_LEN`](Self::DEFAULT_MAX_LEN) bytes.
    ///
    /// ```
    /// # use pinquery::Datastream;
    /// assert_eq!(Datastream::string(), Datastream::string_up_to(1024));
    /// ```
    #[must_use]
    pub const fn string() -> Self {
        Self::string_up_to(Self::DEFAULT_MAX_LEN)
    }

    /// A text of at most `max_len` bytes of UTF-8, counted after decoding. A longer one is
    /// refused, not cut.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, VirtualPin, parse};
    /// let template = Template::new().with(VirtualPin(3), Datastream::string_up_to(4));
    /// assert!(parse("token=t&v3=%C3%A9%C3%A9", |_| Some(&template)).is_ok());
    /// assert!(parse("token=t&v3=hello", |_| Some(&template)).is_err());
    /// ```
    #[must_use]
    pub const fn string_up_to(max_len: usize) -> Self {
        Self(Kind::String { max_len })
    }

    /// One of the whole numbers `values`; any other is refused.
    ///
    /// # Errors
    ///
    /// [`DatastreamError::NoValues`] where there is none.
    ///
    /// ```
    /// # use pinquery::{Datastream, DatastreamError};
    /// assert!(Datastream::enumerable([0, 20, 130]).is_ok());
    /// assert_eq!(Datastream::enumerable([]), Err(DatastreamError::NoValues));
    /// ```
    pub fn enumerable(values: impl IntoIterator<Item = i64>) -> Result<Self, DatastreamError> {
        let stream = Enumerable::new(values.into_iter().collect(), None)?;
        Ok(Self(Kind::Enumerable(Box::new(stream))))
    }

    /// One of the whole numbers `values`; any other whole number becomes `fallback`.
    ///
    /// # Errors
    ///
    /// [`DatastreamError::NoValues`] where there is none, and
    /// [`DatastreamError::FallbackNotAValue`] where the fallback is none of them.
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
        let stream = Enumerable::new(values.into_iter().collect(), Some(fallback))?;
        Ok(Self(Kind::Enumerable(Box::new(stream))))
    }

    /// `true` or `false` in any ASCII case, `1` or `0`.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, Value, VirtualPin, parse};
    /// let template = Template::new().with(VirtualPin(6), Datastream::boolean());
    /// let updates = parse("token=t&v6=True", |_| Some(&template)).unwrap();
    /// assert_eq!(updates[0].value, Value::Boolean(true));
    /// ```
    #[must_use]
    pub const fn boolean() -> Self {
        Self(Kind::Boolean)
    }

    /// A place on earth: longitude then latitude, as `v5=lon,lat` or as `v5=lon&v5=lat`. Out of
    /// range is refused, not clamped: a clamped place is a wrong place.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, Value, VirtualPin, parse};
    /// let template = Template::new().with(VirtualPin(5), Datastream::location());
    /// let updates = parse("token=t&v5=-73.987&v5=40.725", |_| Some(&template)).unwrap();
    /// assert_eq!(updates[0].value, Value::Location { longitude: -73.987, latitude: 40.725 });
    /// ```
    #[must_use]
    pub const fn location() -> Self {
        Self(Kind::Location)
    }

    /// The type's name, as in a template's JSON: one of [`TYPES`](Self::TYPES).
    ///
    /// ```
    /// assert_eq!(pinquery::Datastream::location().type_name(), "location");
    /// ```
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        let type_ = match self.0 {
            Kind::Integer { .. } => Type::Integer,
            Kind::Double { .. } => Type::Double,
            Kind::String { .. } => Type::String,
            Kind::Enumerable(_) => Type::Enumerable,
            Kind::Boolean => Type::Boolean,
            Kind::Location => Type::Location,
        };
        type_.name()
    }

    /// The type and its bounds, to be looked into: for an admin page, a schema, a report. Where a
    /// line for people will do, take [`to_string`](alloc::string::ToString::to_string).
    ///
    /// ```
    /// # use pinquery::{Datastream, DatastreamView};
    /// let page = match Datastream::integer(0..=100)?.view() {
    ///     DatastreamView::Integer { min, max } => format!("a whole number, {min} to {max}"),
    ///     DatastreamView::String { max_len } => format!("a text of up to {max_len} bytes"),
    ///     other => format!("{other:?}"),
    /// };
    /// assert_eq!(page, "a whole number, 0 to 100");
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    #[must_use]
    pub fn view(&self) -> DatastreamView<'_> {
        match self.0 {
            Kind::Integer { min, max } => DatastreamView::Integer { min, max },
            Kind::Double { min, max } => DatastreamView::Double { min, max },
            Kind::String { max_len } => DatastreamView::String { max_len },
            Kind::Enumerable(ref stream) => DatastreamView::Enumerable {
                values: stream.values(),
                fallback: stream.fallback(),
            },
            Kind::Boolean => DatastreamView::Boolean,
            Kind::Location => DatastreamView::Location,
        }
    }

    /// The type and its bounds as a row of a table; [`from_row`](Self::from_row) reads it back.
    ///
    /// ```
    /// # use pinquery::{Datastream, Number};
    /// let datastream = Datastream::integer(0..=100)?;
    /// let row = datastream.row();
    /// assert_eq!((row.type_name, row.max), ("integer", Some(Number::Integer(100))));
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    #[must_use]
    pub fn row(&self) -> DatastreamRow<'_> {
        let mut row = DatastreamRow {
            type_name: self.type_name(),
            ..DatastreamRow::default()
        };
        match self.view() {
            DatastreamView::Integer { min, max } => {
                (row.min, row.max) = (Some(Number::Integer(min)), Some(Number::Integer(max)));
            }
            DatastreamView::Double { min, max } => {
                (row.min, row.max) = (Some(Number::Double(min)), Some(Number::Double(max)));
            }
            DatastreamView::String { max_len } => row.max_len = Some(max_len),
            DatastreamView::Enumerable { values, fallback } => {
                (row.values, row.fallback) = (Some(values), fallback);
            }
            DatastreamView::Boolean | DatastreamView::Location => {}
        }
        row
    }

    /// Builds what a row says, without a look at columns that its type has not.
    pub(crate) fn of_row(row: &DatastreamRow<'_>) -> Result<Self, DatastreamError> {
        let values = || row.values.unwrap_or_default().iter().copied();
        match row.type_name.parse() {
            Ok(Type::Integer) => Self::integer(row.integers()?),
            Ok(Type::Double) => Self::double(row.doubles()),
            Ok(Type::String) => Ok(row.max_len.map_or_else(Self::string, Self::string_up_to)),
            Ok(Type::Enumerable) => match row.fallback {
                Some(fallback) => Self::enumerable_or(values(), fallback),
                None => Self::enumerable(values()),
            },
            Ok(Type::Boolean) => Ok(Self::boolean()),
            Ok(Type::Location) => Ok(Self::location()),
            Err(_) => Err(DatastreamError::UnknownType),
        }
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0
    }
}
