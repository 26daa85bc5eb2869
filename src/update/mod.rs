//! What an accepted query says.

pub(crate) mod updates;
pub(crate) mod value;

use alloc::string::String;
use core::fmt::{self, Write};

use self::value::Value;
use crate::device::pin::VirtualPin;
use crate::named::named;
use crate::query::text::Text;

/// One value for one virtual pin.
///
/// As parsed it is an `Update<Text<'q>>`, which borrows the query and is [`Copy`]. Owned, it is an
/// `Update`, that is an `Update<String>`, which crosses threads and channels.
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
    /// The pin.
    pub pin: VirtualPin,
    /// Its value, converted by the pin's datastream.
    pub value: Value<S>,
    /// What was done to the value to make it fit, if anything was.
    pub adjusted: Option<Adjustment>,
}

impl<S> Update<S> {
    /// The update with another sort of string; see [`Value::map_string`].
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
    /// The update with a string of its own.
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

/// `v1=100`, and what was done to the value, if anything was: `v1=100 (max)`.
///
/// One line, whatever a client sent: control characters of a string are escaped.
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

/// Escapes what would end a line of a log or move a terminal's cursor.
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

named! {
    /// What was done to a value that its datastream does not hold as it came.
    ///
    /// ```
    /// assert_eq!(pinquery::Adjustment::Fallback.name(), "fallback");
    /// ```
    pub enum Adjustment {
        /// It was below the minimum and is the minimum now.
        Min = "min",
        /// It was above the maximum and is the maximum now.
        Max = "max",
        /// It was none of the enumerable's values and is the fallback now.
        Fallback = "fallback",
    }

    /// All of them.
    ///
    /// ```
    /// assert_eq!(pinquery::Adjustment::ALL.len(), 3);
    /// ```
    ALL;
    /// `min`, `max` or `fallback`, as in the line format.
    ///
    /// ```
    /// assert_eq!(pinquery::Adjustment::Max.name(), "max");
    /// assert_eq!("max".parse(), Ok(pinquery::Adjustment::Max));
    /// ```
    name;
}
