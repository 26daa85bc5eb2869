//! The updates of an accepted query.

pub(crate) mod updates;
pub(crate) mod value;

use alloc::string::String;
use core::fmt::{self, Write};

use self::value::Value;
use crate::named_enum::named_enum;
use crate::pin::VirtualPin;
use crate::query::text::Text;

/// A value for a virtual pin.
///
/// As parsed, it is an `Update<Text<'q>>`, which borrows the query and is [`Copy`]. Owned, it is an
/// `Update<String>`, or `Update` for short, which can cross threads and channels.
///
/// ```
/// use pinquery::{Adjustment, Datastream, Template, Update, Value, VirtualPin};
///
/// let template = Template::new().with(VirtualPin(1), Datastream::integer(0..=100)?);
/// let updates = pinquery::parse("token=t&v1=133", |_| Some(&template))?;
/// assert_eq!(
///     updates[0],
///     Update { pin: VirtualPin(1), value: Value::Integer(100), adjusted: Some(Adjustment::Max) },
/// );
/// assert_eq!(updates[0].to_string(), "v1=100 (max)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update<S = String> {
    /// The virtual pin.
    pub pin: VirtualPin,
    /// The value, converted by the pin's datastream.
    pub value: Value<S>,
    /// How the value was adjusted to fit its datastream; `None` if it was not.
    pub adjusted: Option<Adjustment>,
}

impl<S> Update<S> {
    /// Converts the string type; see [`Value::map_string`].
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// # use pinquery::{Datastream, Template, Update, VirtualPin};
    /// # let template = Template::new().with(VirtualPin(3), Datastream::string());
    /// # let updates = pinquery::parse("token=t&v3=OK", |_| Some(&template))?;
    /// let shared: Update<Arc<str>> = updates[0].map_string(|text| text.to_cow().into());
    /// assert_eq!(shared.value.as_string().map(|text| &**text), Some("OK"));
    /// # Ok::<(), pinquery::Error>(())
    /// ```
    pub fn map_string<T>(self, f: impl FnOnce(S) -> T) -> Update<T> {
        Update {
            pin: self.pin,
            value: self.value.map_string(f),
            adjusted: self.adjusted,
        }
    }
}

impl Update<Text<'_>> {
    /// Converts into an update that owns its string.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, Update, Value, VirtualPin};
    /// # let template = Template::new().with(VirtualPin(3), Datastream::string());
    /// # let updates = pinquery::parse("token=t&v3=water+low", |_| Some(&template))?;
    /// let owned: Update = updates[0].into_owned();
    /// assert_eq!(owned.value, Value::String("water low".to_owned()));
    /// # Ok::<(), pinquery::Error>(())
    /// ```
    #[must_use]
    pub fn into_owned(self) -> Update {
        self.map_string(String::from)
    }
}

/// Writes `v1=100`, or `v1=100 (max)` if the value was adjusted.
///
/// The result is a single line: control characters of a string are escaped.
///
/// ```
/// # use pinquery::{Datastream, Template, VirtualPin};
/// # let template = Template::from([(VirtualPin(3), Datastream::string())]);
/// let updates = pinquery::parse("token=t&v3=a%0Av1=100", |_| Some(&template))?;
/// assert_eq!(updates[0].to_string(), r"v3=a\nv1=100");
/// # Ok::<(), pinquery::Error>(())
/// ```
impl<S: fmt::Display> fmt::Display for Update<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pin,
            value,
            adjusted,
        } = self;
        write!(OneLine(f), "{pin}={value}")?;
        match adjusted {
            Some(adjusted) => write!(f, " ({adjusted})"),
            None => Ok(()),
        }
    }
}

/// Escapes control characters, which could end a log line or move a terminal's cursor.
struct OneLine<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars()
            .try_for_each(|character| match character.is_control() {
                true => write!(self.0, "{}", character.escape_default()),
                false => self.0.write_char(character),
            })
    }
}

named_enum! {
    /// How a value was adjusted to fit its datastream.
    ///
    /// ```
    /// assert_eq!(pinquery::Adjustment::Fallback.name(), "fallback");
    /// ```
    pub enum Adjustment {
        /// It was below the minimum and was raised to it.
        Min = "min",
        /// It was above the maximum and was lowered to it.
        Max = "max",
        /// It was not one of the enumerable's values and was replaced with the fallback.
        Fallback = "fallback",
    }

    /// All adjustments.
    ///
    /// ```
    /// assert_eq!(pinquery::Adjustment::ALL.len(), 3);
    /// ```
    ALL;
    /// Returns `min`, `max` or `fallback`, as used in JSON.
    ///
    /// ```
    /// assert_eq!(pinquery::Adjustment::Max.name(), "max");
    /// ```
    name;
}
