//! Strict parsing and validation of Blynk batch updates: from the bytes of a query to typed values
//! within the bounds of a device's datastreams, or to the error to send to the client.
//!
//! A query such as `token=t&v1=33&v2=44` identifies a device by its token and assigns values to its
//! virtual pins. It is accepted or rejected as a whole. Updates borrow the query, up to eight of them
//! need no allocation, and an error reports which bytes are wrong.
//!
//! # One call
//!
//! [`parse`] validates the token, looks up the [`Template`] of the device, and converts each value
//! according to the [`Datastream`] of its pin. It does not return the token: if you need it later, parse
//! in two steps.
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
//! # Two steps
//!
//! If the lookup has to await, [`BatchUpdate::parse`] finds and validates the token, and
//! [`BatchUpdate::updates`] parses the values.
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
//! async fn respond(query: &[u8]) -> (u16, &'static str) {
//!     match handle(query).await {
//!         Ok(_) => (200, "OK"),
//!         Err(error) => (error.status(), error.body()),
//!     }
//! }
//! # use std::task::{Context, Poll, Waker};
//! # let ready = |query: &'static str| {
//! #     let mut response = std::pin::pin!(respond(query.as_bytes()));
//! #     response.as_mut().poll(&mut Context::from_waker(Waker::noop()))
//! # };
//! # const INVALID_TOKEN: &str = r#"{"error":{"message":"Invalid token."}}"#;
//! # assert_eq!(ready("token=t&v1=1"), Poll::Ready((200, "OK")));
//! # assert_eq!(ready("token=x&v1=1"), Poll::Ready((400, INVALID_TOKEN)));
//! # assert_eq!(ready("v1=1"), Poll::Ready((400, INVALID_TOKEN)));
//! ```
//!
//! # Overview
//!
//! - Devices: [`Template`], [`Datastream`], [`VirtualPin`]. Bounds are validated on construction; see
//!   [`DatastreamError`]. [`DatastreamParts`] describes a datastream for tables, forms and reports.
//! - Accepted queries: [`Updates`], [`Update`], [`Value`], [`Text`], [`Adjustment`].
//! - Rejected queries: [`Error`], [`ErrorKind`], whose variants document when each applies and what
//!   its span covers, and [`Reason`].
//! - Two-step parsing: [`BatchUpdate`], [`Token`].
//! - Every outcome of a query, for diagnostics or to keep the valid values: [`Results`].
//! - [Other endpoints](other_endpoints): [`Datastream::parse`] parses one value; [`Pairs`], [`Pair`],
//!   [`Encoded`] and [`DecodeError`] split a query and decode its names and values.
//!
//! [`contract`] defines the behaviour, rule by rule, with examples.
//!
//! # Guarantees
//!
//! - No panic, for any bytes, and only safe Rust in this crate.
//! - Work at most proportional to the length of the query. No allocation for up to eight updates and
//!   one for more, plus one for a token with escapes; a rejected value allocates nothing. The lookup
//!   is called at most once, and only with a valid token.
//! - Apart from pin numbers, no byte of the query in the text of an error, nor in the [`Debug`]
//!   output of an error, a token, a request or its segments. Accepted values are not secret:
//!   [`Value`], [`Update`] and [`Text`] show them.
//! - Only `&` separates segments. Input is never decoded twice, repaired or truncated, and an update
//!   reports whether its value was clamped or replaced.
//!
//! The crate is `no_std` and needs `alloc`.
//!
//! # Owned updates
//!
//! The result of [`parse`] borrows the query: an [`Update<Text<'q>>`](Update) is [`Copy`], and a
//! string with escapes is decoded when it is read. Most handlers need no more. Updates that are sent
//! to another thread or cached must own their strings:
//!
//! | call | result | allocations |
//! | --- | --- | --- |
//! | [`Updates::into_owned`] | `Vec<Update>`, short for `Vec<Update<String>>` | one, and one for each string that is not empty |
//! | [`Update::into_owned`], [`Value::into_owned`] | an `Update`, a `Value` | one for a string that is not empty |
//! | [`Update::map_string`], [`Value::map_string`] | `Update<S>`, `Value<S>`, where `S` is your own string type | up to you |
//!
//! ```
//! use std::sync::{Arc, mpsc};
//!
//! use pinquery::{Datastream, Template, Text, Update, Value, VirtualPin};
//!
//! let template = Template::from([
//!     (VirtualPin(1), Datastream::integer(..)?),
//!     (VirtualPin(3), Datastream::string()),
//! ]);
//! let (sender, receiver) = mpsc::channel::<Vec<Update>>();
//!
//! let query = String::from("token=t&v1=7&v3=water+low");
//! let updates = pinquery::parse(&query, |_| Some(&template))?;
//! let shared = |text: Text<'_>| Arc::<str>::from(text.to_cow());
//! let cached: Vec<Update<Arc<str>>> = updates.iter().map(|update| update.map_string(shared)).collect();
//! sender.send(updates.into_owned())?;
//! drop(query);
//!
//! let received = receiver.recv()?;
//! assert_eq!(received[0].value.as_i64(), Some(7));
//! assert_eq!(received[1].value, Value::String("water low".to_owned()));
//! assert_eq!(cached[1].value, Value::String("water low".into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Functions that take updates in either form are generic: `fn save<S: AsRef<str>>(updates:
//! &[Update<S>])` for owned ones, `fn show<S: Display>(updates: &[Update<S>])` for both. Values with
//! the same string type can be compared. Texts are equal if their decoded texts are: `a+b` equals
//! `a%20b`.
//!
//! # Which entry point to use
//!
//! | use | when | cost |
//! | --- | --- | --- |
//! | [`parse`] | the lookup returns at once: a map, or a lock | baseline |
//! | [`BatchUpdate::parse`] and [`updates`](BatchUpdate::updates) | the lookup awaits, or you need more of the device than its template, or the token for a rate limit or a cache | the same |
//! | [`BatchUpdate::parse`] and [`updates_into`](BatchUpdate::updates_into) | every nanosecond counts | about 80 instructions fewer, 10 to 15 ns |
//! | [`BatchUpdate::parse`] and [`results`](BatchUpdate::results) | you want every outcome, not only the first error | no fast paths |
//!
//! All perform the same checks, and the first three return the same updates or error. [`Updates`]
//! stores eight updates inline, so it takes 272 bytes, and returning it in a [`Result`] copies
//! them; `updates_into` fills a buffer in place. The copy takes a third of the time of a query of
//! two integers, less than a hundredth of one of 200 pins, and is negligible next to a lookup in a
//! large map or a system call: most servers never notice it. It matters for a proxy, a filter or a
//! replay of logs, which do little else.
//!
//! ```
//! use pinquery::{BatchUpdate, Datastream, Error, Template, Updates, VirtualPin};
//!
//! let template = Template::from([(VirtualPin(1), Datastream::boolean())]);
//! let mut updates = Updates::new(); // reused across queries; cleared on every call
//! for query in ["token=t&v1=1", "token=t&v1=0"] {
//!     BatchUpdate::parse(query)?.updates_into(&template, &mut updates)?;
//!     assert_eq!(updates.len(), 1);
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! A reused buffer keeps its capacity, so a query of no more pins than an earlier one allocates nothing.
//! It borrows the queries, so they must outlive it. In a loop that reads each query into the same
//! memory, create a new `Updates` per query: this costs one allocation above eight pins.
//!
//! # Features
//!
//! | feature | default | adds | depends on |
//! | --- | --- | --- | --- |
//! | `serde` | off | `Serialize` and `Deserialize` for [`Template`], [`Datastream`] and [`VirtualPin`]; `Serialize` for [`Update`], [`Updates`], [`Value`], [`Text`], [`Error`], [`ErrorKind`], [`Reason`] and [`Adjustment`] | `serde` without `std` and without derive |
//!
//! There is no feature `std`: it would change nothing. Templates can be read from any self-describing
//! format. [Section 6 of the contract](contract#6-templates-and-json-lines-output) defines them in
//! JSON and lists the differences in YAML, TOML, CBOR, MessagePack and RON. Bounds of doubles are only
//! as exact as the parser: with `serde_json`, enable its feature `float_roundtrip`. An `Arc<Template>`
//! needs the feature `rc` of `serde`.
//!
//! # Other endpoints
//!
//! The values of Blynk's other endpoints, of MQTT messages and of CSV files follow the same rules.
//! [`Datastream::parse`] parses decoded text, and [`Datastream::parse_encoded`] a value of a query.
//! [`BatchUpdate::pairs`] iterates over segments, and constructors such as [`Error::invalid_pin`]
//! create the errors. [`other_endpoints`] has examples: `update` in both forms, `get`, and an MQTT
//! message.
#![forbid(unsafe_code)]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod error;
#[cfg(feature = "serde")]
mod json;
mod named_enum;
mod pin;
mod query;
mod request;
mod results;
mod segments;
mod slow;
mod template;
mod types;
mod update;

pub use error::{Error, ErrorKind, Reason};
pub use pin::{ParsePinError, VirtualPin};
pub use query::encoded::Encoded;
pub use query::pairs::{Pair, Pairs};
pub use query::percent::DecodeError;
pub use query::text::{Chars, Text};
pub use query::token::{ParseTokenError, Token};
pub use request::{BatchUpdate, parse};
pub use results::Results;
pub use template::{IntoPins, Iter, Template};
pub use types::datastream::Datastream;
pub use types::error::DatastreamError;
pub use types::parts::{DatastreamParts, Number};
pub use update::updates::{IntoIter, Updates};
pub use update::value::Value;
pub use update::{Adjustment, Update};

/// The contract, which defines what every query means. The examples on this page are tested.
#[cfg(doc)]
#[doc = include_str!("../CONTRACT.md")]
pub mod contract {}

#[cfg(doc)]
pub mod other_endpoints;

/// Tests the code in the README.
#[cfg(all(doctest, feature = "serde"))]
#[doc = include_str!("../README.md")]
struct Readme;
