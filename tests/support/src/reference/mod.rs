//! A straightforward implementation of the contract: the oracle for tests, fuzz targets and benches.
//!
//! It shares only the types of an update with the library, so that a mistake in one is not repeated
//! in the other. The whole query is split first, everything is decoded into owned memory, and every
//! number is matched against a grammar spelled out by hand. The types are in [`types`](crate::types).
//!
//! Templates are not validated: that is up to the library.

mod parse;
mod query;
mod rejection;
mod value;

#[cfg(test)]
mod tests;

pub use parse::{parse, results};
pub use query::{DecodeError, Segment, decode, split};
pub use rejection::{KINDS, body, message, reasons};
pub(crate) use value::{decoded, is_digits, trim, without_sign};
