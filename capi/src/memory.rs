//! The caller's pointers and lengths as slices.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::slice;

/// Returns the elements at a pointer. `None` if the pointer is NULL and the length is not 0, or if
/// the length exceeds the size of any object, as a negative number does once converted.
///
/// # Safety
///
/// Unless the pointer is NULL, `length` elements are readable there for `'a`.
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

/// Like [`read`], for the bytes of a text.
///
/// # Safety
///
/// As for [`read`].
#[inline]
pub unsafe fn read_text<'a>(pointer: *const c_char, length: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller vouches for it, and a C `char` is a byte.
    unsafe { read(pointer.cast(), length) }
}

/// Returns the caller's buffer. `None` as for [`read`].
///
/// # Safety
///
/// Unless the pointer is NULL, `length` elements are writable there for `'a`, and nothing else reads
/// or writes them meanwhile. They need not be initialised.
#[inline]
pub unsafe fn buffer<'a, T>(pointer: *mut T, length: usize) -> Option<&'a mut [MaybeUninit<T>]> {
    if length == 0 {
        return Some(&mut []);
    }
    if pointer.is_null() || length > isize::MAX as usize / size_of::<T>() {
        return None;
    }
    // SAFETY: neither NULL nor too long, and the caller vouches for the rest; `MaybeUninit` need
    // not be initialised.
    Some(unsafe { slice::from_raw_parts_mut(pointer.cast(), length) })
}

/// Writes a value unless the pointer is NULL.
///
/// # Safety
///
/// Unless the pointer is NULL, it is valid for writing a value.
#[inline]
pub unsafe fn write<T>(pointer: *mut T, value: T) {
    if !pointer.is_null() {
        // SAFETY: not NULL, and the caller vouches for the rest.
        unsafe { pointer.write(value) }
    }
}

/// Text written to the caller's buffer as by `snprintf`: the full length is counted whether or not
/// it fits.
pub struct Output<'a> {
    buffer: &'a mut [MaybeUninit<u8>],
    length: usize,
}

impl<'a> Output<'a> {
    /// # Safety
    ///
    /// As for [`buffer`].
    pub unsafe fn new(pointer: *mut c_char, capacity: usize) -> Self {
        // SAFETY: the caller vouches for it, and a C `char` is a byte.
        let buffer = unsafe { buffer(pointer.cast(), capacity) };
        Self {
            buffer: buffer.unwrap_or_default(),
            length: 0,
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let free = self.buffer.get_mut(self.length..).unwrap_or_default();
        for (slot, &byte) in free.iter_mut().zip(bytes) {
            slot.write(byte);
        }
        self.length += bytes.len();
    }

    /// Terminates the text with NUL, or leaves an empty string if it does not fit. Returns the
    /// length of the text.
    pub fn finish(mut self) -> usize {
        let end = if self.length < self.buffer.len() {
            self.length
        } else {
            0
        };
        self.terminate(end);
        self.length
    }

    /// Writes as much of a message as fits, and a NUL.
    pub fn finish_truncated(mut self, message: &str) {
        self.push(message.as_bytes());
        let capacity = self.buffer.len().saturating_sub(1);
        let mut end = self.length.min(capacity);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        self.terminate(end);
    }

    fn terminate(&mut self, end: usize) {
        if let Some(slot) = self.buffer.get_mut(end) {
            slot.write(0);
        }
    }
}
