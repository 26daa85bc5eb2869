//! Examples of serving Blynk's other endpoints, and messages that are not queries, with the rules and
//! errors of batch updates.
//!
//! - [`BatchUpdate::parse`] finds and validates the token of any query, and [`BatchUpdate::pairs`]
//!   iterates over the other segments.
//! - [`Datastream::parse_segments`] parses the value of a pin from segments with other names,
//!   [`Datastream::parse_encoded`] any value of a query, and [`Datastream::parse`] any other text.
//! - The constructors of [`Error`], such as [`Error::invalid_pin`], take the name or value that is
//!   wrong, so that the error has its span.
//!
//! [`BatchUpdate::parse`]: crate::BatchUpdate::parse
//! [`BatchUpdate::pairs`]: crate::BatchUpdate::pairs
//! [`Datastream::parse_segments`]: crate::Datastream::parse_segments
//! [`Datastream::parse_encoded`]: crate::Datastream::parse_encoded
//! [`Datastream::parse`]: crate::Datastream::parse
//! [`Error`]: crate::Error
//! [`Error::invalid_pin`]: crate::Error::invalid_pin
//!
//! # `update?token=t&v1=5`
//!
//! This is a batch update of one pin. [`parse`](crate::parse) also accepts several.
//!
//! ```
//! use std::collections::HashMap;
//!
//! use pinquery::{Error, Template, Updates};
//!
//! fn update<'q>(query: &'q str, devices: &HashMap<String, Template>) -> Result<Updates<'q>, Error> {
//!     pinquery::parse(query, |token| devices.get(token))
//! }
//! # use pinquery::{Datastream, ErrorKind, VirtualPin};
//! # let template = Template::new().with(VirtualPin(1), Datastream::integer(0..=100)?);
//! # let devices = HashMap::from([("t".to_owned(), template)]);
//!
//! assert_eq!(update("token=t&v1=5", &devices)?.to_string(), "v1=5");
//! assert_eq!(update("token=t&v2=5", &devices).unwrap_err().kind(), ErrorKind::UnknownPin);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # `update?token=t&pin=V1&value=5`
//!
//! This older form has the pin and its value in separate segments. A location may have two values:
//! `pin=V5&value=lon&value=lat`. The names, in any order, are checked first. Then the values follow the
//! rules of the batch updates `v1=5` and `v5=lon&v5=lat`. The name of the first segment other than the
//! token's tells the two forms apart: only in this one is it `pin` or `value`.
//!
//! ```
//! use std::collections::HashMap;
//!
//! use pinquery::{BatchUpdate, Error, Template, Update};
//!
//! fn update(query: &str, devices: &HashMap<String, Template>) -> Result<Update, Error> {
//!     let request = BatchUpdate::parse(query)?;
//!     let template = devices.get(request.token().as_str()).ok_or_else(|| request.unknown_token())?;
//!     let (mut pin, mut values) = (None, Vec::new());
//!     for pair in request.pairs() {
//!         match pair.name.decode().map(|name| name.to_cow()).as_deref() {
//!             Ok("pin") if pin.is_none() => pin = Some(pair.value),
//!             Ok("value") => values.push(pair),
//!             _ => return Err(Error::invalid_name(pair)),
//!         }
//!     }
//!     let (Some(name), [first, rest @ ..]) = (pin, &values[..]) else {
//!         return Err(request.no_pins());
//!     };
//!     let pin = name.pin().ok_or(Error::invalid_pin(name))?;
//!     let datastream = template.get(pin).ok_or(Error::unknown_pin(pin, name))?;
//!     datastream.parse_segments(pin, *first, rest).map(Update::into_owned)
//! }
//! # use pinquery::{Datastream, ErrorKind, Reason, VirtualPin};
//! # let template = Template::from([
//! #     (VirtualPin(1), Datastream::integer(0..=100)?),
//! #     (VirtualPin(5), Datastream::location()),
//! # ]);
//! # let devices = HashMap::from([("t".to_owned(), template)]);
//!
//! assert_eq!(update("token=t&pin=V1&value=5", &devices)?.to_string(), "v1=5");
//! let location = update("token=t&pin=V5&value=24.94&value=60.17", &devices)?;
//! assert_eq!(location.to_string(), "v5=24.94,60.17");
//!
//! let error = update("token=t&pin=V1&value=hot", &devices).unwrap_err();
//! assert_eq!((error.reason(), error.span()), (Some(Reason::NotAnInteger), 21..24));
//! let error = update("token=t&pin=V9&value=5", &devices).unwrap_err();
//! assert_eq!((error.kind(), error.span()), (ErrorKind::UnknownPin, 12..14));
//! # assert!(update("token=t&%70in=V1&v%61lue=5", &devices).is_ok());
//! # let long = "0".repeat(4096);
//! # assert!(update(&format!("token=t&pin=V5&value={long}&value={long}"), &devices).is_ok());
//! # let error = update("token=t&pin=V5&value=5&value=91", &devices).unwrap_err();
//! # assert_eq!((error.reason(), error.span()), (Some(Reason::OutOfRange), 29..31));
//! # let error = update("token=t&pin=V5&value=200&value=%zz", &devices).unwrap_err();
//! # assert_eq!((error.reason(), error.span()), (Some(Reason::OutOfRange), 21..24));
//! # let kind = |query: &str| update(query, &devices).unwrap_err().kind();
//! # assert_eq!(kind("token=t&pin=1&value=5"), ErrorKind::InvalidPin);
//! # assert_eq!(kind("token=t&pin=V1&pin=V1&value=5"), ErrorKind::InvalidPin);
//! # assert_eq!(kind("token=t&pin=V1&value=5&value=6"), ErrorKind::DuplicatePin);
//! # assert_eq!(kind("token=t&pin=V5&value=5"), ErrorKind::InvalidValue);
//! # assert_eq!(kind("token=t&pin=V5&value=5,6&value=7"), ErrorKind::DuplicatePin);
//! # assert_eq!(kind("token=t&pin=V5&value=x&value=6&value=7"), ErrorKind::InvalidValue);
//! # assert_eq!(kind("token=t&pin=V1&value=%4"), ErrorKind::InvalidValue);
//! # assert_eq!(kind(&format!("token=t&pin=V1&value={}", "%30".repeat(1400))), ErrorKind::InvalidValue);
//! # assert_eq!(kind("token=t&pin=V1"), ErrorKind::NoPins);
//! # assert_eq!(kind("token=t&value=5"), ErrorKind::NoPins);
//! # assert_eq!(kind("token=t&pin=V1&value=5&%74oken=t"), ErrorKind::DuplicateToken);
//! # assert_eq!(kind("token=x&pin=V1&value=5"), ErrorKind::UnknownToken);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # `get?token=t&v1&v2`
//!
//! The names are pins, and the values are empty.
//!
//! ```
//! use std::collections::HashMap;
//!
//! use pinquery::{BatchUpdate, Error, Template, VirtualPin};
//!
//! fn get(query: &str, devices: &HashMap<String, Template>) -> Result<Vec<VirtualPin>, Error> {
//!     let request = BatchUpdate::parse(query)?;
//!     let template = devices.get(request.token().as_str()).ok_or_else(|| request.unknown_token())?;
//!     let mut pins = Vec::new();
//!     for pair in request.pairs() {
//!         let pin = pair.pin().ok_or_else(|| Error::invalid_name(pair))?;
//!         template.get(pin).ok_or(Error::unknown_pin(pin, pair.name))?;
//!         if pins.contains(&pin) {
//!             return Err(Error::duplicate_pin(pin, pair.name));
//!         }
//!         if !pair.value.raw().is_empty() {
//!             return Err(Error::invalid_pin(pair.value)); // an update at the wrong endpoint
//!         }
//!         pins.push(pin);
//!     }
//!     if pins.is_empty() { Err(request.no_pins()) } else { Ok(pins) }
//! }
//! # use pinquery::{Datastream, ErrorKind};
//! # let template = Template::new().with(VirtualPin(1), Datastream::integer(0..=100)?);
//! # let devices = HashMap::from([("t".to_owned(), template)]);
//!
//! assert_eq!(get("token=t&v1", &devices)?, [VirtualPin(1)]);
//! let error = get("token=t&v1&x", &devices).unwrap_err();
//! assert_eq!((error.kind(), error.span()), (ErrorKind::InvalidPin, 11..12));
//! # let kind = |query| get(query, &devices).unwrap_err().kind();
//! # assert_eq!(kind("token=t"), ErrorKind::NoPins);
//! # assert_eq!(kind("token=t&v2"), ErrorKind::UnknownPin);
//! # assert_eq!(kind("token=t&v1&V1"), ErrorKind::DuplicatePin);
//! # assert_eq!(kind("token=t&v1=5"), ErrorKind::InvalidPin);
//! # assert_eq!(kind("token=t&v1&token=t"), ErrorKind::DuplicateToken);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # An MQTT message
//!
//! The payload is not percent-encoded: `+` and `%` are ordinary characters.
//!
//! ```
//! use std::error::Error;
//!
//! use pinquery::{Adjustment, Datastream, Template, Update, VirtualPin};
//!
//! fn on_message(template: &Template, topic: &str, payload: &[u8]) -> Result<Update, Box<dyn Error>> {
//!     let pin: VirtualPin = topic.strip_prefix("ds/").ok_or("unknown topic")?.parse()?;
//!     let datastream = template.get(pin).ok_or("no datastream for this pin")?;
//!     let (value, adjusted) = datastream.parse(std::str::from_utf8(payload)?)?;
//!     Ok(Update { pin, value: value.into_owned(), adjusted })
//! }
//!
//! let template = Template::new().with(VirtualPin(1), Datastream::integer(0..=100)?);
//! let update = on_message(&template, "ds/v1", b"133")?;
//! assert_eq!((update.value.as_i64(), update.adjusted), (Some(100), Some(Adjustment::Max)));
//!
//! let error = on_message(&template, "ds/v1", b"hot").unwrap_err();
//! assert_eq!(error.to_string(), "value is not an integer");
//! # Ok::<(), Box<dyn Error>>(())
//! ```
