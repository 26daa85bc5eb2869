//! Texts that stand in the query, and decoding them.

use std::ffi::c_char;

use pinquery::{Pairs, Text};

use crate::memory::{self, Output};

/// What `pinquery_decode` and `pinquery_updates_json` give for what no call of this library wrote.
///
/// cbindgen:ignore
pub const PINQUERY_MALFORMED: usize = usize::MAX;

/// A text that stands in the query: it lives as long as the query does, and has no NUL behind it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pinquery_text {
    /// The bytes as the query has them. Read them as they are where `escaped` is 0, else decode
    /// them with `pinquery_decode`.
    pub bytes: *const c_char,
    /// How many bytes there are.
    pub length: usize,
    /// 1 where the bytes hold an escape, `%41` or `+`; else 0.
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
    /// The bytes can be read for as long as `'a`.
    pub(crate) unsafe fn raw<'a>(&self) -> Option<&'a [u8]> {
        // SAFETY: the caller vouches for it.
        unsafe { memory::read_text(self.bytes, self.length) }
    }
}

/// Writes a text, decoded, into `buffer`, with a NUL behind it, and gives its length without the
/// NUL: like `snprintf`. Where that is not less than `capacity`, the buffer holds an empty text;
/// a second call with more room succeeds. The decoded text is UTF-8 and has no NUL within it, and
/// is never longer than `text->length`.
///
/// `buffer` may be NULL where `capacity` is 0. Gives `PINQUERY_MALFORMED` where `text` is NULL or
/// is none that this library wrote: not well formed.
///
/// # Safety
///
/// `text` is NULL or can be read, its bytes too; `capacity` bytes can be written at `buffer`, and
/// the two do not overlap.
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
    match raw.and_then(|raw| parts(raw, |part| write(&mut output, part))) {
        Some(()) => output.finish(),
        None => {
            // SAFETY: as above, and the first output is not used any more.
            unsafe { Output::new(buffer, capacity) }.finish();
            PINQUERY_MALFORMED
        }
    }
}

/// The parts of a value, decoded. A value may hold a `=`, at which the library would split it; no
/// character has that byte within it, so it is put back between the parts.
fn parts<'a>(raw: &'a [u8], mut add: impl FnMut(Part<'a>)) -> Option<()> {
    if raw.contains(&b'&') {
        return None;
    }
    let Some(pair) = Pairs::new(raw).next() else {
        return Some(());
    };
    add(Part::Text(pair.name.decode().ok()?));
    if pair.name.span().end < raw.len() {
        add(Part::Equals);
        add(Part::Text(pair.value.decode().ok()?));
    }
    Some(())
}

enum Part<'a> {
    Text(Text<'a>),
    Equals,
}

fn write(output: &mut Output<'_>, part: Part<'_>) {
    match part {
        Part::Equals => output.add(b"="),
        Part::Text(text) => match text.as_str() {
            Some(plain) => output.add(plain.as_bytes()),
            None => {
                for character in text.chars() {
                    output.add(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
        },
    }
}

/// A value, decoded.
pub(crate) fn decode(raw: &[u8]) -> Option<String> {
    let mut whole = String::new();
    parts(raw, |part| match part {
        Part::Equals => whole.push('='),
        Part::Text(text) => whole += &text.to_cow(),
    })?;
    Some(whole)
}
