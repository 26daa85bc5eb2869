//! Strings that point into the input, and how to decode them.

use std::ffi::c_char;
use std::str;

use pinquery::{Encoded, Pairs, Text};

use crate::memory::{self, Output};

/// Returned by `pinquery_decode` and `pinquery_updates_json` for input this library did not write.
///
/// cbindgen:ignore
pub const PINQUERY_MALFORMED: usize = usize::MAX;

/// A string inside the input: the query, or the text passed to `pinquery_parse_value`. It lives as
/// long as the input and is not NUL-terminated.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pinquery_text {
    /// The raw bytes. If `escaped` is 1, decode them with `pinquery_decode`.
    pub bytes: *const c_char,
    /// Length in bytes.
    pub length: usize,
    /// 1 if the bytes contain an escape, such as `%41` or `+`. 0 if they are the string itself, which
    /// may contain `%` or `+` if it is from `pinquery_parse_value`.
    pub escaped: u8,
}

impl pinquery_text {
    #[inline]
    pub(crate) fn new(raw: &[u8], is_plain: bool) -> Self {
        Self {
            bytes: raw.as_ptr().cast(),
            length: raw.len(),
            escaped: u8::from(!is_plain),
        }
    }

    /// Decodes the string.
    ///
    /// # Safety
    ///
    /// The bytes are readable.
    pub(crate) unsafe fn decode(&self) -> Option<String> {
        let mut decoded = String::new();
        // SAFETY: the caller vouches for the bytes.
        unsafe {
            self.decode_parts(|part| match part {
                Part::Plain(text) => decoded += text,
                Part::Encoded(text) => decoded += &text.to_cow(),
            })?;
        }
        Some(decoded)
    }

    /// Passes the decoded parts of the string to `emit`. Returns `None` if it is malformed.
    ///
    /// # Safety
    ///
    /// The bytes are readable for `'a`.
    unsafe fn decode_parts<'a>(&self, mut emit: impl FnMut(Part<'a>)) -> Option<()> {
        // SAFETY: the caller vouches for the bytes.
        let raw = unsafe { memory::read_text(self.bytes, self.length) }?;
        match self.escaped {
            0 => {
                let text = str::from_utf8(raw).ok()?;
                emit(Part::Plain(Some(text).filter(|text| !text.contains('\0'))?));
            }
            _ => decode_escaped(raw, emit)?,
        }
        Some(())
    }
}

/// Decodes a string into `buffer`, NUL-terminated. A string that is not `escaped` is copied. Like
/// `snprintf`, returns the length without the NUL. If that is not less than `capacity`, writes an
/// empty string; call again with a larger buffer. The decoded string is UTF-8, contains no NUL, and
/// is never longer than `text->length`.
///
/// Returns `PINQUERY_MALFORMED` if `text` is NULL or this library did not write it.
///
/// # Safety
///
/// `text` is NULL or readable, and so are its bytes; `capacity` bytes are writable at `buffer` and
/// overlap neither.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_decode(
    text: *const pinquery_text,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    // SAFETY: the caller vouches for the buffer.
    let mut output = unsafe { Output::new(buffer, capacity) };
    // SAFETY: the caller vouches for the text.
    let decoded = unsafe {
        text.as_ref()
            .and_then(|text| text.decode_parts(|part| write(&mut output, part)))
    };
    match decoded {
        Some(()) => output.finish(),
        None => {
            // SAFETY: as above, and the first output is no longer used.
            unsafe { Output::new(buffer, capacity) }.finish();
            PINQUERY_MALFORMED
        }
    }
}

/// Decodes an escaped value in parts. The library splits at the first `=`, which is part of a value,
/// so it is emitted between the parts. No multi-byte character contains that byte.
fn decode_escaped<'a>(raw: &'a [u8], mut emit: impl FnMut(Part<'a>)) -> Option<()> {
    if raw.contains(&b'&') {
        return None;
    }
    let Some(pair) = Pairs::new(raw).next() else {
        return Some(());
    };
    let decode = |encoded: Encoded<'a>| {
        let text = encoded.decode().ok()?;
        Some(text).filter(|text| text.chars().all(|character| character != '\0'))
    };
    emit(Part::Encoded(decode(pair.name)?));
    if pair.name.span().end < raw.len() {
        emit(Part::Plain("="));
        emit(Part::Encoded(decode(pair.value)?));
    }
    Some(())
}

enum Part<'a> {
    Plain(&'a str),
    Encoded(Text<'a>),
}

fn write(output: &mut Output<'_>, part: Part<'_>) {
    match part {
        Part::Plain(text) => output.push(text.as_bytes()),
        Part::Encoded(text) => {
            for character in text.chars() {
                output.push(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}
