//! Enums whose variants have names: the list of all, the names, and the way back, from one list.

use core::fmt;

/// A text is none of the names of [`ErrorKind`](crate::ErrorKind), [`Reason`](crate::Reason) or
/// [`Adjustment`](crate::Adjustment).
///
/// ```
/// let error = "invalid".parse::<pinquery::ErrorKind>().unwrap_err();
/// assert_eq!(error.to_string(), "the name is not known");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnknownName(());

impl UnknownName {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name is not known")
    }
}

impl core::error::Error for UnknownName {}

/// `ALL`, `name`, `FromStr` and `Serialize` of an enum. A variant that is left out does not compile.
macro_rules! named {
    (
        $type:ident:
        $(#[$all:meta])* ALL;
        $(#[$name:meta])* name;
        $($variant:ident = $text:literal,)+
    ) => {
        impl $type {
            $(#[$all])*
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            $(#[$name])*
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        /// By its name.
        impl core::str::FromStr for $type {
            type Err = $crate::UnknownName;

            fn from_str(name: &str) -> Result<Self, $crate::UnknownName> {
                match name {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownName::new()),
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
