//! What the C face says of a query is what the library says, by both of its ways, with any room.
//!
//! An input is that of the core's target `against_reference`: a template in the notation of the
//! spec lines, a line's end, and a query; the core's seeds are seeds of this one.
#![no_main]

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use libfuzzer_sys::{Corpus, fuzz_target};
use pinquery::{Adjustment, Template, Value};
use pinquery_capi::*;
use pinquery_test_support::plain::{Outcome, Rejection};
use pinquery_test_support::{UNKNOWN, convert, notation};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((template, query)) = input(data) else {
        return Corpus::Reject;
    };
    let face = Face::new(&template);
    let parsed = pinquery::parse(query, |token| (token != UNKNOWN).then_some(&template));
    let json = parsed
        .as_ref()
        .map(|updates| serde_json::to_value(updates).unwrap());
    let expected = convert::outcome(parsed.clone());
    face.parse(query, 256).is(&expected);
    face.in_two_steps(query).is(&expected);
    if let Ok(json) = json {
        let count = expected.as_ref().map_or(0, |updates| updates.len());
        face.small_arrays(query, count);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&face.json(query)).unwrap(),
            json
        );
    }
    Corpus::Keep
});

fn input(data: &[u8]) -> Option<(Template, &[u8])> {
    let end = data.iter().position(|&byte| byte == b'\n')?;
    let plain = notation::template(std::str::from_utf8(&data[..end]).ok()?).ok()?;
    Some((convert::template(&plain).ok()?, &data[end + 1..]))
}

/// A template of the face's, read from what the library writes.
struct Face(*mut pinquery_template);

impl Face {
    fn new(template: &Template) -> Self {
        let json = serde_json::to_vec(template).unwrap();
        // SAFETY: the JSON can be read, and there is no buffer.
        let read = unsafe {
            pinquery_template_from_json(json.as_ptr().cast(), json.len(), ptr::null_mut(), 0)
        };
        assert!(!read.is_null());
        Self(read)
    }

    fn parse(&self, query: &[u8], capacity: usize) -> Parsed {
        let mut parsed = Parsed::new(capacity);
        // SAFETY: all of it can be read or written, and `lookup` takes this template.
        parsed.kind = unsafe {
            pinquery_parse(
                query.as_ptr().cast(),
                query.len(),
                Some(lookup),
                self.0.cast(),
                parsed.updates.as_mut_ptr(),
                capacity,
                &mut parsed.count,
                &mut parsed.error,
            )
        };
        parsed
    }

    fn in_two_steps(&self, query: &[u8]) -> Parsed {
        let mut parsed = Parsed::new(256);
        let mut token = pinquery_text {
            bytes: ptr::null(),
            length: 0,
            escaped: 0,
        };
        let (bytes, length) = (query.as_ptr().cast(), query.len());
        // SAFETY: all of it can be read or written.
        parsed.kind = unsafe { pinquery_token(bytes, length, &mut token, &mut parsed.error) };
        if parsed.kind == PINQUERY_ACCEPTED {
            let is_known = decode(&token) != UNKNOWN;
            let device = if is_known { self.0 } else { ptr::null_mut() };
            // SAFETY: all of it can be read or written.
            parsed.kind = unsafe {
                pinquery_updates(
                    bytes,
                    length,
                    device,
                    parsed.updates.as_mut_ptr(),
                    256,
                    &mut parsed.count,
                    &mut parsed.error,
                )
            };
        }
        parsed
    }

    /// An array that is one too small gets nothing, one that just suffices all.
    fn small_arrays(&self, query: &[u8], count: usize) {
        let parsed = self.parse(query, count - 1);
        assert_eq!((parsed.kind, parsed.count), (PINQUERY_NO_ROOM, count));
        assert_eq!(self.parse(query, count).kind, PINQUERY_ACCEPTED);
    }

    fn json(&self, query: &[u8]) -> String {
        let parsed = self.parse(query, 256);
        let (updates, count) = (parsed.updates.as_ptr(), parsed.count);
        // SAFETY: so many updates are written, and there is no buffer.
        let length = unsafe { pinquery_updates_json(updates, count, ptr::null_mut(), 0) };
        let mut buffer = vec![0xFF_u8; length + 1];
        let room = buffer.as_mut_ptr().cast();
        // SAFETY: the same, and the buffer can be written.
        assert_eq!(length, unsafe {
            pinquery_updates_json(updates, count, room, length + 1)
        });
        assert_eq!(buffer.pop(), Some(0));
        assert!(buffer.iter().all(|byte| matches!(byte, b' '..=b'~')));
        String::from_utf8(buffer).unwrap()
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        // SAFETY: from `pinquery_template_from_json`, and freed here alone.
        unsafe { pinquery_template_free(self.0) }
    }
}

/// Takes every token for a known one but the one that no device has.
unsafe extern "C" fn lookup(
    context: *mut c_void,
    token: *const c_char,
    length: usize,
) -> *const pinquery_template {
    // SAFETY: the face promises that the token can be read.
    let token = unsafe { std::slice::from_raw_parts(token.cast::<u8>(), length) };
    match token == UNKNOWN.as_bytes() {
        true => ptr::null(),
        false => context.cast(),
    }
}

/// What the face wrote.
struct Parsed {
    kind: pinquery_kind,
    updates: Vec<pinquery_update>,
    count: usize,
    error: pinquery_error,
}

impl Parsed {
    fn new(capacity: usize) -> Self {
        // No byte of these is one that the face should leave.
        let update = pinquery_update {
            pin: 0xFF,
            r#type: 0xFF,
            adjusted: 0xFF,
            value: pinquery_value { integer: -1 },
        };
        let error = pinquery_error {
            kind: 0xFF,
            reason: 0xFF,
            pin: -2,
            status: 0,
            start: 1,
            end: 0,
            body: ptr::null(),
            body_length: 0,
        };
        Self {
            kind: 0xFF,
            updates: vec![update; capacity],
            count: 0,
            error,
        }
    }

    fn is(&self, expected: &Outcome) {
        let updates = match expected {
            Ok(updates) => updates,
            Err(rejection) => return assert_eq!(self.rejection(), *rejection),
        };
        assert_eq!((self.kind, self.count), (PINQUERY_ACCEPTED, updates.len()));
        for (written, update) in self.updates.iter().zip(updates.iter()) {
            assert_eq!(written.pin, update.pin.0);
            assert_eq!(adjusted(written.adjusted), update.adjusted);
            assert!(is_same(written, &update.value), "{update:?}");
        }
    }

    fn rejection(&self) -> Rejection {
        let error = &self.error;
        assert_eq!((error.kind, error.status, self.count), (self.kind, 400, 0));
        Rejection {
            kind: name(pinquery_kind_name(error.kind)),
            span: error.start..error.end,
            pin: u8::try_from(error.pin).ok(),
            reason: Some(name(pinquery_reason_name(error.reason))).filter(|name| !name.is_empty()),
        }
    }
}

fn name(name: *const c_char) -> &'static str {
    // SAFETY: names live for ever, with a NUL behind them.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap()
}

fn is_same(written: &pinquery_update, value: &Value) -> bool {
    let is = |r#type| written.r#type == r#type;
    // SAFETY: each member is read behind the type that says that the face wrote it.
    unsafe {
        let held = written.value;
        match value {
            Value::Integer(integer) => is(PINQUERY_INTEGER) && held.integer == *integer,
            Value::Double(double) => is(PINQUERY_DOUBLE) && same_bits(held.number, *double),
            Value::String(text) => is(PINQUERY_STRING) && decode(&held.text) == *text,
            Value::Enumerable(integer) => is(PINQUERY_ENUMERABLE) && held.integer == *integer,
            Value::Boolean(boolean) => is(PINQUERY_BOOLEAN) && held.boolean == u8::from(*boolean),
            Value::Location {
                longitude,
                latitude,
            } => {
                is(PINQUERY_LOCATION)
                    && same_bits(held.location.longitude, *longitude)
                    && same_bits(held.location.latitude, *latitude)
            }
            // The JSON, which is compared for every type, is read from the same member.
            #[allow(unreachable_patterns)]
            _ => written.r#type != 0,
        }
    }
}

fn same_bits(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits()
}

fn adjusted(number: pinquery_adjusted) -> Option<Adjustment> {
    match number {
        PINQUERY_AS_SENT => None,
        PINQUERY_RAISED_TO_MIN => Some(Adjustment::Min),
        PINQUERY_LOWERED_TO_MAX => Some(Adjustment::Max),
        PINQUERY_REPLACED_BY_FALLBACK => Some(Adjustment::Fallback),
        other => panic!("no adjustment: {other}"),
    }
}

/// Into a buffer with just enough room, and into one with a byte less.
fn decode(text: &pinquery_text) -> String {
    // SAFETY: the face wrote the text, and there is no buffer.
    let length = unsafe { pinquery_decode(text, ptr::null_mut(), 0) };
    assert!(length <= text.length && (text.escaped == 1 || length == text.length));
    for room in [length, length + 1] {
        let mut buffer = vec![0xFF_u8; room];
        // SAFETY: the same, and the buffer can be written.
        let written = unsafe { pinquery_decode(text, buffer.as_mut_ptr().cast(), room) };
        assert_eq!(written, length);
        if room > length {
            assert_eq!(buffer.pop(), Some(0));
            return String::from_utf8(buffer).unwrap();
        }
        assert!(buffer.first().is_none_or(|&first| first == 0));
    }
    unreachable!("the second buffer has room")
}
