//! Parsing a query, in one call or in two steps, and parsing one value.

use std::ffi::{c_char, c_void};
use std::str;

use pinquery::{
    BatchUpdate, Error, ErrorKind, Reason, Template, Text, Update, Updates, VirtualPin,
};

use crate::devices::pinquery_template;
use crate::error::{
    PINQUERY_ACCEPTED, PINQUERY_BAD_CALL, PINQUERY_BUFFER_TOO_SMALL, pinquery_error, pinquery_kind,
};
use crate::memory;
use crate::text::pinquery_text;
use crate::update::{PINQUERY_MAX_UPDATES, pinquery_update};

/// Returns the template of the device with this token, or NULL if the token is unknown. `context`
/// is the pointer passed to `pinquery_parse`.
///
/// `token` is decoded, not NUL-terminated, and lives until the function returns. The template must
/// live until `pinquery_parse` returns. The function must not exit by `longjmp` or an exception.
pub type pinquery_lookup = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        token: *const c_char,
        length: usize,
    ) -> *const pinquery_template,
>;

/// Parses a batch update: validates the token, looks up its template and parses every value. All
/// or nothing.
///
/// `query` is the query component without its `?`, still percent-encoded; any bytes are allowed.
/// `lookup` is called at most once, and only with a valid token.
///
/// Returns `PINQUERY_ACCEPTED` and writes the updates, in query order, to `updates` and their
/// number to `*count`. Otherwise returns the kind of error, and writes the error to `*error` unless
/// that is NULL, and 0 to `*count`. Updates need not be freed. Their strings point into the query
/// and live as long as it does.
///
/// `updates` need not be initialised. `PINQUERY_MAX_UPDATES` is always enough `capacity`; if there
/// are more updates than `capacity`, returns `PINQUERY_BUFFER_TOO_SMALL`, writes no update, and
/// sets `*count` to the number needed. Returns `PINQUERY_BAD_CALL` if `lookup` or `count` is NULL,
/// or a pointer whose length is not 0. Thread-safe.
///
/// # Safety
///
/// `query_length` bytes are readable at `query`; `capacity` updates, `*count` and `*error` are
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_parse(
    query: *const c_char,
    query_length: usize,
    lookup: pinquery_lookup,
    context: *mut c_void,
    updates: *mut pinquery_update,
    capacity: usize,
    count: *mut usize,
    error: *mut pinquery_error,
) -> pinquery_kind {
    // SAFETY: the caller vouches for all of these pointers.
    let output = unsafe { Output::new(updates, capacity, count, error) };
    // SAFETY: the caller vouches for the query.
    let query = unsafe { memory::read_text(query, query_length) };
    let (Some(query), Some(lookup)) = (query, lookup) else {
        return output.reject(pinquery_error::of_caller(PINQUERY_BAD_CALL));
    };
    output.parse(query, |token| {
        // SAFETY: the caller vouches for the function, and its template lives until we return.
        unsafe { lookup(context, token.as_ptr().cast(), token.len()).as_ref() }
    })
}

/// Finds and validates the token: the first of two steps, for a lookup that has to wait. No state
/// is kept between the steps.
///
/// Returns `PINQUERY_ACCEPTED` and writes the token to `*token`. It points into the query; if it is
/// `escaped`, decode it. Otherwise returns the kind of error, and writes the error to `*error`
/// unless that is NULL. Returns `PINQUERY_BAD_CALL` if `token` is NULL, or `query` is NULL and its
/// length is not 0.
///
/// # Safety
///
/// `query_length` bytes are readable at `query`; `*token` and `*error` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_token(
    query: *const c_char,
    query_length: usize,
    token: *mut pinquery_text,
    error: *mut pinquery_error,
) -> pinquery_kind {
    // SAFETY: the caller vouches for the query.
    let query = unsafe { memory::read_text(query, query_length) };
    let rejection = match query {
        Some(query) if !token.is_null() => match BatchUpdate::parse(query) {
            Ok(request) => {
                // SAFETY: not NULL, and the caller vouches for it.
                unsafe { token.write(raw_token(query, &request)) };
                return PINQUERY_ACCEPTED;
            }
            Err(rejection) => pinquery_error::from(rejection),
        },
        _ => pinquery_error::of_caller(PINQUERY_BAD_CALL),
    };
    // SAFETY: the caller vouches for the error.
    unsafe { memory::write(error, rejection) };
    rejection.kind
}

/// Returns the undecoded token. Its span is that of the error about it.
fn raw_token(query: &[u8], request: &BatchUpdate<'_>) -> pinquery_text {
    let raw = query
        .get(request.unknown_token().span())
        .unwrap_or_default();
    pinquery_text::new(raw, raw == request.token().as_bytes())
}

/// Parses every value against the device's template: the second of two steps. All or nothing. The
/// token is unknown if `tmpl` is NULL.
///
/// Otherwise like `pinquery_parse`; an invalid token causes the same error as in the first step.
///
/// # Safety
///
/// `tmpl` is NULL or is not freed during the call; otherwise as for `pinquery_parse`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_updates(
    query: *const c_char,
    query_length: usize,
    tmpl: *const pinquery_template,
    updates: *mut pinquery_update,
    capacity: usize,
    count: *mut usize,
    error: *mut pinquery_error,
) -> pinquery_kind {
    // SAFETY: the caller vouches for all of these pointers.
    let output = unsafe { Output::new(updates, capacity, count, error) };
    // SAFETY: the caller vouches for the query.
    let Some(query) = (unsafe { memory::read_text(query, query_length) }) else {
        return output.reject(pinquery_error::of_caller(PINQUERY_BAD_CALL));
    };
    // SAFETY: the caller vouches for the template.
    output.parse(query, |_| unsafe { tmpl.as_ref() })
}

/// Parses a value for a pin from text that is not percent-encoded: an MQTT payload, a field of a CSV
/// or JSON file, or a stored value.
///
/// `+` and `%` are ordinary characters. The other rules are the same as in a query. A location is
/// `lon,lat`.
///
/// Returns `PINQUERY_ACCEPTED` and writes the update to `*update`. Otherwise returns
/// `PINQUERY_UNKNOWN_PIN`, whose span is empty, or `PINQUERY_INVALID_VALUE`, whose span is the whole
/// text, and writes the error to `*error` unless that is NULL. Invalid UTF-8 takes precedence over
/// other reasons. The update need not be freed. Its string, if any, points into `text`, lives as long
/// as it does, and is never `escaped`.
///
/// Returns `PINQUERY_BAD_CALL` if `tmpl` or `update` is NULL, or `text` is NULL and its length is not
/// 0. Thread-safe.
///
/// # Safety
///
/// `tmpl` is NULL or is not freed during the call; `length` bytes are readable at `text`; `*update`
/// and `*error` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_parse_value(
    tmpl: *const pinquery_template,
    pin: u8,
    text: *const c_char,
    length: usize,
    update: *mut pinquery_update,
    error: *mut pinquery_error,
) -> pinquery_kind {
    // SAFETY: the caller vouches for both.
    let (template, text) = unsafe { (tmpl.as_ref(), memory::read_text(text, length)) };
    let parsed = match (template, text) {
        (Some(template), Some(text)) if !update.is_null() => {
            parse_value(&template.0, VirtualPin(pin), text)
        }
        _ => Err(pinquery_error::of_caller(PINQUERY_BAD_CALL)),
    };
    match parsed {
        Ok(parsed) => {
            // SAFETY: not NULL, and the caller vouches for it.
            unsafe { update.write(pinquery_update::new(&parsed)) };
            PINQUERY_ACCEPTED
        }
        Err(rejection) => {
            // SAFETY: the caller vouches for the error.
            unsafe { memory::write(error, rejection) };
            rejection.kind
        }
    }
}

fn parse_value<'t>(
    template: &Template,
    pin: VirtualPin,
    text: &'t [u8],
) -> Result<Update<Text<'t>>, pinquery_error> {
    let error = |kind, reason, end| pinquery_error::new(kind, reason, Some(pin), 0..end);
    let datastream = template
        .get(pin)
        .ok_or_else(|| error(ErrorKind::UnknownPin, None, 0))?;
    let (value, adjusted) = str::from_utf8(text)
        .map_err(|_| Reason::InvalidUtf8)
        .and_then(|text| datastream.parse(text))
        .map_err(|reason| error(ErrorKind::InvalidValue, Some(reason), text.len()))?;
    Ok(Update {
        pin,
        value,
        adjusted,
    })
}

/// The caller's variables for the outcome.
struct Output {
    updates: *mut pinquery_update,
    capacity: usize,
    count: *mut usize,
    error: *mut pinquery_error,
}

impl Output {
    /// # Safety
    ///
    /// `capacity` updates are writable at `updates`, and one value at each of the others. Each may
    /// be NULL.
    #[inline(always)]
    unsafe fn new(
        updates: *mut pinquery_update,
        capacity: usize,
        count: *mut usize,
        error: *mut pinquery_error,
    ) -> Self {
        Self {
            updates,
            capacity,
            count,
            error,
        }
    }

    #[inline(always)]
    fn parse<'t>(
        &self,
        query: &[u8],
        lookup: impl FnOnce(&str) -> Option<&'t pinquery_template>,
    ) -> pinquery_kind {
        if self.count.is_null() || (self.updates.is_null() && self.capacity != 0) {
            return self.reject(pinquery_error::of_caller(PINQUERY_BAD_CALL));
        }
        let mut updates = Updates::new();
        let lookup = |token: &str| lookup(token).map(|template| &template.0);
        match parse(query, lookup, &mut updates) {
            Ok(()) => self.accept(&updates),
            Err(error) => self.reject(error.into()),
        }
    }

    #[inline(always)]
    fn accept(&self, updates: &Updates<'_>) -> pinquery_kind {
        // A larger capacity is never used, and might be too long for a slice.
        let capacity = self.capacity.min(PINQUERY_MAX_UPDATES);
        // SAFETY: `new` was promised this capacity.
        let buffer = unsafe { memory::buffer(self.updates, capacity) }.unwrap_or_default();
        if updates.len() > buffer.len() {
            self.reject(pinquery_error::of_caller(PINQUERY_BUFFER_TOO_SMALL));
            // SAFETY: `new` was promised that it is writable.
            unsafe { memory::write(self.count, updates.len()) };
            return PINQUERY_BUFFER_TOO_SMALL;
        }
        for (slot, update) in buffer.iter_mut().zip(updates.iter()) {
            slot.write(pinquery_update::new(update));
        }
        // SAFETY: as above.
        unsafe { memory::write(self.count, updates.len()) };
        PINQUERY_ACCEPTED
    }

    #[cold]
    fn reject(&self, error: pinquery_error) -> pinquery_kind {
        // SAFETY: `new` was promised that both are writable.
        unsafe {
            memory::write(self.count, 0);
            memory::write(self.error, error);
        }
        error.kind
    }
}

#[inline(always)]
fn parse<'q, 't>(
    query: &'q [u8],
    lookup: impl FnOnce(&str) -> Option<&'t Template>,
    updates: &mut Updates<'q>,
) -> Result<(), Error> {
    let request = BatchUpdate::parse(query)?;
    match lookup(request.token()) {
        Some(template) => request.updates_into(template, updates),
        None => Err(request.unknown_token()),
    }
}
