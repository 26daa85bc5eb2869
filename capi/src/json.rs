//! Updates as JSON that fits into a header.

use std::ffi::c_char;
use std::io;

use serde::ser::{Error, Serialize, SerializeSeq, SerializeStruct, Serializer};
use serde_json::ser::Formatter;

use crate::memory::{self, Output};
use crate::text::{PINQUERY_MALFORMED, Part, decode};
use crate::update::*;

/// Writes updates as JSON, such as `[{"pin":1,"value":100,"adjusted":"max"}]`, into `buffer`, with
/// a NUL behind it, and gives its length without the NUL: like `snprintf`. Where that is not less
/// than `capacity`, the buffer holds an empty text; a second call with more room succeeds.
///
/// The JSON is ASCII of 0x20 to 0x7E, all else is escaped: it can stand in a header of HTTP. A
/// location is `[longitude,latitude]`.
///
/// `updates` and `buffer` may be NULL where their lengths are 0. Gives `PINQUERY_MALFORMED` where
/// an update is none that this library wrote, or its query is gone.
///
/// # Safety
///
/// `count` updates can be read at `updates`, their strings too; `capacity` bytes can be written at
/// `buffer`, and none of these overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_updates_json(
    updates: *const pinquery_update,
    count: usize,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    // SAFETY: the caller vouches for both, and that they do not overlap.
    let (updates, output) =
        unsafe { (memory::read(updates, count), Output::new(buffer, capacity)) };
    let mut serializer = serde_json::Serializer::with_formatter(Writer(output), Ascii);
    let written = updates.map(|updates| List(updates).serialize(&mut serializer));
    let Writer(output) = serializer.into_inner();
    match written {
        Some(Ok(())) => output.finish(),
        _ => {
            // SAFETY: as above, and the first output is not used any more.
            unsafe { Output::new(buffer, capacity) }.finish();
            PINQUERY_MALFORMED
        }
    }
}

struct Writer<'a>(Output<'a>);

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compact, and beyond ASCII escaped.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|character| !matches!(character, ' '..='~')) {
            let (plain, other) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = other.chars();
            for unit in characters
                .next()
                .unwrap_or_default()
                .encode_utf16(&mut [0; 2])
            {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Updates that the caller of [`pinquery_updates_json`] vouched for.
struct List<'a>(&'a [pinquery_update]);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for update in self.0 {
            list.serialize_element(&Listed(update))?;
        }
        list.end()
    }
}

struct Listed<'a>(&'a pinquery_update);

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let adjusted = match self.0.adjusted {
            PINQUERY_AS_SENT => None,
            PINQUERY_RAISED_TO_MIN => Some("min"),
            PINQUERY_LOWERED_TO_MAX => Some("max"),
            PINQUERY_REPLACED_BY_FALLBACK => Some("fallback"),
            _ => return Err(S::Error::custom("no adjustment")),
        };
        let mut update = serializer.serialize_struct("Update", 3)?;
        update.serialize_field("pin", &self.0.pin)?;
        update.serialize_field("value", &Valued(self.0))?;
        update.serialize_field("adjusted", &adjusted)?;
        update.end()
    }
}

struct Valued<'a>(&'a pinquery_update);

impl Serialize for Valued<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = &self.0.value;
        // SAFETY: the type says which member was written, and every bit pattern is one of each
        // member; the caller vouched for the bytes of a string.
        unsafe {
            match self.0.r#type {
                PINQUERY_INTEGER | PINQUERY_ENUMERABLE => serializer.serialize_i64(value.integer),
                PINQUERY_DOUBLE => serializer.serialize_f64(value.number),
                PINQUERY_BOOLEAN => serializer.serialize_bool(value.boolean != 0),
                PINQUERY_LOCATION => {
                    let place = value.location;
                    [place.longitude, place.latitude].serialize(serializer)
                }
                PINQUERY_STRING => match value.text.raw().and_then(decoded) {
                    Some(text) => serializer.serialize_str(&text),
                    None => Err(S::Error::custom("no text")),
                },
                _ => Err(S::Error::custom("no type")),
            }
        }
    }
}

fn decoded(raw: &[u8]) -> Option<String> {
    let mut whole = String::new();
    decode(raw, |part| match part {
        Part::Equals => whole.push('='),
        Part::Text(text) => whole += &text.to_cow(),
    })?;
    Some(whole)
}
