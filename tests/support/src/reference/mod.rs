//! The contract of `pinquery`, read a second time and written as plainly as possible.
//!
//! Tests, fuzz targets and benches hold the library to this module: for every query and every
//! template, both must accept the same updates or refuse with the same kind and span. It has no more
//! of the library than the types of an update, which hold it and do nothing, so that a mistake in one
//! is not repeated in the other. Values are parsed by their types, in `types`. Where the library is fast, this is obvious: the whole query is split first, everything is
//! decoded into owned memory, and every number goes through a grammar spelled out by hand.
//!
//! It trusts its templates: a bound that is not a number, or a fallback that is none of the values,
//! is for the library to refuse.

mod parse;
mod query;
mod rejection;
mod value;

#[cfg(test)]
mod tests;

pub use parse::parse;
pub use query::{DecodeError, Segment, decode, split};
pub use rejection::{KINDS, body, message, reasons};
pub(crate) use value::{decoded, is_digits, trim, trimmed, without_sign};
