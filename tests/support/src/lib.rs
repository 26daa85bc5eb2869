//! Shared by the tests, fuzz targets and benches of `pinquery`.
//!
//! - [`plain`]: templates and outcomes as plain data.
//! - [`mod@reference`]: a straightforward implementation of the contract.
//! - [`types`]: the types of datastreams, one file each.
//! - [`convert`]: conversion between plain data and the library's types.
//! - [`notation`]: templates as text. [`spec`]: the lines of `tests/spec`. [`escaping`]: bytes as text.
//! - [`Device`]: a template, with the comparison of the library and the reference.
//! - [`value`]: the comparison of one value. [`invariants`]: properties of every outcome.
//! - [`comparison`]: checks that texts compare and hash as their decoded strings.
//! - [`encoding`] and [`mod@write`]: the many spellings of a batch.
//! - [`json`]: a second reader of templates in JSON. [`decimal`]: exact decimals.
//! - [`generate`]: proptest strategies.
//! - [`targets`]: the assertions of the fuzz targets, and [`seeds`], their inputs.

pub mod comparison;
pub mod convert;
pub mod decimal;
pub mod encoding;
pub mod escaping;
pub mod generate;
pub mod invariants;
pub mod json;
pub mod notation;
pub mod plain;
pub mod reference;
pub mod seeds;
pub mod spec;
pub mod targets;
pub mod types;
pub mod value;
pub mod write;

mod device;

pub use device::{Device, UNKNOWN};
