//! Strict parsing and validation of Blynk batch update queries.
#![forbid(unsafe_code)]
#![no_std]

extern crate alloc;

mod encoded;
mod error;
#[cfg(feature = "serde")]
mod json;
mod number;
mod pairs;
mod pin;
mod request;
mod scan;
mod short;
mod template;
mod text;
mod token;
mod update;
mod value;

pub use encoded::Encoded;
pub use error::{DatastreamError, DecodeError, Error, ErrorKind, ParsePinError};
pub use pairs::{Pair, Pairs};
pub use pin::VirtualPin;
pub use request::{BatchUpdate, parse};
pub use template::{Datastream, Template};
pub use text::{Chars, Text};
pub use token::Token;
pub use update::{Adjustment, IntoIter, Update, Updates, Value};
