//! Values, as converted by their datastreams.

use alloc::string::String;
use core::fmt;

#[cfg(feature = "serde")]
use serde::ser::{Serialize, Serializer};

use crate::query::text::Text;

/// A value, as converted by its datastream.
///
/// `S` is the string type: [`Text`] as parsed, [`String`] if owned, or your own type through
/// [`map_string`](Self::map_string).
///
/// ```
/// use pinquery::{Datastream, Template, Value, VirtualPin};
///
/// let template = Template::new()
///     .with(VirtualPin(2), Datastream::double(..)?)
///     .with(VirtualPin(7), Datastream::string());
/// let updates = pinquery::parse("token=t&v2=-3.72&v7=Running", |_| Some(&template))?;
/// assert_eq!(updates[0].value, Value::Double(-3.72));
/// assert!(matches!(updates[1].value, Value::String(text) if text == "Running"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The enum is exhaustive on purpose: a new type of datastream adds a variant, which is a breaking
/// change, so that every `match` is revisited.
///
/// The rules are in [section 4 of the contract](crate::contract#4-values).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<S = String> {
    /// The value of an integer datastream, within its bounds.
    Integer(i64),
    /// The value of a double datastream, within its bounds: finite, never NaN.
    Double(f64),
    /// The value of a string datastream: at most `max_len` bytes, without U+0000.
    String(S),
    /// The value of an enumerable datastream: one of its values.
    Enumerable(i64),
    /// The value of a boolean datastream.
    Boolean(bool),
    /// The value of a location datastream, in degrees.
    Location {
        /// Degrees east, -180 to 180.
        longitude: f64,
        /// Degrees north, -90 to 90.
        latitude: f64,
    },
}

impl<S> Value<S> {
    /// Converts the string type, to `Arc<str>`, `CompactString` or an identifier, say.
    ///
    /// Serializing a value of `Arc<str>` needs the feature `rc` of serde.
    ///
    /// ```
    /// # use pinquery::Value;
    /// let value = Value::String("OK".to_owned()).map_string(String::into_boxed_str);
    /// assert_eq!(value, Value::String("OK".into()));
    /// assert_eq!(Value::<String>::Integer(1).map_string(|text| text.len()), Value::Integer(1));
    /// ```
    pub fn map_string<T>(self, f: impl FnOnce(S) -> T) -> Value<T> {
        match self {
            Self::Integer(integer) => Value::Integer(integer),
            Self::Double(double) => Value::Double(double),
            Self::String(string) => Value::String(f(string)),
            Self::Enumerable(integer) => Value::Enumerable(integer),
            Self::Boolean(boolean) => Value::Boolean(boolean),
            Self::Location {
                longitude,
                latitude,
            } => Value::Location {
                longitude,
                latitude,
            },
        }
    }

    /// Returns the number of an integer or enumerable; `None` for other types.
    ///
    /// ```
    /// # use pinquery::Value;
    /// assert_eq!(Value::<String>::Enumerable(20).as_i64(), Some(20));
    /// assert_eq!(Value::<String>::Double(20.0).as_i64(), None);
    /// ```
    #[must_use]
    pub const fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(integer) | Self::Enumerable(integer) => Some(*integer),
            _ => None,
        }
    }

    /// Returns the number of an integer, enumerable or double; `None` for other types. Integers beyond
    /// 2^53 are rounded to the nearest `f64`.
    ///
    /// ```
    /// # use pinquery::Value;
    /// assert_eq!(Value::<String>::Integer(20).as_f64(), Some(20.0));
    /// assert_eq!(Value::<String>::Boolean(true).as_f64(), None);
    /// ```
    #[must_use]
    pub const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Double(double) => Some(*double),
            Self::Integer(integer) | Self::Enumerable(integer) => Some(*integer as f64),
            _ => None,
        }
    }

    /// Returns the value of a boolean; `None` for other types.
    ///
    /// ```
    /// # use pinquery::Value;
    /// assert_eq!(Value::<String>::Boolean(true).as_bool(), Some(true));
    /// assert_eq!(Value::<String>::Integer(1).as_bool(), None);
    /// ```
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// Returns the text of a string; `None` for other types.
    ///
    /// ```
    /// # use pinquery::Value;
    /// let value = Value::String("OK".to_owned());
    /// assert_eq!(value.as_string().map(String::as_str), Some("OK"));
    /// ```
    #[must_use]
    pub const fn as_string(&self) -> Option<&S> {
        match self {
            Self::String(string) => Some(string),
            _ => None,
        }
    }
}

impl<S: AsRef<str>> Value<S> {
    /// Returns the text of a string; `None` for other types.
    ///
    /// ```
    /// # use pinquery::Value;
    /// assert_eq!(Value::String("OK".to_owned()).as_str(), Some("OK"));
    /// assert_eq!(Value::<String>::Integer(1).as_str(), None);
    /// ```
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.as_string().map(S::as_ref)
    }
}

impl<'q> Value<Text<'q>> {
    /// Returns the text of a string without escapes; see [`Text::as_str`]. `None` for a string with
    /// escapes, and for other types.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, VirtualPin};
    /// # let template = Template::new().with(VirtualPin(3), Datastream::string());
    /// let value = |query| pinquery::parse(query, |_| Some(&template)).unwrap()[0].value;
    /// assert_eq!(value("token=t&v3=OK").as_str(), Some("OK"));
    ///
    /// let escaped = value("token=t&v3=water+low");
    /// assert_eq!(escaped.as_str(), None);
    /// assert_eq!(escaped.as_string().unwrap().to_cow(), "water low");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> Option<&'q str> {
        self.as_string()?.as_str()
    }

    /// Converts into a value that owns its string.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, Value, VirtualPin};
    /// # let template = Template::new().with(VirtualPin(3), Datastream::string());
    /// # let updates = pinquery::parse("token=t&v3=water+low", |_| Some(&template))?;
    /// assert_eq!(updates[0].value.into_owned(), Value::String("water low".to_owned()));
    /// # Ok::<(), pinquery::Error>(())
    /// ```
    #[must_use]
    pub fn into_owned(self) -> Value {
        self.map_string(String::from)
    }
}

/// Writes a double as `{:?}` does (`33.0`, `1e300`) and a location as `lon,lat`.
///
/// A string is written verbatim, including line feeds and control characters. For logs, use the
/// [`Display`](fmt::Display) of [`Update`](crate::Update), which escapes them, or `{:?}`.
impl<S: fmt::Display> fmt::Display for Value<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) | Self::Enumerable(integer) => fmt::Display::fmt(integer, f),
            Self::Double(double) => fmt::Debug::fmt(double, f),
            Self::String(string) => fmt::Display::fmt(string, f),
            Self::Boolean(boolean) => fmt::Display::fmt(boolean, f),
            Self::Location {
                longitude,
                latitude,
            } => write!(f, "{longitude:?},{latitude:?}"),
        }
    }
}

/// Serializes as a number, a string, `true` or `false`; a location as `[longitude,latitude]`.
#[cfg(feature = "serde")]
impl<S: Serialize> Serialize for Value<S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        match self {
            Self::Integer(integer) | Self::Enumerable(integer) => integer.serialize(serializer),
            Self::Double(double) => double.serialize(serializer),
            Self::String(text) => text.serialize(serializer),
            Self::Boolean(boolean) => boolean.serialize(serializer),
            Self::Location {
                longitude,
                latitude,
            } => (longitude, latitude).serialize(serializer),
        }
    }
}
