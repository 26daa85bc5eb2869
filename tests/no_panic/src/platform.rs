//! What a program without `std` brings along: a panic handler and an allocator.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicUsize, Ordering};

#[link(name = "c")]
unsafe extern "C" {
    fn _exit(status: i32) -> !;
}

unsafe extern "C" {
    /// Defined nowhere.
    fn pinquery_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: a program with this call in it does not link.
    unsafe { pinquery_can_panic() }
}

const ROOM: usize = 1 << 20;
const MAX_ALIGN: usize = 16;

/// Hands out memory until it is used up, and then ends the process instead of returning null:
/// `alloc` answers null with a panic, as far as the linker can tell.
#[repr(align(16))]
struct Bump {
    room: UnsafeCell<[u8; ROOM]>,
    used: AtomicUsize,
}

// SAFETY: there is one thread.
unsafe impl Sync for Bump {}

// SAFETY: what is given out begins at a multiple of the alignment, lies within `room`, and is
// never given out again.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self
            .used
            .load(Ordering::Relaxed)
            .next_multiple_of(layout.align());
        match start.checked_add(layout.size()) {
            Some(end) if end <= ROOM && layout.align() <= MAX_ALIGN => {
                self.used.store(end, Ordering::Relaxed);
                // SAFETY: `start` lies within `room`.
                unsafe { self.room.get().cast::<u8>().add(start) }
            }
            // SAFETY: always sound.
            _ => unsafe { _exit(70) },
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Bump = Bump {
    room: UnsafeCell::new([0; ROOM]),
    used: AtomicUsize::new(0),
};
