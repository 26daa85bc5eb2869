//! A datastream of any type. The file of each type has its constructors.

use core::fmt;

use super::error::DatastreamError;
use super::parts::{DatastreamParts, FIELDS};
use super::raw::Declined;
use super::{NAMES, Type, parse_halves};
use crate::error::{Error, Reason};
use crate::pin::VirtualPin;
use crate::query::encoded::Encoded;
use crate::query::input::{FastInput, NextOffset};
use crate::query::pairs::Pair;
use crate::query::text::Text;
use crate::update::updates::Updates;
use crate::update::value::Value;
use crate::update::{Adjustment, Update};

/// What a virtual pin accepts: a type and the bounds of its values.
///
/// Bounds are validated on construction; see [`DatastreamError`]. [`Display`](fmt::Display) writes a
/// human-readable line, without default bounds.
///
/// ```
/// use pinquery::Datastream;
///
/// let level = Datastream::integer(0..=100)?;
/// let temperature = Datastream::double(-40.0..=125.0)?;
/// let mode = Datastream::enumerable_or([0, 20, 130], 0)?;
/// assert_eq!(level.to_string(), "integer 0..=100");
/// assert_eq!(Datastream::integer(0..)?.to_string(), "integer 0..");
/// # Ok::<(), pinquery::DatastreamError>(())
/// ```
///
/// The rules are in [section 4 of the contract](crate::contract#4-values).
#[derive(Clone, PartialEq)]
pub struct Datastream(pub(super) Type);

impl Datastream {
    /// The names of all types, as used in templates and by [`DatastreamParts::type_name`].
    ///
    /// ```
    /// use pinquery::Datastream;
    ///
    /// assert_eq!(Datastream::TYPES[..3], ["integer", "double", "string"]);
    /// ```
    pub const TYPES: &'static [&'static str] = NAMES;

    /// The names of all fields other than `type`, as used in templates and by [`DatastreamParts`].
    ///
    /// ```
    /// use pinquery::Datastream;
    ///
    /// assert_eq!(Datastream::FIELDS[..3], ["min", "max", "max_len"]);
    /// ```
    pub const FIELDS: &'static [&'static str] = &FIELDS;

    /// Returns the name of the type, one of [`TYPES`](Self::TYPES).
    ///
    /// ```
    /// assert_eq!(pinquery::Datastream::location().type_name(), "location");
    /// ```
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        self.0.name()
    }

    /// Builds a datastream from its parts: a row of a table, say, or the fields of a form. Errors do not
    /// contain the pin; add it yourself.
    ///
    /// # Errors
    ///
    /// Returns [`DatastreamError::UnknownType`] for the type `int`,
    /// [`DatastreamError::BoundNotAnInteger`] for an integer with the bound 0.5,
    /// [`DatastreamError::ForeignField`] for a boolean with a `min`, and the errors of the type's
    /// constructor.
    ///
    /// ```
    /// use pinquery::{Datastream, DatastreamError, DatastreamParts};
    ///
    /// let mut parts = DatastreamParts::new("string");
    /// parts.max_len = Some(64);
    /// assert_eq!(Datastream::from_parts(&parts), Ok(Datastream::string_up_to(64)));
    ///
    /// parts.type_name = "boolean";
    /// assert_eq!(Datastream::from_parts(&parts), Err(DatastreamError::ForeignField("max_len")));
    /// ```
    pub fn from_parts(parts: &DatastreamParts<'_>) -> Result<Self, DatastreamError> {
        let mut rest = *parts;
        let type_ = Type::from_parts(&mut rest)?;
        match rest.fields().next() {
            None => Ok(Self(type_)),
            Some((name, _)) => Err(DatastreamError::ForeignField(name)),
        }
    }

    /// Returns the type and its bounds; [`from_parts`](Self::from_parts) reverses it.
    ///
    /// Bounds that have a default are always present.
    ///
    /// ```
    /// use pinquery::{Datastream, Number};
    ///
    /// let datastream = Datastream::integer(0..=100)?;
    /// let parts = datastream.to_parts();
    /// assert_eq!((parts.type_name, parts.max), ("integer", Some(Number::Integer(100))));
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    #[must_use]
    pub fn to_parts(&self) -> DatastreamParts<'_> {
        DatastreamParts {
            type_name: self.type_name(),
            ..self.0.to_parts()
        }
    }

    /// Parses a value from decoded text: an MQTT payload, a field of a CSV or JSON file, or a stored
    /// value. Also returns its [`Adjustment`] if it was clamped or replaced.
    ///
    /// `+` and `%` are ordinary characters. The other rules are the same as in a query; see [section 4
    /// of the contract](crate::contract#4-values). A location is `lon,lat`. The limit of 4,096 bytes
    /// for any value that is not a string applies to the decoded text.
    ///
    /// # Errors
    ///
    /// Returns a [`Reason`], such as [`Reason::NotAnInteger`] for the integer `21.5`. Never returns
    /// [`Reason::MalformedEscape`] or [`Reason::InvalidUtf8`].
    ///
    /// ```
    /// use pinquery::{Adjustment, Datastream, Reason, Value};
    ///
    /// let level = Datastream::integer(0..=100)?;
    /// assert_eq!(level.parse("33"), Ok((Value::Integer(33), None)));
    /// assert_eq!(level.parse("133"), Ok((Value::Integer(100), Some(Adjustment::Max))));
    /// assert_eq!(level.parse("21.5"), Err(Reason::NotAnInteger));
    ///
    /// let (value, _) = Datastream::string().parse("100% a+b").unwrap();
    /// assert_eq!(value.as_str(), Some("100% a+b"));
    ///
    /// assert_eq!(Datastream::location().parse("24.94"), Err(Reason::NoLatitude));
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    pub fn parse<'t>(
        &self,
        text: &'t str,
    ) -> Result<(Value<Text<'t>>, Option<Adjustment>), Reason> {
        self.0.parse_text(text)
    }

    /// Parses a percent-encoded value of a query that is not a batch update; see
    /// [`BatchUpdate::pairs`]. Also returns its [`Adjustment`] if it was clamped or replaced.
    ///
    /// The rules are in [section 4 of the contract](crate::contract#4-values). A location is
    /// `lon,lat`; for one in two values, use [`parse_segments`](Self::parse_segments).
    ///
    /// [`BatchUpdate::pairs`]: crate::BatchUpdate::pairs
    ///
    /// # Errors
    ///
    /// Returns a [`Reason`], such as [`Reason::MalformedEscape`] for `%4`.
    ///
    /// ```
    /// use pinquery::{Datastream, Pairs, Reason, Value};
    ///
    /// let value = |query| Pairs::new(query).next().unwrap().value;
    /// let temperature = Datastream::double(..)?;
    /// assert_eq!(temperature.parse_encoded(value("t=+21.5")), Ok((Value::Double(21.5), None)));
    /// assert_eq!(temperature.parse_encoded(value("t=%4")), Err(Reason::MalformedEscape));
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    pub fn parse_encoded<'q>(
        &self,
        value: Encoded<'q>,
    ) -> Result<(Value<Text<'q>>, Option<Adjustment>), Reason> {
        self.0.parse_encoded(value)
    }

    /// Parses the value of a pin from segments of a query that is not a batch update, by the same
    /// rules: from one segment or, if the datastream is a location, from up to two. Ignores their names.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::InvalidValue`] for a value that does not fit, and
    /// [`ErrorKind::DuplicatePin`] for an extra segment.
    ///
    /// [`ErrorKind::InvalidValue`]: crate::ErrorKind::InvalidValue
    /// [`ErrorKind::DuplicatePin`]: crate::ErrorKind::DuplicatePin
    ///
    /// ```
    /// use pinquery::{Datastream, Pairs, VirtualPin};
    ///
    /// // GET /external/api/update?token=…&pin=V5&value=24.94&value=60.17
    /// let segments: Vec<_> = Pairs::new("value=24.94&value=60.17").collect();
    /// let location = Datastream::location();
    /// let update = location.parse_segments(VirtualPin(5), segments[0], &segments[1..])?;
    /// assert_eq!(update.to_string(), "v5=24.94,60.17");
    ///
    /// let boolean = Datastream::boolean();
    /// let error = boolean.parse_segments(VirtualPin(6), segments[0], &[]).unwrap_err();
    /// assert_eq!(error.span(), 6..11);
    /// # Ok::<(), pinquery::Error>(())
    /// ```
    pub fn parse_segments<'q>(
        &self,
        pin: VirtualPin,
        first: Pair<'q>,
        rest: &[Pair<'q>],
    ) -> Result<Update<Text<'q>>, Error> {
        let mut rest = rest.iter();
        let latitude = || rest.next().map(|pair| pair.value);
        let update = self.parse_slow(pin, first.value, latitude)?;
        match rest.next() {
            None => Ok(update),
            Some(extra) => Err(Error::duplicate_pin(pin, extra.name)),
        }
    }

    /// Returns `true` if the datastream accepts this value unchanged. A value that was stored under an
    /// older template may not fit the current one.
    ///
    /// The value must have the type of the datastream: an integer does not fit a double. To convert a
    /// value that does not fit, parse its text, which may fail: `5.0` is not an integer.
    ///
    /// ```
    /// use pinquery::{Adjustment, Datastream, Value};
    ///
    /// let level = Datastream::integer(0..=100)?;
    /// assert!(level.fits(&Value::<String>::Integer(100)));
    /// assert!(!level.fits(&Value::<String>::Integer(101)));
    /// assert!(!level.fits(&Value::<String>::Double(1.0)));
    ///
    /// let stored = Value::<String>::Enumerable(130).to_string();
    /// assert_eq!(level.parse(&stored), Ok((Value::Integer(100), Some(Adjustment::Max))));
    ///
    /// assert!(Datastream::string_up_to(4).fits(&Value::String("full")));
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    #[must_use]
    pub fn fits<S: AsRef<str>>(&self, value: &Value<S>) -> bool {
        self.0.fits(value)
    }

    /// Parses a value by the fast path of its type and pushes the update.
    #[inline(always)]
    pub(crate) fn parse_fast<'q>(
        &self,
        input: FastInput<'_, 'q>,
        updates: &mut Updates<'q>,
    ) -> Result<NextOffset, Declined> {
        self.0.parse_fast(input, updates)
    }

    /// Parses a value by the slow path of its type. Calls `latitude` for the value that follows a valid
    /// longitude, if any.
    pub(crate) fn parse_slow<'q>(
        &self,
        pin: VirtualPin,
        value: Encoded<'q>,
        latitude: impl FnOnce() -> Option<Encoded<'q>>,
    ) -> Result<Update<Text<'q>>, Error> {
        let parsed = self.0.parse_encoded(value);
        let latitude = match parsed {
            Err(Reason::NoLatitude) => latitude(),
            _ => None,
        };
        let (parsed, last) = match latitude {
            // The longitude is valid, so any error is one of the latitude.
            Some(latitude) => (parse_halves(value, latitude), latitude),
            None => (parsed, value),
        };
        match parsed {
            Ok((value, adjusted)) => Ok(Update {
                pin,
                value,
                adjusted,
            }),
            Err(reason) => Err(Error::invalid_value(pin, last, reason)),
        }
    }
}

/// Writes the type and the bounds that are not the default: `integer 0..=100`, `double`.
impl fmt::Display for Datastream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.to_parts();
        // Fails for an enumerable, which has no default.
        if let Ok(default) = Self::from_parts(&DatastreamParts::new(parts.type_name)) {
            let default = default.to_parts();
            parts.min = parts.min.filter(|_| parts.min != default.min);
            parts.max = parts.max.filter(|_| parts.max != default.max);
            parts.max_len = parts.max_len.filter(|_| parts.max_len != default.max_len);
        }
        parts.fmt(f)
    }
}

impl fmt::Debug for Datastream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Datastream({self})")
    }
}
