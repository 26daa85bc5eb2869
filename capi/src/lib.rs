//! The C API of `pinquery`, as declared in `include/pinquery.h`.
//!
//! Public items are documented for readers of the header, which `make header` generates from this
//! package. All `unsafe` code of the repository's libraries is in this package; [`memory`] turns
//! pointers and lengths into slices for every other module.
#![allow(non_camel_case_types)]

mod devices;
mod error;
mod json;
mod memory;
#[cfg(test)]
mod numbers;
mod parse;
mod text;
mod update;
mod value;

pub use devices::*;
pub use error::*;
pub use json::pinquery_updates_json;
pub use parse::*;
pub use text::*;
pub use update::*;
pub use value::*;

use std::ffi::{CStr, c_char};

/// Returns the version of the library, such as `0.1.0`. The string is static and NUL-terminated.
#[unsafe(no_mangle)]
pub extern "C" fn pinquery_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => panic!("version contains NUL"),
        };
    VERSION.as_ptr()
}
