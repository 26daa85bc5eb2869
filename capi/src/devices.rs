//! Templates, and the devices of a file by token.

use std::collections::HashMap;
use std::ffi::{c_char, c_void};

// `::`, because a type in this module has the same name as the crate.
use ::pinquery_devices::{Error, from_json, template_from_json};
use pinquery::{Template, Token};

use crate::memory::{self, Output};

/// The datastreams of a device's virtual pins. Immutable, so threads can share it.
pub struct pinquery_template(pub(crate) Template);

/// Devices by token. Immutable, so threads can share it.
pub struct pinquery_devices(pub(crate) HashMap<Token<'static>, pinquery_template>);

/// Parses a template, such as `{"v1":{"type":"integer","min":0,"max":100}}`.
///
/// The caller owns the template and frees it with `pinquery_template_free`. If the JSON is not a
/// template, returns NULL and writes to `reason` why, NUL-terminated and truncated to `capacity`
/// (256 is enough). The reason names the pin, if any, and contains no other string of the JSON.
/// `json` must be UTF-8 and is not needed after the call. A byte-order mark at the start is skipped.
///
/// # Safety
///
/// `length` bytes are readable at `json`, and `capacity` bytes writable at `reason`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_template_from_json(
    json: *const c_char,
    length: usize,
    reason: *mut c_char,
    capacity: usize,
) -> *mut pinquery_template {
    let parse = |json: &[u8]| template_from_json(json).map(pinquery_template);
    // SAFETY: the caller vouches for the pointers.
    unsafe { parse_json(json, length, reason, capacity, parse) }
}

/// Frees a template. Does nothing if it is NULL.
///
/// # Safety
///
/// `tmpl` is NULL or has not been freed and is not in use.
#[unsafe(no_mangle)]
// `tmpl`, because `template` is a C++ keyword.
pub unsafe extern "C" fn pinquery_template_free(tmpl: *mut pinquery_template) {
    if !tmpl.is_null() {
        // SAFETY: the caller vouches that it is from `parse_json`, hence from a box, and not freed.
        drop(unsafe { Box::from_raw(tmpl) });
    }
}

/// Parses devices: a JSON object that maps tokens to templates, such as
/// `{"token":{"v1":{"type":"integer"}}}`. A device may also have an `"id"`, a unique string, which
/// is validated and then ignored. There must be at least one device, each with a datastream. `json`
/// must be UTF-8; a byte-order mark at the start is skipped.
///
/// The caller owns the devices and frees them with `pinquery_devices_free`. On error, returns NULL
/// and a reason, as `pinquery_template_from_json` does. The reason identifies a device by its
/// position, counting from 1, never by its token.
///
/// # Safety
///
/// `length` bytes are readable at `json`, and `capacity` bytes writable at `reason`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_devices_from_json(
    json: *const c_char,
    length: usize,
    reason: *mut c_char,
    capacity: usize,
) -> *mut pinquery_devices {
    let parse = |json: &[u8]| {
        let devices = from_json(json)?.into_iter();
        let templates = devices.map(|(token, device)| (token, pinquery_template(device.template)));
        Ok(pinquery_devices(templates.collect()))
    };
    // SAFETY: the caller vouches for the pointers.
    unsafe { parse_json(json, length, reason, capacity, parse) }
}

/// Looks up a device: a `pinquery_lookup` whose `context` is a `pinquery_devices`. Returns NULL if
/// no device has the token or `context` is NULL. The devices own the template.
///
/// # Safety
///
/// `context` is NULL or devices that have not been freed; `length` bytes are readable at `token`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_devices_lookup(
    context: *mut c_void,
    token: *const c_char,
    length: usize,
) -> *const pinquery_template {
    // SAFETY: the caller vouches for the pointers.
    let (devices, token) = unsafe {
        (
            context.cast::<pinquery_devices>().as_ref(),
            memory::read_text(token, length),
        )
    };
    let template = devices.zip(token).and_then(|(devices, token)| {
        let token = std::str::from_utf8(token).ok()?;
        devices.0.get(token)
    });
    template.map_or(std::ptr::null(), std::ptr::from_ref)
}

/// Returns the number of devices; 0 if `devices` is NULL.
///
/// # Safety
///
/// `devices` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_devices_count(devices: *const pinquery_devices) -> usize {
    // SAFETY: the caller vouches for the pointer.
    unsafe { devices.as_ref() }.map_or(0, |devices| devices.0.len())
}

/// Frees devices and their templates. Does nothing if `devices` is NULL.
///
/// # Safety
///
/// `devices` is NULL or has not been freed and, like its templates, is not in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_devices_free(devices: *mut pinquery_devices) {
    if !devices.is_null() {
        // SAFETY: as in `pinquery_template_free`.
        drop(unsafe { Box::from_raw(devices) });
    }
}

/// # Safety
///
/// `length` bytes are readable at `json`, and `capacity` bytes writable at `reason`.
unsafe fn parse_json<T>(
    json: *const c_char,
    length: usize,
    reason: *mut c_char,
    capacity: usize,
    parse: impl FnOnce(&[u8]) -> Result<T, Error>,
) -> *mut T {
    // SAFETY: the caller vouches for the pointers.
    let json = unsafe { memory::read_text(json, length) };
    let parsed = match json {
        Some(json) => parse(json).map_err(|error| error.to_string()),
        None => Err("JSON is NULL or too long".to_owned()),
    };
    match parsed {
        Ok(parsed) => Box::into_raw(Box::new(parsed)),
        Err(message) => {
            // SAFETY: the caller vouches for the pointers.
            unsafe { Output::new(reason, capacity) }.finish_truncated(&message);
            std::ptr::null_mut()
        }
    }
}
