//! Strings that point into the query, and how to decode them.

use std::ffi::c_char;

use pinquery::{Pairs, Text};

use crate::memory::{self, Output};

/// Returned by `pinquery_decode` and `pinquery_updates_json` for input this library did not write.
///
/// cbindgen:ignore
pub const PINQUERY_MALFORMED: usize = usize::MAX;

/// A string inside the query. It lives as long as the query and is not NUL-terminated.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pinquery_text {
    /// The raw bytes. If `escaped` is 1, decode them with `pinquery_decode`.
    pub bytes: *const c_char,
    /// Length in bytes.
    pub length: usize,
    /// 1 if the bytes contain an escape, such as `%41` or `+`; otherwise 0.
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

    /// # Safety
    ///
    /// The bytes are readable for `'a`.
    pub(crate) unsafe fn raw<'a>(&self) -> Option<&'a [u8]> {
        // SAFETY: the caller vouches for the bytes.
        unsafe { memory::read_text(self.bytes, self.length) }
    }
}

/// Decodes a string into `buffer`, NUL-terminated. Like `snprintf`, returns the length without the
/// NUL. If that is not less than `capacity`, writes an empty string; call again with a larger
/// buffer. The decoded string is UTF-8, contains no NUL, and is never longer than `text->length`.
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
    let raw = unsafe { text.as_ref().and_then(|text| text.raw()) };
    match raw.and_then(|raw| decode_parts(raw, |part| write(&mut output, part))) {
        Some(()) => output.finish(),
        None => {
            // SAFETY: as above, and the first output is no longer used.
            unsafe { Output::new(buffer, capacity) }.finish();
            PINQUERY_MALFORMED
        }
    }
}

/// Decodes a value in parts. The library splits at the first `=`, which is part of a value, so it is
/// emitted between the parts. No multi-byte character contains that byte.
fn decode_parts<'a>(raw: &'a [u8], mut emit: impl FnMut(Part<'a>)) -> Option<()> {
    if raw.contains(&b'&') {
        return None;
    }
    let Some(pair) = Pairs::new(raw).next() else {
        return Some(());
    };
    emit(Part::Text(pair.name.decode().ok()?));
    if pair.name.span().end < raw.len() {
        emit(Part::Equals);
        emit(Part::Text(pair.value.decode().ok()?));
    }
    Some(())
}

enum Part<'a> {
    Text(Text<'a>),
    Equals,
}

fn write(output: &mut Output<'_>, part: Part<'_>) {
    match part {
        Part::Equals => output.push(b"="),
        Part::Text(text) => match text.as_str() {
            Some(plain) => output.push(plain.as_bytes()),
            None => {
                for character in text.chars() {
                    output.push(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
        },
    }
}

/// Decodes a value.
pub(crate) fn decode(raw: &[u8]) -> Option<String> {
    let mut decoded = String::new();
    decode_parts(raw, |part| match part {
        Part::Equals => decoded.push('='),
        Part::Text(text) => decoded += &text.to_cow(),
    })?;
    Some(decoded)
}
