//! The types of datastreams, one file each: its notation, the reference's parser, and generators and
//! writers of values. All other code iterates over [`TYPES`].

use pinquery::DatastreamError;
use proptest::prelude::*;
use proptest::strategy::Union;

use crate::encoding::Choices;
use crate::json::Fields;
use crate::plain::{Adjustment, Update, Value};
use crate::reference::decoded;

/// The contract's name of the reason why a value is invalid.
pub type Reason = &'static str;

/// A value and its adjustment, or the reason why it is invalid.
pub type Parsed<T> = Result<(T, Option<Adjustment>), Reason>;

/// A type of datastream. An instance is a datastream with all bounds, including defaults.
pub trait Type: Sized {
    /// The content of a value.
    type Value;

    /// The contract's name of the type.
    const NAME: &'static str;
    /// The contract's names of the reasons that are specific to the type.
    const REASONS: &'static [Reason];
    /// Its part of the template of the fuzz target `parse`, on pins that no other type uses.
    const FUZZ_TEMPLATE: &'static str;
    /// Maximum length of a value in bytes: percent-encoded, or decoded text on its own.
    const MAX_RAW_LEN: usize = 4096;

    /// Reverses [`value`](Self::value), or returns `None` for a value of another type.
    fn from_value(value: &Value) -> Option<Self::Value>;
    /// Converts to the library's value.
    fn value(value: Self::Value) -> Value;

    /// Parses the text in parentheses after the name, which may be empty.
    fn parse_bounds(bounds: &str) -> Option<Self>;
    /// Takes the bounds from JSON fields.
    fn from_json(fields: &mut Fields) -> Option<Self>;
    /// Returns whether the library accepts the bounds.
    fn is_valid(&self) -> bool {
        true
    }
    /// Builds the library's datastream. Default bounds are omitted, so that the library's own
    /// defaults are tested.
    ///
    /// # Errors
    ///
    /// Returns the library's error for invalid bounds.
    fn build(&self) -> Result<pinquery::Datastream, DatastreamError>;

    /// Parses a percent-encoded value as in section 4 of the contract; a location in one segment.
    ///
    /// # Errors
    ///
    /// Returns the reason why the value is invalid.
    fn parse(&self, raw: &[u8]) -> Parsed<Self::Value> {
        check_len(raw.len(), Self::MAX_RAW_LEN)?;
        self.parse_decoded(&decoded(raw)?)
    }
    /// Parses decoded text that is not from a query; a location with a comma.
    ///
    /// # Errors
    ///
    /// Returns the reason why the value is invalid.
    fn parse_text(&self, text: &str) -> Parsed<Self::Value> {
        check_len(text.len(), Self::MAX_RAW_LEN)?;
        self.parse_decoded(text)
    }
    /// Parses decoded text of any length.
    ///
    /// # Errors
    ///
    /// Returns the reason why the value is invalid.
    fn parse_decoded(&self, text: &str) -> Parsed<Self::Value>;
    /// Returns whether the value is within bounds and consistent with the adjustment.
    fn accepts(&self, value: Self::Value, adjusted: Option<Adjustment>) -> bool;

    /// Generates datastreams with wide and narrow bounds.
    fn any() -> BoxedStrategy<Self>;
    /// Generates texts for a pin, most of them valid: one, or the two halves of a location.
    fn texts(&self) -> BoxedStrategy<Vec<String>>;
    /// Generates values.
    fn any_value() -> BoxedStrategy<Self::Value>;

    /// Returns a datastream that accepts the value and, if possible, no other.
    fn just(value: Self::Value) -> Self;
    /// Writes the value as clients do: one text, or the two halves of a location.
    fn write(value: Self::Value, choices: &mut Choices<'_>) -> Vec<String>;
}

/// Matches the library's values without a wildcard, so a missing type does not compile.
macro_rules! types {
    ($($variant:ident($module:ident::$type:ident),)+) => {
        $(mod $module;)+
        $(pub use $module::$type;)+

        /// The contract's names of all types.
        pub const TYPES: &[&str] = &[$($type::NAME),+];

        /// A datastream of any type.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Datastream {
            $(#[doc = concat!("See [`", stringify!($type), "`].")] $variant($type),)+
        }

        impl Datastream {
            /// Returns the contract's name of the type.
            #[must_use]
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $type::NAME,)+
                }
            }

            /// See [`Type::parse_bounds`].
            #[must_use]
            pub fn parse_bounds(type_name: &str, bounds: &str) -> Option<Self> {
                match type_name {
                    $($type::NAME => $type::parse_bounds(bounds).map(Self::$variant),)+
                    _ => None,
                }
            }

            /// See [`Type::from_json`].
            pub fn from_json(type_name: &str, fields: &mut Fields) -> Option<Self> {
                match type_name {
                    $($type::NAME => $type::from_json(fields).map(Self::$variant),)+
                    _ => None,
                }
            }

            /// See [`Type::is_valid`].
            #[must_use]
            pub fn is_valid(&self) -> bool {
                match self {
                    $(Self::$variant(datastream) => datastream.is_valid(),)+
                }
            }

            /// See [`Type::build`].
            ///
            /// # Errors
            ///
            /// Returns the library's error for invalid bounds.
            pub fn build(&self) -> Result<pinquery::Datastream, DatastreamError> {
                match self {
                    $(Self::$variant(datastream) => datastream.build(),)+
                }
            }

            /// See [`Type::parse`].
            ///
            /// # Errors
            ///
            /// Returns the reason why the value is invalid.
            pub fn parse(&self, raw: &[u8]) -> Parsed<Value> {
                match self {
                    $(Self::$variant(datastream) => {
                        datastream.parse(raw).map(|(value, adjusted)| ($type::value(value), adjusted))
                    })+
                }
            }

            /// See [`Type::MAX_RAW_LEN`].
            #[must_use]
            pub fn max_raw_len(&self) -> usize {
                match self {
                    $(Self::$variant(_) => $type::MAX_RAW_LEN,)+
                }
            }

            /// See [`Type::parse_text`].
            ///
            /// # Errors
            ///
            /// Returns the reason why the value is invalid.
            pub fn parse_text(&self, text: &str) -> Parsed<Value> {
                match self {
                    $(Self::$variant(datastream) => {
                        datastream.parse_text(text).map(|(value, adjusted)| ($type::value(value), adjusted))
                    })+
                }
            }

            /// Returns whether the update's value has this type, is within bounds and is consistent
            /// with the adjustment.
            #[must_use]
            pub fn accepts(&self, update: &Update) -> bool {
                match self {
                    $(Self::$variant(datastream) => $type::from_value(&update.value)
                        .is_some_and(|value| datastream.accepts(value, update.adjusted)),)+
                }
            }

            /// Generates datastreams of every type.
            pub fn any() -> impl Strategy<Value = Self> {
                Union::new([$($type::any().prop_map(Self::$variant).boxed()),+])
            }

            /// See [`Type::texts`].
            pub fn texts(&self) -> BoxedStrategy<Vec<String>> {
                match self {
                    $(Self::$variant(datastream) => datastream.texts(),)+
                }
            }

            /// See [`Type::just`].
            #[must_use]
            pub fn just(value: &Value) -> Self {
                match value {
                    $(Value::$variant { .. } => Self::$variant($type::just(from_value::<$type>(value))),)+
                }
            }
        }

        /// Generates values of every type.
        pub fn value() -> impl Strategy<Value = Value> {
            Union::new([$($type::any_value().prop_map($type::value).boxed()),+])
        }

        /// See [`Type::write`].
        pub fn write(value: &Value, choices: &mut Choices<'_>) -> Vec<String> {
            match value {
                $(Value::$variant { .. } => $type::write(from_value::<$type>(value), choices),)+
            }
        }

        /// The reasons that are specific to a type, in the order of the types.
        pub const REASONS: &[&[Reason]] = &[$($type::REASONS),+];

        /// A template with wide and narrow bounds of every type, on pins of one to three digits.
        pub const FUZZ_TEMPLATE: &[&str] = &[$($type::FUZZ_TEMPLATE),+];
    };
}

fn from_value<T: Type>(value: &Value) -> T::Value {
    T::from_value(value).expect("a value of this type")
}

types! {
    Integer(integer::Integer),
    Double(double::Double),
    String(string::Text),
    Enumerable(enumerable::Enumerable),
    Boolean(boolean::Boolean),
    Location(location::Location),
}

fn check_len(len: usize, max: usize) -> Result<(), Reason> {
    if len > max { Err("too_long") } else { Ok(()) }
}

/// Parses an optional bound.
fn or<T: std::str::FromStr>(text: &str, default: T) -> Option<T> {
    match text {
        "" => Some(default),
        _ => text.parse().ok(),
    }
}

/// Splits `min,max`, either of which may be missing.
fn pair(bounds: &str) -> (&str, &str) {
    bounds.split_once(',').unwrap_or((bounds, ""))
}

fn clamp<T: PartialOrd>(value: T, min: T, max: T) -> (T, Option<Adjustment>) {
    if value < min {
        (min, Some(Adjustment::Min))
    } else if value > max {
        (max, Some(Adjustment::Max))
    } else {
        (value, None)
    }
}

/// Returns whether a value is the bound that its adjustment names.
fn is_bound<T: PartialEq>(adjusted: Option<Adjustment>, value: T, min: T, max: T) -> bool {
    match adjusted {
        None => true,
        Some(Adjustment::Min) => value == min,
        Some(Adjustment::Max) => value == max,
        Some(Adjustment::Fallback) => false,
    }
}

/// Adds white space around a text, which every type except strings ignores.
fn padded(text: &str, choices: &mut Choices<'_>) -> Vec<String> {
    let pad = ["", "", " ", "\t\r\n"][usize::from(choices.next() & 3)];
    vec![format!("{pad}{text}{pad}")]
}
