//! Updates as JSON that is safe in an HTTP header.

use std::ffi::c_char;
use std::io;

use serde::ser::{Error, Serialize, SerializeSeq, Serializer};
use serde_json::ser::Formatter;

use crate::memory::{self, Output};
use crate::text::PINQUERY_MALFORMED;
use crate::update::pinquery_update;

/// Writes updates as JSON, such as `[{"pin":1,"value":100,"adjusted":"max"}]`, to `buffer`,
/// NUL-terminated. Like `snprintf`, returns the length without the NUL. If that is not less than
/// `capacity`, writes an empty string; call again with a larger buffer.
///
/// The JSON consists of the bytes 0x20 to 0x7E, so it is safe in an HTTP header; other characters
/// are escaped. A location is `[longitude,latitude]`.
///
/// Returns `PINQUERY_MALFORMED` if this library did not write the updates.
///
/// # Safety
///
/// `count` updates are readable at `updates`, and so is the input that they point into; `capacity`
/// bytes are writable at `buffer` and overlap neither.
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
            // SAFETY: as above, and the first output is no longer used.
            unsafe { Output::new(buffer, capacity) }.finish();
            PINQUERY_MALFORMED
        }
    }
}

struct Writer<'a>(Output<'a>);

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compact JSON that escapes everything outside printable ASCII.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(offset) = rest.find(|character| !matches!(character, ' '..='~')) {
            let (plain, other) = rest.split_at(offset);
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

/// Updates whose strings are readable, as [`pinquery_updates_json`] requires.
struct List<'a>(&'a [pinquery_update]);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for update in self.0 {
            // SAFETY: the caller vouched for the bytes of strings.
            match unsafe { update.read() } {
                Some(update) => list.serialize_element(&update)?,
                None => return Err(S::Error::custom("malformed update")),
            }
        }
        list.end()
    }
}
