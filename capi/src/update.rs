//! What is handed out: an update as a plain struct.

use pinquery::{Adjustment, Text, Update, Value, VirtualPin};

use crate::text::{decode, pinquery_text};

/// The most updates that a query can have, one for each pin: an array of so many always suffices.
pub const PINQUERY_MAX_UPDATES: usize = 256;

/// Which member of a `pinquery_value` is the value. The numbers never change.
pub type pinquery_type = u8;

/// A whole number within its bounds, in `integer`.
pub const PINQUERY_INTEGER: pinquery_type = 1;
/// A finite number within its bounds, in `number`.
pub const PINQUERY_DOUBLE: pinquery_type = 2;
/// A text without U+0000, of at most the datastream's `max_len` bytes once decoded, in `text`.
pub const PINQUERY_STRING: pinquery_type = 3;
/// One of the datastream's whole numbers, in `integer`.
pub const PINQUERY_ENUMERABLE: pinquery_type = 4;
/// 1 or 0, in `boolean`.
pub const PINQUERY_BOOLEAN: pinquery_type = 5;
/// A place, in `location`.
pub const PINQUERY_LOCATION: pinquery_type = 6;

/// What was done to a value to make it fit. The numbers never change.
pub type pinquery_adjusted = u8;

/// Nothing.
pub const PINQUERY_AS_SENT: pinquery_adjusted = 0;
/// It was below the minimum and is the minimum now.
pub const PINQUERY_RAISED_TO_MIN: pinquery_adjusted = 1;
/// It was above the maximum and is the maximum now.
pub const PINQUERY_LOWERED_TO_MAX: pinquery_adjusted = 2;
/// It was none of the enumerable's values and is the fallback now.
pub const PINQUERY_REPLACED_BY_FALLBACK: pinquery_adjusted = 3;

/// A place on earth.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pinquery_location {
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// Degrees north, -90 to 90.
    pub latitude: f64,
}

/// A value; which member it is says the update's `type`.
#[repr(C)]
#[derive(Clone, Copy)]
pub union pinquery_value {
    /// Of `PINQUERY_INTEGER` and `PINQUERY_ENUMERABLE`.
    pub integer: i64,
    /// Of `PINQUERY_DOUBLE`.
    pub number: f64,
    /// Of `PINQUERY_STRING`.
    pub text: pinquery_text,
    /// Of `PINQUERY_BOOLEAN`: 1 or 0.
    pub boolean: u8,
    /// Of `PINQUERY_LOCATION`.
    pub location: pinquery_location,
}

/// One value for one virtual pin. It owns nothing; a string stands in the query.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pinquery_update {
    /// The virtual pin.
    pub pin: u8,
    /// Which member of `value` is the value.
    pub r#type: pinquery_type,
    /// What was done to the value to make it fit.
    pub adjusted: pinquery_adjusted,
    /// The value.
    pub value: pinquery_value,
}

impl pinquery_update {
    #[inline(always)]
    pub(crate) fn new(update: &Update<Text<'_>>) -> Self {
        let (r#type, value) = match update.value {
            Value::Integer(integer) => (PINQUERY_INTEGER, pinquery_value { integer }),
            Value::Double(number) => (PINQUERY_DOUBLE, pinquery_value { number }),
            Value::String(text) => {
                let text = pinquery_text::new(text.raw(), text.as_str().is_some());
                (PINQUERY_STRING, pinquery_value { text })
            }
            Value::Enumerable(integer) => (PINQUERY_ENUMERABLE, pinquery_value { integer }),
            Value::Boolean(boolean) => {
                let boolean = u8::from(boolean);
                (PINQUERY_BOOLEAN, pinquery_value { boolean })
            }
            Value::Location {
                longitude,
                latitude,
            } => {
                let location = pinquery_location {
                    longitude,
                    latitude,
                };
                (PINQUERY_LOCATION, pinquery_value { location })
            }
        };
        Self {
            pin: update.pin.0,
            r#type,
            adjusted: match update.adjusted {
                None => PINQUERY_AS_SENT,
                Some(Adjustment::Min) => PINQUERY_RAISED_TO_MIN,
                Some(Adjustment::Max) => PINQUERY_LOWERED_TO_MAX,
                Some(Adjustment::Fallback) => PINQUERY_REPLACED_BY_FALLBACK,
            },
            value,
        }
    }

    /// The library's update again. `None` where it is none that this library wrote.
    ///
    /// # Safety
    ///
    /// The bytes of a string can be read.
    pub(crate) unsafe fn read(&self) -> Option<Update> {
        // SAFETY: the type says which member was written, and every bit pattern is one of each
        // member; the caller vouches for the bytes of a string.
        let value = unsafe {
            match (self.r#type, &self.value) {
                (PINQUERY_INTEGER, value) => Value::Integer(value.integer),
                (PINQUERY_DOUBLE, value) => Value::Double(value.number),
                (PINQUERY_STRING, value) => Value::String(decode(value.text.raw()?)?),
                (PINQUERY_ENUMERABLE, value) => Value::Enumerable(value.integer),
                (PINQUERY_BOOLEAN, value) => Value::Boolean(value.boolean != 0),
                (PINQUERY_LOCATION, value) => Value::Location {
                    longitude: value.location.longitude,
                    latitude: value.location.latitude,
                },
                _ => return None,
            }
        };
        let adjusted = match self.adjusted {
            PINQUERY_AS_SENT => None,
            PINQUERY_RAISED_TO_MIN => Some(Adjustment::Min),
            PINQUERY_LOWERED_TO_MAX => Some(Adjustment::Max),
            PINQUERY_REPLACED_BY_FALLBACK => Some(Adjustment::Fallback),
            _ => return None,
        };
        Some(Update {
            pin: VirtualPin(self.pin),
            value,
            adjusted,
        })
    }
}
