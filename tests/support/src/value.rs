//! The comparison of one value, percent-encoded and decoded, with the reference.

use pinquery::{Adjustment, Datastream, Encoded, Pairs, Reason, Text};

use crate::encoding::{Choices, encode};
use crate::notation;
use crate::plain::{Value, is_identical};
use crate::types::{self, Parsed};

/// A datastream for the reference and for the library.
#[derive(Clone, Debug)]
pub struct Datastreams {
    plain: types::Datastream,
    library: Datastream,
}

impl Datastreams {
    /// Creates both, or returns `None` after asserting that the library rejects invalid bounds.
    #[must_use]
    pub fn new(plain: types::Datastream) -> Option<Self> {
        let library = plain.build();
        assert_eq!(library.is_ok(), plain.is_valid(), "{plain:?}");
        let library = library.ok()?;
        Some(Self { plain, library })
    }

    /// Creates both from a datastream in the [`notation`].
    ///
    /// # Panics
    ///
    /// If the notation or the bounds are invalid.
    #[must_use]
    pub fn read(datastream: &str) -> Self {
        let plain = notation::datastream(datastream);
        plain.and_then(Self::new).expect("a valid datastream")
    }

    /// Returns the value of percent-encoded bytes without `&` after asserting that library and
    /// reference agree.
    #[track_caller]
    pub fn parse_encoded(&self, raw: &[u8]) -> Parsed<Value> {
        let expected = self.plain.parse(raw);
        let query = [b"=", raw].concat();
        let parsed = self.library.parse_encoded(value_of(&query));
        check("parse_encoded", raw, &parsed, &expected);
        self.fits_own(&expected);
        expected
    }

    /// Returns the value of decoded text after asserting that library and reference agree, and that an
    /// encoding of the text has the same value, unless it is too long.
    #[track_caller]
    pub fn parse(&self, text: &str, choices: &mut Choices<'_>) -> Parsed<Value> {
        let expected = self.plain.parse_text(text);
        let parsed = self.library.parse(text);
        check("parse", text.as_bytes(), &parsed, &expected);
        if let Ok((value @ Value::String(_), _)) = parsed {
            assert_eq!(
                value.as_str().map(str::as_ptr),
                Some(text.as_ptr()),
                "a copy"
            );
        }
        let encoded = encode(text.as_bytes(), choices);
        let of_encoded = self.parse_encoded(&encoded);
        if encoded.len() <= self.plain.max_raw_len() {
            assert!(
                is_identical(&of_encoded, &expected),
                "an encoding of {text:?}"
            );
        } else {
            assert_eq!(of_encoded, Err("too_long"), "an encoding of {text:?}");
        }
        expected
    }

    /// Returns whether a value fits after asserting that it does if and only if its own text is accepted
    /// unchanged.
    #[track_caller]
    pub fn fits(&self, value: &Value) -> bool {
        let fits = self.library.fits(value);
        let unchanged = Ok((value.clone(), None));
        let parsed = self.plain.parse_text(&value.to_string());
        assert_eq!(
            fits,
            is_identical(&parsed, &unchanged),
            "{value:?} in {self:?}"
        );
        fits
    }

    /// Asserts that a parsed value fits.
    #[track_caller]
    fn fits_own(&self, parsed: &Parsed<Value>) {
        if let Ok((value, _)) = parsed {
            assert!(self.fits(value), "{value:?} in {self:?}");
        }
    }
}

/// Returns values of every type that a text denotes in the notation of `core`, which includes `nan` and
/// `inf`, whether any datastream accepts them or not.
#[must_use]
pub fn denoted(text: &str) -> Vec<Value> {
    let mut values = vec![Value::String(text.to_owned())];
    values.extend(text.parse().map(Value::Boolean));
    if let Ok(integer) = text.parse() {
        values.extend([Value::Integer(integer), Value::Enumerable(integer)]);
    }
    values.extend(text.parse().map(Value::Double));
    let (longitude, latitude) = text.split_once(',').unwrap_or((text, text));
    if let (Ok(longitude), Ok(latitude)) = (longitude.parse(), latitude.parse()) {
        values.push(Value::Location {
            longitude,
            latitude,
        });
    }
    values
}

type LibraryParsed<'q> = Result<(Value<Text<'q>>, Option<Adjustment>), Reason>;

#[track_caller]
fn check(function: &str, bytes: &[u8], parsed: &LibraryParsed<'_>, expected: &Parsed<Value>) {
    let found = parsed.map(|(value, adjusted)| (value.into_owned(), adjusted));
    let found = found.map_err(Reason::name);
    let shown = String::from_utf8_lossy(bytes);
    let is_right = is_identical(&found, expected);
    assert!(
        is_right,
        "{function}: {found:?}, expected {expected:?} for {shown:?}"
    );
}

fn value_of(query: &[u8]) -> Encoded<'_> {
    let mut pairs = Pairs::new(query);
    let value = pairs.next().expect("a pair").value;
    assert!(pairs.next().is_none(), "the value contains `&`");
    value
}
