//! What the fuzz targets assert, one function for each.
//!
//! The targets hand them what libFuzzer makes up, and `tests/seeds.rs` hands them the seeds, on
//! the stable compiler: therefore nothing here knows of libFuzzer.
//!
//! ```text
//! cargo +nightly fuzz run parse
//!
//! mkdir -p fuzz/corpus/parse
//! cargo +nightly fuzz run parse fuzz/corpus/parse fuzz/seeds/parse -- \
//!     -dict=fuzz/pinquery.dict -max_total_time=60
//! ```
//!
//! The first starts from nothing, the second from the seeds. As the library has no unsafe code,
//! `-s none` leaves the address sanitizer out and is quicker.
#![allow(missing_docs)]

#[path = "../../tests/support/mod.rs"]
pub mod support;

mod forms;
mod number;
mod queries;
mod roundtrip;
#[cfg(feature = "serde")]
mod template;
#[cfg(feature = "serde")]
mod written;

pub use forms::against_form_urlencoded;
pub use number::number;
pub use queries::{TEMPLATES, against_reference, parse};
pub use roundtrip::{Plan, roundtrip};
#[cfg(feature = "serde")]
pub use template::template;
