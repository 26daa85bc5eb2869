//! Provides what a program without `std` needs: a panic handler and an allocator.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicUsize, Ordering};

#[link(name = "c")]
unsafe extern "C" {
    fn _exit(status: i32) -> !;
}

unsafe extern "C" {
    /// Not defined anywhere.
    fn pinquery_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: a program that contains this call does not link.
    unsafe { pinquery_can_panic() }
}

const CAPACITY: usize = 1 << 20;
const MAX_ALIGN: usize = 16;

/// A bump allocator that ends the process when it is exhausted. Returning null would make `alloc`
/// panic, as far as the linker can tell.
#[repr(align(16))]
struct Bump {
    memory: UnsafeCell<[u8; CAPACITY]>,
    used: AtomicUsize,
}

// SAFETY: there is only one thread.
unsafe impl Sync for Bump {}

// SAFETY: each allocation is aligned, within `memory`, and never returned again.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self
            .used
            .load(Ordering::Relaxed)
            .next_multiple_of(layout.align());
        match start.checked_add(layout.size()) {
            Some(end) if end <= CAPACITY && layout.align() <= MAX_ALIGN => {
                self.used.store(end, Ordering::Relaxed);
                // SAFETY: `start` is within `memory`.
                unsafe { self.memory.get().cast::<u8>().add(start) }
            }
            // SAFETY: always sound.
            _ => unsafe { _exit(70) },
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Bump = Bump {
    memory: UnsafeCell::new([0; CAPACITY]),
    used: AtomicUsize::new(0),
};
