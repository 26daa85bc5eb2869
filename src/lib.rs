//! Strict parsing and validation of Blynk batch update queries: from the bytes of a query to typed
//! values within the bounds of a device's datastreams, or to the error to send to the client.
//!
//! A query such as `token=t&v1=33&v2=44` names a device by its token and gives values to its
//! virtual pins. It is one event: accepted whole or refused whole. Updates borrow the query, up to
//! eight of them are kept without an allocation, and an error says which bytes are wrong.
//!
//! # In one call
//!
//! [`parse`] checks the token, asks for the [`Template`] of the device, and reads every value by
//! the [`Datastream`] of its pin.
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
//! Where the lookup has to await, [`BatchUpdate::parse`] finds and checks the token, and
//! [`BatchUpdate::updates`] reads the values.
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
//!   cannot be built; [`DatastreamError`] says why. [`DatastreamView`] and [`DatastreamRow`] show
//!   what a datastream is.
//! - What a query says: [`Updates`], [`Update`], [`Value`], [`Text`], [`Adjustment`].
//! - What is wrong with it: [`Error`], [`ErrorKind`], whose variants say when each applies and what
//!   its span covers, and [`Reason`].
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
//!
//! # Owning updates
//!
//! What [`parse`] gives borrows the query: an [`Update<Text<'q>>`](Update) is [`Copy`], and a
//! string with escapes is decoded as it is read. Within a handler that is all it takes. What
//! crosses a channel, a thread or a cache owns its strings:
//!
//! | call | result | allocations |
//! | --- | --- | --- |
//! | [`Updates::into_owned`] | `Vec<Update>`, which is `Vec<Update<String>>` | one, and one for each string that is not empty |
//! | [`Update::into_owned`], [`Value::into_owned`] | an `Update`, a `Value` | one for a string that is not empty |
//! | [`Update::map_string`], [`Value::map_string`] | `Update<S>`, `Value<S>` for a string type `S` of your own | yours |
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
//! A function that takes updates in either form is generic: `fn save<S: AsRef<str>>(updates:
//! &[Update<S>])` for owned ones, `fn show<S: Display>(updates: &[Update<S>])` for both. Values
//! of one form are compared with `==`. Texts of a query are equal when their decoded texts are:
//! `a+b` equals `a%20b`.
//!
//! # Choosing `parse`, the two steps or `updates_into`
//!
//! | take | where | what it costs |
//! | --- | --- | --- |
//! | [`parse`] | the lookup is a map or a lock: it gives a reference, an `Arc` or a guard at once | the base |
//! | [`BatchUpdate::parse`], then [`updates`](BatchUpdate::updates) | the lookup awaits, or you want more of the device than its template, or the token for a limit or a cache | the same |
//! | [`BatchUpdate::parse`], then [`updates_into`](BatchUpdate::updates_into) | every nanosecond counts | some 80 instructions less, 10 to 15 ns |
//!
//! All three check the same and give the same answers. They differ in where the updates are.
//! [`Updates`] has room for eight updates in place, so it is 272 bytes large, and to return it in
//! a [`Result`] copies them. `updates_into` fills a variable that stays where it is. That copy is
//! a third of the time of a query of two integers, far less than a hundredth of one of 200 pins, and
//! nothing beside a lookup in a large map or a system call: most servers never see it.
//! `updates_into` matters for a proxy, a replay of logs or a filter, which does little else.
//!
//! ```
//! use pinquery::{BatchUpdate, Datastream, Error, Template, Updates, VirtualPin};
//!
//! let template = Template::from([(VirtualPin(1), Datastream::boolean())]);
//! let mut updates = Updates::new(); // one for many queries: what was in it is gone each time
//! for query in ["token=t&v1=1", "token=t&v1=0"] {
//!     BatchUpdate::parse(query)?.updates_into(&template, &mut updates)?;
//!     assert_eq!(updates.len(), 1);
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! Beyond eight updates there is one allocation for each query. Where queries live shorter than
//! the variable, as in a loop that reads a socket, [`Updates::recycle`] hands the room on.
//!
//! # Features
//!
//! | feature | default | what it adds | what it brings |
//! | --- | --- | --- | --- |
//! | `serde` | off | [`Template`], [`Datastream`] and [`VirtualPin`] from and to JSON; [`Update`], [`Updates`], [`Value`], [`Text`], [`Error`], [`ErrorKind`], [`Reason`] and [`Adjustment`] to JSON | `serde` without `std` and without derive |
//!
//! The crate is always `no_std` with `alloc`. There is no feature `std`: nothing in it would
//! change. The format of the JSON is in [section 6 of the
//! contract](contract#6-templates-and-the-line-format). Bounds of doubles are exact only as far
//! as the reader of JSON reads them: with `serde_json`, turn on its feature `float_roundtrip`.
//!
//! # Other endpoints
//!
//! [`Pairs`] splits and decodes the query of any endpoint by the same rules. It checks nothing: a
//! missing token, a second one, a wrong name and a repeated pin are yours to refuse. Where the
//! token comes as in an update, [`BatchUpdate::parse`] finds and checks it, with the vendor's
//! bodies.
//!
//! ```
//! use pinquery::{Pairs, Token, VirtualPin};
//!
//! // GET /external/api/get?token=t&v1&v2
//! fn get(query: &str) -> Result<(Token<'_>, Vec<VirtualPin>), &'static str> {
//!     let (mut token, mut pins) = (None, Vec::new());
//!     for pair in Pairs::new(query) {
//!         if !pair.is_token() {
//!             pins.push(pair.pin().ok_or("Wrong pin format.")?);
//!         } else if token.replace(Token::new(pair.value).ok_or("Invalid token.")?).is_some() {
//!             return Err("Invalid token.");
//!         }
//!     }
//!     Ok((token.ok_or("Invalid token.")?, pins))
//! }
//!
//! let (token, pins) = get("token=t&v1&v2").unwrap();
//! assert_eq!(token.as_str(), "t");
//! assert_eq!(pins, [VirtualPin(1), VirtualPin(2)]);
//! assert_eq!(get("token=t&x"), Err("Wrong pin format."));
//! assert_eq!(get("v1"), Err("Invalid token."));
//! ```
#![forbid(unsafe_code)]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

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
