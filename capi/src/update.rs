//! Updates as plain structs.

use pinquery::{Adjustment, Text, Update, VirtualPin};

use crate::value::{pinquery_type, pinquery_value};

/// The maximum number of updates of a query, one per pin.
pub const PINQUERY_MAX_UPDATES: usize = 256;

/// How a value was adjusted to fit its datastream. The numbers never change.
pub type pinquery_adjusted = u8;

/// Not adjusted.
pub const PINQUERY_AS_SENT: pinquery_adjusted = 0;
/// Below the minimum; raised to it.
pub const PINQUERY_RAISED_TO_MIN: pinquery_adjusted = 1;
/// Above the maximum; lowered to it.
pub const PINQUERY_LOWERED_TO_MAX: pinquery_adjusted = 2;
/// Not one of the enumerable's values; replaced by the fallback.
pub const PINQUERY_REPLACED_BY_FALLBACK: pinquery_adjusted = 3;

/// A value for a virtual pin. It owns nothing; a string points into the input.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pinquery_update {
    /// The virtual pin.
    pub pin: u8,
    /// The type, which determines the member of `value`.
    pub r#type: pinquery_type,
    /// How the value was adjusted to fit its datastream.
    pub adjusted: pinquery_adjusted,
    /// The value.
    pub value: pinquery_value,
}

impl pinquery_update {
    #[inline(always)]
    pub(crate) fn new(update: &Update<Text<'_>>) -> Self {
        let (r#type, value) = pinquery_value::new(&update.value);
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

    /// Converts back to the library's update. `None` if this library did not write it.
    ///
    /// # Safety
    ///
    /// The bytes of a string are readable.
    pub(crate) unsafe fn read(&self) -> Option<Update> {
        // SAFETY: the caller vouches for the bytes of a string.
        let value = unsafe { self.value.read(self.r#type) }?;
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
