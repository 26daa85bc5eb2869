//! The types of datastreams, a file for each: name, bounds, constructor, parts, fast path, slow path,
//! and which values fit.
//!
//! A fast path parses what nearly all clients send: values without escapes. That of strings parses any
//! value, and may reject it. `None` and [`Declined::UNDECIDED`] fall back to the slow path. Where both
//! decide, they agree. The fast paths of numbers are inlined into the loop: each
//! `inline(always)` there saves 3 % to 20 % of the instructions (`benches/README.md`).

mod boolean;
pub(crate) mod datastream;
mod digits;
mod double;
mod enumerable;
pub(crate) mod error;
mod integer;
mod location;
pub(crate) mod parts;
pub(crate) mod raw;
mod string;

use self::error::DatastreamError;
use self::location::parse_halves;
use self::parts::DatastreamParts;
use self::raw::{Declined, Parsed, parse_encoded, parse_text};
use crate::error::Reason;
use crate::pin::VirtualPin;
use crate::query::encoded::Encoded;
use crate::query::input::{FastInput, Input, NextOffset};
use crate::update::updates::Updates;
use crate::update::value::Value;

// The one list of types. A new type is a line in `rare` and a line above.
types! {
    numbers: Integer in integer, Double in double;
    text: String in string;
    rare: Enumerable in enumerable, Boolean in boolean, Location in location;
}

/// Defines `Type`, the types' names and the dispatch. `numbers` are inlined into the loop, `text`
/// is called from it, and `rare` types share one function that is not inlined.
///
/// The fast paths of the last two take `&Self` as their last parameter: LLVM passes the fields that
/// they read in its place, and the other arguments stay in their registers for the tail call (1 % to
/// 3 % fewer instructions).
macro_rules! types {
    (
        numbers: $($number:ident in $number_file:ident),+;
        text: $text:ident in $text_file:ident;
        rare: $($rare:ident in $rare_file:ident),+;
    ) => {
        types! {
            @all $($number in $number_file,)+ $text in $text_file, $($rare in $rare_file,)+
        }

        impl Type {
            /// Parses a value by its fast path and pushes the update.
            ///
            /// Only three types are dispatched here: with a fourth arm, LLVM emits a jump table, and
            /// many processors mispredict an indirect jump wherever types alternate. 200 pins take
            /// 1.04 to 1.5 times as long, depending on the processor (`benches/README.md`).
            /// `.ci/no-jump-table` fails if the compiled loop contains an indirect jump.
            #[inline(always)]
            fn parse_fast<'q>(
                &self,
                fast: FastInput<'_, 'q>,
                updates: &mut Updates<'q>,
            ) -> Result<NextOffset, Declined> {
                let FastInput { input, value, pin, .. } = fast;
                let undecided = Declined::UNDECIDED;
                let next = match self {
                    $(Self::$number(number) => {
                        return number.parse_fast(fast, updates).ok_or(undecided);
                    })+
                    Self::$text(text) => {
                        let start = input.offset_of(fast.rest) + value;
                        $text_file::$text::parse_fast(input.query(), start, pin, updates, text)?
                    }
                    _ => {
                        let text = fast.text().ok_or(undecided)?;
                        Self::parse_fast_rare(input, text, pin, updates, self).ok_or(undecided)?
                    }
                };
                NextOffset::new(value + next.get()).ok_or(undecided)
            }

            /// Parses a value of a rare type. Neither this function nor the fast paths that it calls are
            /// inlined: otherwise booleans take 1.17 and enumerables 1.23 times as long
            /// (`benches/README.md`).
            #[inline(never)]
            fn parse_fast_rare<'q>(
                input: &Input<'q>,
                text: &'q [u8],
                pin: VirtualPin,
                updates: &mut Updates<'q>,
                this: &Self,
            ) -> Option<NextOffset> {
                match this {
                    $(Self::$rare(rare) => {
                        $rare_file::$rare::parse_fast(input, text, pin, updates, rare)
                    })+
                    _ => None,
                }
            }

            fn parse_text<'t>(&self, text: &'t str) -> Result<Parsed<'t>, Reason> {
                match self {
                    Self::$text(string) => string.parse_text(text),
                    $(Self::$number(number) => parse_text(text, |text| number.parse_trimmed(text)),)+
                    $(Self::$rare(rare) => parse_text(text, |text| rare.parse_trimmed(text)),)+
                }
            }

            fn parse_encoded<'q>(&self, value: Encoded<'q>) -> Result<Parsed<'q>, Reason> {
                match self {
                    Self::$text(string) => string.parse_encoded(value),
                    $(Self::$number(number) => parse_encoded(value, |text| number.parse_trimmed(text)),)+
                    $(Self::$rare(rare) => parse_encoded(value, |text| rare.parse_trimmed(text)),)+
                }
            }
        }
    };
    (@all $($Type:ident in $file:ident,)+) => {
        #[derive(Clone, PartialEq)]
        pub(crate) enum Type {
            $($Type($file::$Type),)+
        }

        const NAMES: &[&str] = &[$($file::$Type::NAME),+];

        impl Type {
            const fn name(&self) -> &'static str {
                match self {
                    $(Self::$Type(_) => $file::$Type::NAME,)+
                }
            }

            /// Takes the fields that the type knows.
            fn from_parts(parts: &mut DatastreamParts<'_>) -> Result<Self, DatastreamError> {
                match parts.type_name {
                    $($file::$Type::NAME => $file::$Type::from_parts(parts).map(Self::$Type),)+
                    _ => Err(DatastreamError::UnknownType),
                }
            }

            fn to_parts(&self) -> DatastreamParts<'_> {
                match self {
                    $(Self::$Type(type_) => type_.to_parts(),)+
                }
            }

            fn fits<S: AsRef<str>>(&self, value: &Value<S>) -> bool {
                match self {
                    $(Self::$Type(type_) => type_.fits(value),)+
                }
            }
        }

        impl<S> Value<S> {
            /// Returns the name of the value's type; see
            /// [`Datastream::type_name`](crate::Datastream::type_name).
            ///
            /// ```
            /// assert_eq!(pinquery::Value::<String>::Double(1.5).type_name(), "double");
            /// ```
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$Type { .. } => $file::$Type::NAME,)+
                }
            }
        }
    };
}
use types;

#[cfg(test)]
mod tests;
