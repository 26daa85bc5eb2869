//! What C hands over, as slices.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::slice;

/// What stands at a pointer. `None`: a length without a pointer, or more than memory can hold,
/// which is what a negative number becomes.
///
/// # Safety
///
/// Where the pointer is not NULL, `length` elements can be read there for as long as `'a`.
#[inline]
pub unsafe fn read<'a, T>(pointer: *const T, length: usize) -> Option<&'a [T]> {
    if length == 0 {
        return Some(&[]);
    }
    if pointer.is_null() || length > isize::MAX as usize / size_of::<T>() {
        return None;
    }
    // SAFETY: neither NULL nor too long, and the caller vouches for the rest.
    Some(unsafe { slice::from_raw_parts(pointer, length) })
}

/// Bytes of a text, as [`read`].
///
/// # Safety
///
/// As for [`read`].
#[inline]
pub unsafe fn read_text<'a>(pointer: *const c_char, length: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller vouches for it, and a `char` of C is a byte.
    unsafe { read(pointer.cast(), length) }
}

/// Where something is to be written. `None` as for [`read`].
///
/// # Safety
///
/// Where the pointer is not NULL, `length` elements can be written there for as long as `'a`, and
/// nobody else reads or writes them meanwhile. They need not be initialised.
#[inline]
pub unsafe fn room<'a, T>(pointer: *mut T, length: usize) -> Option<&'a mut [MaybeUninit<T>]> {
    if length == 0 {
        return Some(&mut []);
    }
    if pointer.is_null() || length > isize::MAX as usize / size_of::<T>() {
        return None;
    }
    // SAFETY: neither NULL nor too long, and the caller vouches for the rest; what is not
    // initialised is said to be so.
    Some(unsafe { slice::from_raw_parts_mut(pointer.cast(), length) })
}

/// Writes a value where the caller wants one.
///
/// # Safety
///
/// Where the pointer is not NULL, a value can be written there.
#[inline]
pub unsafe fn put<T>(pointer: *mut T, value: T) {
    if !pointer.is_null() {
        // SAFETY: not NULL, and the caller vouches for the rest.
        unsafe { pointer.write(value) }
    }
}

/// A text that is written to the caller's buffer, as `snprintf` does it: the length is counted to
/// the end, whether it fits or not.
pub struct Output<'a> {
    buffer: &'a mut [MaybeUninit<u8>],
    length: usize,
}

impl<'a> Output<'a> {
    /// # Safety
    ///
    /// As for [`room`].
    pub unsafe fn new(buffer: *mut c_char, capacity: usize) -> Self {
        // SAFETY: the caller vouches for it, and a `char` of C is a byte.
        let buffer = unsafe { room(buffer.cast(), capacity) };
        Self {
            buffer: buffer.unwrap_or_default(),
            length: 0,
        }
    }

    pub fn add(&mut self, bytes: &[u8]) {
        let free = self.buffer.get_mut(self.length..).unwrap_or_default();
        for (place, &byte) in free.iter_mut().zip(bytes) {
            place.write(byte);
        }
        self.length += bytes.len();
    }

    /// Puts a NUL behind the text, or leaves an empty text where there is no room for all of it:
    /// how long the text is.
    pub fn finish(mut self) -> usize {
        let end = if self.length < self.buffer.len() {
            self.length
        } else {
            0
        };
        self.end_at(end);
        self.length
    }

    /// Puts a NUL behind as much of a message as there is room for.
    pub fn finish_cut(mut self, message: &str) {
        self.add(message.as_bytes());
        let room = self.buffer.len().saturating_sub(1);
        let mut end = self.length.min(room);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        self.end_at(end);
    }

    fn end_at(&mut self, end: usize) {
        if let Some(place) = self.buffer.get_mut(end) {
            place.write(0);
        }
    }
}
