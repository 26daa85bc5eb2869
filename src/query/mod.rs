//! The syntax of a query: segments, names, values and percent-encoding.

pub(crate) mod ascii;
pub(crate) mod encoded;
pub(crate) mod input;
pub(crate) mod name;
pub(crate) mod pairs;
pub(crate) mod percent;
mod scan;
pub(crate) mod scanned_text;
pub(crate) mod stops;
pub(crate) mod swar;
pub(crate) mod text;
pub(crate) mod token;

pub(crate) use self::scan::{SEPARATOR, find_escape};
