//! `pinquery` for C: what `include/pinquery.h` declares.
//!
//! The types and functions are documented for readers of the header, which is generated from here
//! (`tests/header.rs`). All `unsafe` code of the repository's library stands in this package:
//! [`memory`] turns pointers and lengths into slices, every other room asks it to.
#![allow(non_camel_case_types)]

mod devices;
mod devices_file;
mod error;
mod json;
mod judge;
mod memory;
#[cfg(test)]
mod numbers;
mod text;
mod update;
mod value;

pub use devices::*;
pub use error::*;
pub use json::pinquery_updates_json;
pub use judge::*;
pub use text::*;
pub use update::*;
pub use value::*;

use std::ffi::{CStr, c_char};

/// The version of the library, as in `0.1.0`, with a NUL behind it. It lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn pinquery_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => panic!("a version has no NUL"),
        };
    VERSION.as_ptr()
}
