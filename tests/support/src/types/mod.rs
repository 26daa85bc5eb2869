//! The types of datastreams, a file for each: how a template says one, how the reference judges its
//! values, how values of it are made up and written. All else in the test support walks over [`TYPES`].

use pinquery::DatastreamError;
use proptest::prelude::*;
use proptest::strategy::Union;

use crate::encoding::Choices;
use crate::json::Fields;
use crate::plain::{Adjustment, Update, Value};

/// The contract's name for why a value does not fit.
pub type Reason = &'static str;

/// A value and what was done to it, or why it does not fit.
pub type Parsed<T> = Result<(T, Option<Adjustment>), Reason>;

/// A type of datastream; one value of it is what a template says of a pin, with nothing left to a
/// default.
pub trait Type: Sized {
    /// What a value of this type holds.
    type Value;

    /// What the contract calls it.
    const NAME: &'static str;
    /// What may be wrong with its values alone, by the contract's names.
    const REASONS: &'static [Reason];
    /// Its datastreams in the template of the fuzz target `parse`, on pins that no other type has.
    const FUZZ_TEMPLATE: &'static str;

    /// The other way of [`value`](Self::value). `None` for a value of another type.
    fn from_value(value: &Value) -> Option<Self::Value>;
    /// The library's value.
    fn value(parsed: Self::Value) -> Value;

    /// Reads what stands in brackets behind the name, which may be nothing.
    fn read(bounds: &str) -> Option<Self>;
    /// Takes the bounds out of the fields of JSON.
    fn of_json(fields: &mut Fields) -> Option<Self>;
    /// Whether a template may have it: what cannot be parsed cannot be built.
    fn is_sound(&self) -> bool {
        true
    }
    /// The library's. What is the contract's default is left to the library's: it has to be the
    /// same.
    ///
    /// # Errors
    ///
    /// The library's.
    fn build(&self) -> Result<pinquery::Datastream, DatastreamError>;

    /// Section 4 of the contract: a whole value, a location's both halves included.
    ///
    /// # Errors
    ///
    /// Why it does not fit.
    fn parse(&self, raw: &[u8]) -> Parsed<Self::Value>;
    /// Whether it has such a value, and the adjustment is one that leads there.
    fn accepts(&self, parsed: Self::Value, adjusted: Option<Adjustment>) -> bool;

    /// Datastreams of this type, wide and narrow.
    fn any() -> BoxedStrategy<Self>;
    /// Texts for a pin, most of which fit: one, or the two halves of a location.
    fn texts(&self) -> BoxedStrategy<Vec<String>>;
    /// Values of this type.
    fn any_value() -> BoxedStrategy<Self::Value>;

    /// A datastream that holds the value and no other, where there is such a one.
    fn just(parsed: Self::Value) -> Self;
    /// The value as clients write it: one text, or the two halves of a location.
    fn write(parsed: Self::Value, choices: &mut Choices<'_>) -> Vec<String>;
}

/// Without a wildcard over the library's values: a type that is missing here does not compile.
macro_rules! types {
    ($($variant:ident($module:ident::$type:ident),)+) => {
        $(mod $module;)+
        $(pub use $module::$type;)+

        /// The contract's names of all types.
        pub const TYPES: &[&str] = &[$($type::NAME),+];

        /// What a template says of one pin.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Datastream {
            $(#[doc = concat!("Of [`", stringify!($type), "`].")] $variant($type),)+
        }

        impl Datastream {
            /// What the contract calls its type.
            #[must_use]
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $type::NAME,)+
                }
            }

            /// Reads what stands in brackets behind the name of a type.
            #[must_use]
            pub fn of_bounds(type_name: &str, bounds: &str) -> Option<Self> {
                match type_name {
                    $($type::NAME => $type::read(bounds).map(Self::$variant),)+
                    _ => None,
                }
            }

            /// Takes the bounds out of the fields of JSON.
            pub fn of_json(type_name: &str, fields: &mut Fields) -> Option<Self> {
                match type_name {
                    $($type::NAME => $type::of_json(fields).map(Self::$variant),)+
                    _ => None,
                }
            }

            /// See [`Type::is_sound`].
            #[must_use]
            pub fn is_sound(&self) -> bool {
                match self {
                    $(Self::$variant(stream) => stream.is_sound(),)+
                }
            }

            /// See [`Type::build`].
            ///
            /// # Errors
            ///
            /// The library's.
            pub fn build(&self) -> Result<pinquery::Datastream, DatastreamError> {
                match self {
                    $(Self::$variant(stream) => stream.build(),)+
                }
            }

            /// See [`Type::parse`].
            ///
            /// # Errors
            ///
            /// Why the value does not fit.
            pub fn parse(&self, raw: &[u8]) -> Parsed<Value> {
                match self {
                    $(Self::$variant(stream) => {
                        stream.parse(raw).map(|(parsed, adjusted)| ($type::value(parsed), adjusted))
                    })+
                }
            }

            /// Whether the update's value is one that it holds, and the adjustment one that leads
            /// there.
            #[must_use]
            pub fn accepts(&self, update: &Update) -> bool {
                match self {
                    $(Self::$variant(stream) => $type::from_value(&update.value)
                        .is_some_and(|parsed| stream.accepts(parsed, update.adjusted)),)+
                }
            }

            /// Datastreams of every type.
            pub fn any() -> impl Strategy<Value = Self> {
                Union::new([$($type::any().prop_map(Self::$variant).boxed()),+])
            }

            /// See [`Type::texts`].
            pub fn texts(&self) -> BoxedStrategy<Vec<String>> {
                match self {
                    $(Self::$variant(stream) => stream.texts(),)+
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

        /// Values of every type.
        pub fn value() -> impl Strategy<Value = Value> {
            Union::new([$($type::any_value().prop_map($type::value).boxed()),+])
        }

        /// See [`Type::write`].
        pub fn write(value: &Value, choices: &mut Choices<'_>) -> Vec<String> {
            match value {
                $(Value::$variant { .. } => $type::write(from_value::<$type>(value), choices),)+
            }
        }

        /// What may be wrong with values of some types, in the order of the types.
        pub const REASONS: &[&[Reason]] = &[$($type::REASONS),+];

        /// Every type, narrow and wide, on low pins and on pins of three digits.
        pub const FUZZ_TEMPLATE: &[&str] = &[$($type::FUZZ_TEMPLATE),+];
    };
}

fn from_value<T: Type>(value: &Value) -> T::Value {
    T::from_value(value).expect("a type knows its own values")
}

types! {
    Integer(integer::Integer),
    Double(double::Double),
    String(string::Text),
    Enumerable(enumerable::Enumerable),
    Boolean(boolean::Boolean),
    Location(location::Location),
}

/// A bound in the notation, which may be left out.
fn or<T: std::str::FromStr>(text: &str, default: T) -> Option<T> {
    match text {
        "" => Some(default),
        _ => text.parse().ok(),
    }
}

/// `min,max`, each of which may be left out.
fn pair(bounds: &str) -> (&str, &str) {
    bounds.split_once(',').unwrap_or((bounds, ""))
}

fn clamp<T: PartialOrd>(parsed: T, min: T, max: T) -> (T, Option<Adjustment>) {
    if parsed < min {
        (min, Some(Adjustment::Min))
    } else if parsed > max {
        (max, Some(Adjustment::Max))
    } else {
        (parsed, None)
    }
}

/// Whether a value within its bounds is one that it was moved to.
fn is_bound<T: PartialEq>(adjusted: Option<Adjustment>, parsed: T, min: T, max: T) -> bool {
    match adjusted {
        None => true,
        Some(Adjustment::Min) => parsed == min,
        Some(Adjustment::Max) => parsed == max,
        Some(Adjustment::Fallback) => false,
    }
}

/// White space around a text, which every type but strings ignores.
fn padded(text: &str, choices: &mut Choices<'_>) -> Vec<String> {
    let pad = ["", "", " ", "\t\r\n"][usize::from(choices.next() & 3)];
    vec![format!("{pad}{text}{pad}")]
}
