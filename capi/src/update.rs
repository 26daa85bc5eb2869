//! What is handed out: an update as a plain struct.

use pinquery::{Adjustment, Text, Update, VirtualPin};

use crate::value::{pinquery_type, pinquery_value};

/// The most updates that a query can have, one for each pin: an array of so many always suffices.
pub const PINQUERY_MAX_UPDATES: usize = 256;

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

    /// The library's update again. `None` where it is none that this library wrote.
    ///
    /// # Safety
    ///
    /// The bytes of a string can be read.
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
