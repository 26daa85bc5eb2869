//! Strict parsing and validation of Blynk batch update queries: from the bytes of a query to typed
//! values within the bounds of a device's datastreams, or to the error that its client has to get.
//!
//! A query such as `token=t&v1=33&v2=44` names a device by its token and gives values to its
//! virtual pins. It is one event: accepted whole or refused whole. Updates borrow the query, up to
//! eight of them are kept without an allocation, and an error says which bytes are wrong.
//!
//! # In one call
//!
//! [`parse`] judges the token, asks for the [`Template`] of the device, and judges every pin by
//! its [`Datastream`].
//!
//! ```
//! use std::collections::HashMap;
//!
//! use pinquery::{Adjustment, Datastream, ErrorKind, Template, Value, VirtualPin};
//!
//! let mut devices: HashMap<String, Template> = HashMap::new();
//! devices.insert(
//!     "t".to_owned(),
//!     Template::new()
//!         .with(VirtualPin(1), Datastream::integer(0..=100)?)
//!         .with(VirtualPin(2), Datastream::double(..)?),
//! );
//!
//! let updates = pinquery::parse("token=t&v1=133&v2=44", |token| devices.get(token))?;
//! assert_eq!(updates[0].value, Value::Integer(100));
//! assert_eq!(updates[0].adjusted, Some(Adjustment::Max));
//! assert_eq!(updates[1].value, Value::Double(44.0));
//!
//! let error = pinquery::parse("token=t&v1=hot", |token| devices.get(token)).unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::InvalidValue);
//! assert_eq!(error.span(), 11..14);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # In two steps
//!
//! Where the lookup has to await, [`BatchUpdate::parse`] finds and judges the token, and
//! [`BatchUpdate::updates`] judges the pins.
//!
//! ```
//! use pinquery::{BatchUpdate, Datastream, Error, Template, VirtualPin};
//!
//! async fn template_of(token: &str) -> Option<Template> {
//!     (token == "t").then(|| Template::new().with(VirtualPin(1), Datastream::boolean()))
//! }
//!
//! async fn handle(query: &[u8]) -> Result<usize, Error> {
//!     let request = BatchUpdate::parse(query)?;
//!     let template = template_of(request.token()).await.ok_or_else(|| request.unknown_token())?;
//!     let updates = request.updates(&template)?;
//!     Ok(updates.len())
//! }
//!
//! async fn answer(query: &[u8]) -> (u16, &'static str) {
//!     match handle(query).await {
//!         Ok(_) => (200, "OK"),
//!         Err(error) => (error.status(), error.body()),
//!     }
//! }
//! # use std::task::{Context, Poll, Waker};
//! # let ready = |query: &'static str| {
//! #     let mut answer = std::pin::pin!(answer(query.as_bytes()));
//! #     answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
//! # };
//! # const INVALID_TOKEN: &str = r#"{"error":{"message":"Invalid token."}}"#;
//! # assert_eq!(ready("token=t&v1=1"), Poll::Ready((200, "OK")));
//! # assert_eq!(ready("token=x&v1=1"), Poll::Ready((400, INVALID_TOKEN)));
//! # assert_eq!(ready("v1=1"), Poll::Ready((400, INVALID_TOKEN)));
//! ```
//!
//! # Where to look
//!
//! - What a device holds: [`Template`], [`Datastream`], [`VirtualPin`]. What cannot judge a value
//!   cannot be built; [`DatastreamError`] says why. With the feature `serde` templates are read
//!   from JSON, and updates written as JSON.
//! - What a query says: [`Updates`], [`Update`], [`Value`], [`Text`], [`Adjustment`].
//! - What is wrong with it: [`Error`], and [`ErrorKind`], whose variants say when each applies and
//!   what its span covers.
//! - What is left of a request between two steps: [`BatchUpdate`], [`Token`].
//! - Other endpoints: [`Pairs`], [`Pair`], [`Encoded`] and [`DecodeError`] split and decode by the
//!   same rules, and judge nothing.
//!
//! The behaviour, row by row with an example for each, is in [`contract`].
//!
//! # What is promised
//!
//! - No panic, whatever bytes the query holds, and safe Rust alone in this crate.
//! - Work at most proportional to the length of the query. No allocation for up to eight pins,
//!   one beyond, refused or not, and one more for a token with escapes. The lookup is asked at most
//!   once, for a valid token only.
//! - No byte of the query in any text of an error, nor in the [`Debug`] of an error, a token, a
//!   request or its pairs. Accepted values do show: those of [`Value`], [`Update`] and [`Text`].
//! - `&` alone separates segments. Nothing is decoded twice, repaired or cut, and a value that was
//!   clamped or replaced says so.
//!
//! The crate is `no_std` and needs `alloc`.
#![forbid(unsafe_code)]
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod device;
mod error;
#[cfg(feature = "serde")]
mod json;
mod judge;
mod named;
mod query;
mod request;
mod update;
mod value;

pub use device::datastream::{Datastream, DatastreamView};
pub use device::error::{DatastreamError, ParsePinError};
pub use device::pin::VirtualPin;
pub use device::row::{DatastreamRow, Number};
pub use device::template::{IntoPins, Iter, Template};
pub use error::{Error, ErrorKind, Reason};
pub use named::UnknownName;
pub use query::encoded::Encoded;
pub use query::pairs::{Pair, Pairs};
pub use query::percent::DecodeError;
pub use query::text::{Chars, Text};
pub use query::token::{ParseTokenError, Token};
pub use request::{BatchUpdate, parse};
pub use update::updates::{IntoIter, Updates};
pub use update::value::Value;
pub use update::{Adjustment, Update};

/// What a query means, row by row. The examples on this page are tested.
#[cfg(doc)]
#[doc = include_str!("../CONTRACT.md")]
pub mod contract {}

/// The code of the README, run as a test.
#[cfg(all(doctest, feature = "serde"))]
#[doc = include_str!("../README.md")]
struct Readme;
