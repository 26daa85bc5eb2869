//! What a device is: a datastream for each of its virtual pins.

pub(crate) mod datastream;
mod display;
pub(crate) mod enumerable;
pub(crate) mod error;
pub(crate) mod from_row;
pub(crate) mod pin;
pub(crate) mod row;
pub(crate) mod template;
