//! What devices hold: one template, or all of a file with the token of each.

use std::collections::HashMap;
use std::ffi::{c_char, c_void};

use pinquery::{Template, Token};
use serde::de::{Deserialize, Deserializer};

use crate::memory::{self, Output};

/// What the virtual pins of a device hold. It never changes, so threads share it.
pub struct pinquery_template(pub(crate) Template);

/// Devices by token. They never change, so threads share them.
pub struct pinquery_devices(pub(crate) HashMap<Token<'static>, pinquery_template>);

/// Reads a template, such as `{"v1":{"type":"integer","min":0,"max":100}}`.
///
/// The template belongs to the caller, who frees it with `pinquery_template_free`. Or NULL, where
/// the JSON is no template: then `reason` says why, naming the pin where it is about one, with a
/// NUL behind it, cut where `capacity` is less than its length (256 is enough). It never repeats
/// a string of the JSON but the name of a valid pin.
///
/// `json` and `reason` may be NULL where their lengths are 0. `json` is not needed afterwards.
///
/// # Safety
///
/// `length` bytes can be read at `json`, `capacity` bytes written at `reason`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_template_from_json(
    json: *const c_char,
    length: usize,
    reason: *mut c_char,
    capacity: usize,
) -> *mut pinquery_template {
    // SAFETY: the caller vouches for the pointers.
    unsafe { from_json(json, length, reason, capacity) }
}

/// Frees a template, once, when no call uses it any more. NULL is nothing to free.
///
/// # Safety
///
/// `device` is NULL or from `pinquery_template_from_json`, and was not freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_template_free(device: *mut pinquery_template) {
    if !device.is_null() {
        // SAFETY: the caller vouches that it is ours, which came from a box, and not freed yet.
        drop(unsafe { Box::from_raw(device) });
    }
}

/// Reads devices: a JSON object with a template for each token, such as
/// `{"token":{"v1":{"type":"integer"}}}`. A device may have an `"id"` among its pins, for servers
/// that keep its history by that: a string, another for each device, which is not kept here.
///
/// The devices belong to the caller, who frees them with `pinquery_devices_free`. Or NULL, and a
/// reason, as for `pinquery_template_from_json`: it names a device by its place, from 1 on, and
/// never its token. No device is an error, as is a device without a datastream.
///
/// # Safety
///
/// `length` bytes can be read at `json`, `capacity` bytes written at `reason`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_devices_from_json(
    json: *const c_char,
    length: usize,
    reason: *mut c_char,
    capacity: usize,
) -> *mut pinquery_devices {
    // SAFETY: the caller vouches for the pointers.
    unsafe { from_json(json, length, reason, capacity) }
}

/// Looks a device up: a `pinquery_lookup` whose `context` is a `pinquery_devices`. The template
/// belongs to the devices and lives until they are freed. NULL where no device has the token, and
/// where `context` is NULL.
///
/// # Safety
///
/// `context` is NULL or from `pinquery_devices_from_json`, not freed meanwhile; `length` bytes can
/// be read at `token`.
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
    let device = devices.zip(token).and_then(|(devices, token)| {
        let token = std::str::from_utf8(token).ok()?;
        devices.0.get(token)
    });
    device.map_or(std::ptr::null(), std::ptr::from_ref)
}

/// How many devices there are; 0 where `devices` is NULL.
///
/// # Safety
///
/// `devices` is NULL or from `pinquery_devices_from_json`, not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_devices_count(devices: *const pinquery_devices) -> usize {
    // SAFETY: the caller vouches for it.
    unsafe { devices.as_ref() }.map_or(0, |devices| devices.0.len())
}

/// Frees devices, once, when no call uses them or one of their templates any more. NULL is nothing
/// to free.
///
/// # Safety
///
/// `devices` is NULL or from `pinquery_devices_from_json`, and was not freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pinquery_devices_free(devices: *mut pinquery_devices) {
    if !devices.is_null() {
        // SAFETY: the caller vouches that they are ours, which came from a box, and not freed yet.
        drop(unsafe { Box::from_raw(devices) });
    }
}

/// # Safety
///
/// `length` bytes can be read at `json`, `capacity` bytes written at `reason`.
unsafe fn from_json<T: for<'de> Deserialize<'de>>(
    json: *const c_char,
    length: usize,
    reason: *mut c_char,
    capacity: usize,
) -> *mut T {
    // SAFETY: the caller vouches for it.
    let json = unsafe { memory::read_text(json, length) };
    let read = match json {
        Some(json) => {
            serde_json::from_slice(json).map_err(|error| without_strings(&error.to_string()))
        }
        None => Err("there is a length, but no JSON".to_owned()),
    };
    match read {
        Ok(read) => Box::into_raw(Box::new(read)),
        Err(message) => {
            // SAFETY: the caller vouches for it.
            unsafe { Output::new(reason, capacity) }.finish_cut(&message);
            std::ptr::null_mut()
        }
    }
}

/// A message with nothing between its quotes: in JSON that is wrong, any string may be a token.
fn without_strings(message: &str) -> String {
    let (mut is_string, mut is_escaped) = (false, false);
    let kept = message.chars().filter(|&character| {
        let is_quote = character == '"' && !is_escaped;
        is_escaped = is_string && character == '\\' && !is_escaped;
        is_string ^= is_quote;
        is_quote || !is_string
    });
    kept.collect()
}

impl<'de> Deserialize<'de> for pinquery_template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Template::deserialize(deserializer).map(Self)
    }
}
