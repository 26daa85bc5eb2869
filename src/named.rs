//! Enums whose variants have names.

use core::fmt;

/// A text is none of the names of [`ErrorKind`](crate::ErrorKind), [`Reason`](crate::Reason) or
/// [`Adjustment`](crate::Adjustment).
///
/// ```
/// let error = "invalid".parse::<pinquery::ErrorKind>().unwrap_err();
/// assert_eq!(error.to_string(), "the name is not known");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnknownName(pub(crate) ());

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name is not known")
    }
}

impl core::error::Error for UnknownName {}

/// An enum whose variants have a name and, where they are more than that, words for people. All
/// of it is one list, so nothing can be left out.
macro_rules! named {
    (
        $(#[$enum:meta])*
        $visibility:vis enum $type:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $name:literal $(: $words:literal)?,)+
        }
        $(#[$all_doc:meta])* ALL;
        $(#[$name_doc:meta])* name;
    ) => {
        $(#[$enum])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $visibility enum $type {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $type {
            $(#[$all_doc])*
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            $(#[$name_doc])*
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        /// In words, where it has any, else its name.
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(match self {
                    $(Self::$variant => [$($words,)? $name][0],)+
                })
            }
        }

        /// By its name.
        impl core::str::FromStr for $type {
            type Err = $crate::UnknownName;

            fn from_str(name: &str) -> Result<Self, $crate::UnknownName> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownName(())),
                }
            }
        }

        /// By its name.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

pub(crate) use named;
