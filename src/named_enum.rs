//! Enums with named variants.

/// Defines an enum whose variants have a name and, optionally, a sentence. A single list generates
/// everything, so no variant can be left out.
macro_rules! named_enum {
    (
        $(#[$enum:meta])*
        $visibility:vis enum $type:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $name:literal $(: $sentence:literal)?,)+
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

        /// Writes a sentence or, for variants without one, the name.
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(match self {
                    $(Self::$variant => [$($sentence,)? $name][0],)+
                })
            }
        }

        /// Serializes as the name.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

pub(crate) use named_enum;
