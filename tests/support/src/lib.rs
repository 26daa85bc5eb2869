//! What the tests, the fuzz targets and the benches of `pinquery` share.
//!
//! - [`plain`]: what a device holds and what becomes of a query, as plain data.
//! - [`reference`]: the contract written a second time, in these terms.
//! - [`types`]: the types of datastreams, a file for each.
//! - [`convert`]: from plain data to the library's and back.
//! - [`notation`]: templates as text, and [`spec`]: the lines of `tests/spec`.
//! - [`Device`]: a template for both, which holds the library to the reference.
//! - [`invariants`]: what holds for every query, whoever judges it.
//! - [`encoding`] and [`write`]: the many ways to write a batch.
//! - [`json`]: templates in JSON, read a second time.
//! - [`generate`]: strategies of proptest.
//! - [`targets`]: what the fuzz targets assert.

pub mod convert;
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
pub mod write;

mod device;

pub use device::{Device, UNKNOWN};
