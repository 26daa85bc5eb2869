//! The C API has the same outcome as the library, in one call and in two steps, for any capacity.
//! So does `pinquery_parse_value`, for every value of the query, raw and decoded.
//!
//! The input is that of the core's target `against_reference`, whose seeds can be used: a template in
//! the notation of the spec, a line feed, and a query.
#![no_main]

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use libfuzzer_sys::{Corpus, fuzz_target};
use pinquery::{Adjustment, ErrorKind, Pairs, Reason, Template, Update, Value, VirtualPin};
use pinquery_capi::*;
use pinquery_test_support::plain::{Outcome, Rejection};
use pinquery_test_support::{UNKNOWN, convert, notation};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((template, query)) = input(data) else {
        return Corpus::Reject;
    };
    let c_template = CTemplate::new(&template);
    let parsed = pinquery::parse(query, |token| (token != UNKNOWN).then_some(&template));
    let json = parsed
        .as_ref()
        .map(|updates| serde_json::to_value(updates).unwrap());
    let expected = convert::outcome(parsed.clone());
    c_template.parse(query, 256).assert_eq(&expected);
    c_template.parse_in_two_steps(query).assert_eq(&expected);
    if let Ok(json) = json {
        let count = expected.as_ref().map_or(0, |updates| updates.len());
        c_template.check_capacities(query, count);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&c_template.json(query)).unwrap(),
            json
        );
    }
    for pair in Pairs::new(query) {
        let pin = pair.name.pin().unwrap_or(VirtualPin(1));
        c_template.check_value(&template, pin, pair.value.raw());
        if let Ok(text) = pair.value.decode() {
            c_template.check_value(&template, pin, text.to_cow().as_bytes());
        }
    }
    Corpus::Keep
});

fn input(data: &[u8]) -> Option<(Template, &[u8])> {
    let end = data.iter().position(|&byte| byte == b'\n')?;
    let plain = notation::template(std::str::from_utf8(&data[..end]).ok()?).ok()?;
    Some((convert::template(&plain).ok()?, &data[end + 1..]))
}

/// A template of the C API, created from the library's JSON.
struct CTemplate(*mut pinquery_template);

impl CTemplate {
    fn new(template: &Template) -> Self {
        let json = serde_json::to_vec(template).unwrap();
        // SAFETY: the JSON is readable, and there is no buffer.
        let parsed = unsafe {
            pinquery_template_from_json(json.as_ptr().cast(), json.len(), ptr::null_mut(), 0)
        };
        assert!(!parsed.is_null());
        Self(parsed)
    }

    fn parse(&self, query: &[u8], capacity: usize) -> Parsed {
        let mut parsed = Parsed::new(capacity);
        // SAFETY: every pointer is valid for its length, and `lookup` expects this template.
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

    fn parse_in_two_steps(&self, query: &[u8]) -> Parsed {
        let mut parsed = Parsed::new(256);
        let mut token = pinquery_text {
            bytes: ptr::null(),
            length: 0,
            escaped: 0,
        };
        let (bytes, length) = (query.as_ptr().cast(), query.len());
        // SAFETY: every pointer is valid for its length.
        parsed.kind = unsafe { pinquery_token(bytes, length, &mut token, &mut parsed.error) };
        if parsed.kind == PINQUERY_ACCEPTED {
            let is_known = decode(&token) != UNKNOWN;
            let template = if is_known { self.0 } else { ptr::null_mut() };
            // SAFETY: every pointer is valid for its length.
            parsed.kind = unsafe {
                pinquery_updates(
                    bytes,
                    length,
                    template,
                    parsed.updates.as_mut_ptr(),
                    256,
                    &mut parsed.count,
                    &mut parsed.error,
                )
            };
        }
        parsed
    }

    /// Checks that a capacity one too small is rejected and that the exact capacity is enough.
    fn check_capacities(&self, query: &[u8], count: usize) {
        let parsed = self.parse(query, count - 1);
        assert_eq!(
            (parsed.kind, parsed.count),
            (PINQUERY_BUFFER_TOO_SMALL, count)
        );
        assert_eq!(self.parse(query, count).kind, PINQUERY_ACCEPTED);
    }

    fn json(&self, query: &[u8]) -> String {
        self.parse(query, 256).json()
    }

    fn check_value(&self, template: &Template, pin: VirtualPin, text: &[u8]) {
        let expected = value(template, pin, text);
        let mut parsed = Parsed::new(1);
        // SAFETY: every pointer is valid for its length.
        parsed.kind = unsafe {
            pinquery_parse_value(
                self.0,
                pin.0,
                text.as_ptr().cast(),
                text.len(),
                parsed.updates.as_mut_ptr(),
                &mut parsed.error,
            )
        };
        parsed.count = usize::from(parsed.kind == PINQUERY_ACCEPTED);
        parsed.assert_eq(&expected);
        if let Ok(updates) = expected {
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&parsed.json()).unwrap(),
                serde_json::to_value(&updates.0).unwrap()
            );
        }
    }
}

/// Parses a value with the library.
fn value(template: &Template, pin: VirtualPin, text: &[u8]) -> Outcome {
    let reject = |kind: ErrorKind, end, reason: Option<Reason>| Rejection {
        kind: kind.name(),
        span: 0..end,
        pin: Some(pin.0),
        reason: reason.map(Reason::name),
    };
    let datastream = template
        .get(pin)
        .ok_or_else(|| reject(ErrorKind::UnknownPin, 0, None))?;
    let (value, adjusted) = std::str::from_utf8(text)
        .map_err(|_| Reason::InvalidUtf8)
        .and_then(|text| datastream.parse(text))
        .map_err(|reason| reject(ErrorKind::InvalidValue, text.len(), Some(reason)))?;
    let update = Update {
        pin,
        value,
        adjusted,
    };
    Ok([update.into_owned()].into_iter().collect())
}

impl Drop for CTemplate {
    fn drop(&mut self) {
        // SAFETY: from `pinquery_template_from_json`, and freed only here.
        unsafe { pinquery_template_free(self.0) }
    }
}

/// Knows every token except `UNKNOWN`.
unsafe extern "C" fn lookup(
    context: *mut c_void,
    token: *const c_char,
    length: usize,
) -> *const pinquery_template {
    // SAFETY: the C API guarantees that the token is readable.
    let token = unsafe { std::slice::from_raw_parts(token.cast::<u8>(), length) };
    match token == UNKNOWN.as_bytes() {
        true => ptr::null(),
        false => context.cast(),
    }
}

/// The output of a call.
struct Parsed {
    kind: pinquery_kind,
    updates: Vec<pinquery_update>,
    count: usize,
    error: pinquery_error,
}

impl Parsed {
    fn new(capacity: usize) -> Self {
        // None of these values is valid output.
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

    fn assert_eq(&self, expected: &Outcome) {
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

    fn json(&self) -> String {
        let (updates, count) = (self.updates.as_ptr(), self.count);
        // SAFETY: `count` updates have been written, and there is no buffer.
        let length = unsafe { pinquery_updates_json(updates, count, ptr::null_mut(), 0) };
        let mut buffer = vec![0xFF_u8; length + 1];
        let pointer = buffer.as_mut_ptr().cast();
        // SAFETY: as above, and the buffer is writable.
        assert_eq!(length, unsafe {
            pinquery_updates_json(updates, count, pointer, length + 1)
        });
        assert_eq!(buffer.pop(), Some(0));
        assert!(buffer.iter().all(|byte| matches!(byte, b' '..=b'~')));
        String::from_utf8(buffer).unwrap()
    }

    fn rejection(&self) -> Rejection {
        let error = &self.error;
        assert_eq!((error.kind, error.status, self.count), (self.kind, 400, 0));
        assert!(!error.body.is_null() && error.body_length != 0);
        Rejection {
            kind: name(pinquery_kind_name(error.kind)),
            span: error.start..error.end,
            pin: u8::try_from(error.pin).ok(),
            reason: Some(name(pinquery_reason_name(error.reason))).filter(|name| !name.is_empty()),
        }
    }
}

fn name(name: *const c_char) -> &'static str {
    // SAFETY: names are static and NUL-terminated.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap()
}

fn is_same(written: &pinquery_update, value: &Value) -> bool {
    let is = |r#type| written.r#type == r#type;
    // SAFETY: each member is read only if the type says that it was written.
    unsafe {
        let read = written.value;
        match value {
            Value::Integer(integer) => is(PINQUERY_INTEGER) && read.integer == *integer,
            Value::Double(double) => is(PINQUERY_DOUBLE) && same_bits(read.number, *double),
            Value::String(text) => is(PINQUERY_STRING) && decode(&read.text) == *text,
            Value::Enumerable(integer) => is(PINQUERY_ENUMERABLE) && read.integer == *integer,
            Value::Boolean(boolean) => is(PINQUERY_BOOLEAN) && read.boolean == u8::from(*boolean),
            Value::Location {
                longitude,
                latitude,
            } => {
                is(PINQUERY_LOCATION)
                    && same_bits(read.location.longitude, *longitude)
                    && same_bits(read.location.latitude, *latitude)
            }
            // A new type: its JSON, which is compared too, is written from the same member.
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
        other => panic!("unknown adjustment {other}"),
    }
}

/// Decodes into a buffer that is one byte too small, then into one of the exact size.
fn decode(text: &pinquery_text) -> String {
    // SAFETY: the C API wrote the text, and there is no buffer.
    let length = unsafe { pinquery_decode(text, ptr::null_mut(), 0) };
    assert!(length <= text.length && (text.escaped == 1 || length == text.length));
    // SAFETY: the C API guarantees that the text is readable.
    let raw = unsafe { std::slice::from_raw_parts(text.bytes.cast::<u8>(), text.length) };
    assert!(text.escaped == 0 || raw.iter().any(|byte| matches!(byte, b'%' | b'+')));
    for capacity in [length, length + 1] {
        let mut buffer = vec![0xFF_u8; capacity];
        // SAFETY: as above, and the buffer is writable.
        let written = unsafe { pinquery_decode(text, buffer.as_mut_ptr().cast(), capacity) };
        assert_eq!(written, length);
        if capacity > length {
            assert_eq!(buffer.pop(), Some(0));
            return String::from_utf8(buffer).unwrap();
        }
        assert!(buffer.first().is_none_or(|&first| first == 0));
    }
    unreachable!("the second buffer is large enough")
}
