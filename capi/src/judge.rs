//! Judging a query, in one call or in two steps.

use std::ffi::{c_char, c_void};

use pinquery::{BatchUpdate, Error, Template, Updates};

use crate::devices::pinquery_template;
use crate::error::{
    PINQUERY_ACCEPTED, PINQUERY_BAD_CALL, PINQUERY_NO_ROOM, pinquery_error, pinquery_kind,
};
use crate::memory;
use crate::text::pinquery_text;
use crate::update::{PINQUERY_MAX_UPDATES, pinquery_update};

/// Looks a device up: gives the template of the device with this token, or NULL for a token that
/// the server does not know. `context` is what the caller of `pinquery_parse` gave.
///
/// `token` is valid and decoded, has no NUL within or behind it, and lives until the function
/// returns. The template has to live until `pinquery_parse` returns. It must not leave the
/// function by `longjmp` or an exception.
pub type pinquery_lookup = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        token: *const c_char,
        length: usize,
    ) -> *const pinquery_template,
>;

/// Judges a query in one call: its token, the device behind it, and every pin; all or nothing.
///
/// `query` is the query component without its `?`, still percent-encoded, any bytes; it may be
/// NULL where `query_length` is 0. `lookup` is asked at most once, for a valid token only.
///
/// Gives `PINQUERY_ACCEPTED`, with the updates in query order in `updates` and how many there are
/// in `*count`; or the error's kind, with the error in `*error`, which may be NULL, and 0 in
/// `*count`. Updates belong to the caller and need not be freed; their strings stand in the query
/// and live as long as it does.
///
/// `updates` may be NULL where `capacity` is 0, and need not be initialised. With a `capacity` of
/// `PINQUERY_MAX_UPDATES` there is always room; with less, a query of more updates gives
/// `PINQUERY_NO_ROOM`, writes none, and `*count` says how many there are. `PINQUERY_BAD_CALL`
/// where `lookup` or `count` is NULL, or a pointer whose length is not 0.
///
/// Any number of threads may call it at once.
///
/// # Safety
///
/// What is said above of the pointers and their lengths.
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
        return output.refuse(pinquery_error::of_call(PINQUERY_BAD_CALL));
    };
    output.judge(query, |token| {
        // SAFETY: the caller vouches for the function, and its template lives until we return.
        unsafe { lookup(context, token.as_ptr().cast(), token.len()).as_ref() }
    })
}

/// The first of two steps, for a lookup that has to wait: finds and judges the token.
///
/// Gives `PINQUERY_ACCEPTED` and writes the token to `*token`: it stands in the query, and is to
/// be decoded where it is `escaped`. Else the error's kind, with the error in `*error`, which may
/// be NULL. `PINQUERY_BAD_CALL` where `token` is NULL, or `query` and its length is not 0.
///
/// Nothing is kept between the steps but the query itself.
///
/// # Safety
///
/// What is said above of the pointers and their lengths.
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
                unsafe { token.write(written(query, &request)) };
                return PINQUERY_ACCEPTED;
            }
            Err(rejection) => pinquery_error::from(rejection),
        },
        _ => pinquery_error::of_call(PINQUERY_BAD_CALL),
    };
    // SAFETY: the caller vouches for the error.
    unsafe { memory::put(error, rejection) };
    rejection.kind
}

/// The token as the query has it. It is where the error about it would point.
fn written(query: &[u8], request: &BatchUpdate<'_>) -> pinquery_text {
    let raw = query
        .get(request.unknown_token().span())
        .unwrap_or_default();
    pinquery_text::new(raw, raw == request.token().as_bytes())
}

/// The second of two steps: judges every pin by the device's template; all or nothing. For a
/// `device` of NULL the token is unknown.
///
/// All else is as for `pinquery_parse`, and a query whose token is not valid gives the error that
/// the first step gave.
///
/// # Safety
///
/// `device` is NULL or a template that is not freed meanwhile; for the rest see `pinquery_parse`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_updates(
    query: *const c_char,
    query_length: usize,
    device: *const pinquery_template,
    updates: *mut pinquery_update,
    capacity: usize,
    count: *mut usize,
    error: *mut pinquery_error,
) -> pinquery_kind {
    // SAFETY: the caller vouches for all of these pointers.
    let output = unsafe { Output::new(updates, capacity, count, error) };
    // SAFETY: the caller vouches for the query.
    let Some(query) = (unsafe { memory::read_text(query, query_length) }) else {
        return output.refuse(pinquery_error::of_call(PINQUERY_BAD_CALL));
    };
    // SAFETY: the caller vouches for the template.
    output.judge(query, |_| unsafe { device.as_ref() })
}

/// Where the caller wants the outcome.
struct Output {
    updates: *mut pinquery_update,
    capacity: usize,
    count: *mut usize,
    error: *mut pinquery_error,
}

impl Output {
    /// # Safety
    ///
    /// `capacity` updates can be written at `updates`, and a value at each of the others; each may
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
    fn judge<'t>(
        &self,
        query: &[u8],
        lookup: impl FnOnce(&str) -> Option<&'t pinquery_template>,
    ) -> pinquery_kind {
        if self.count.is_null() || (self.updates.is_null() && self.capacity != 0) {
            return self.refuse(pinquery_error::of_call(PINQUERY_BAD_CALL));
        }
        let mut updates = Updates::new();
        let template = |token: &str| lookup(token).map(|device| &device.0);
        match judge(query, template, &mut updates) {
            Ok(()) => self.accept(&updates),
            Err(error) => self.refuse(error.into()),
        }
    }

    #[inline(always)]
    fn accept(&self, updates: &Updates<'_>) -> pinquery_kind {
        // There are never more, and so a capacity of any size is no slice that is too long.
        let capacity = self.capacity.min(PINQUERY_MAX_UPDATES);
        // SAFETY: `new` was promised so much room.
        let room = unsafe { memory::room(self.updates, capacity) }.unwrap_or_default();
        if updates.len() > room.len() {
            self.refuse(pinquery_error::of_call(PINQUERY_NO_ROOM));
            // SAFETY: `new` was promised that it can be written.
            unsafe { memory::put(self.count, updates.len()) };
            return PINQUERY_NO_ROOM;
        }
        for (place, update) in room.iter_mut().zip(updates.iter()) {
            place.write(pinquery_update::new(update));
        }
        // SAFETY: as above.
        unsafe { memory::put(self.count, updates.len()) };
        PINQUERY_ACCEPTED
    }

    #[cold]
    fn refuse(&self, error: pinquery_error) -> pinquery_kind {
        // SAFETY: `new` was promised that both can be written.
        unsafe {
            memory::put(self.count, 0);
            memory::put(self.error, error);
        }
        error.kind
    }
}

#[inline(always)]
fn judge<'q, 't>(
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
