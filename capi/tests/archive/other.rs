//! The other Rust library of `program.c`. Uses parts of `std` that have global state.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic;
use std::thread;

thread_local!(static CALLS: Cell<usize> = const { Cell::new(0) });

/// Returns 2, the number of distinct words in `b a b`, whether or not panics unwind.
#[unsafe(no_mangle)]
pub extern "C" fn other_words() -> usize {
    let count = || {
        CALLS.set(CALLS.get() + 1);
        let words = "b a b".split(' ').map(|word| (word.to_owned(), CALLS.get()));
        words.collect::<HashMap<_, _>>().len()
    };
    let words = thread::spawn(count).join().unwrap();
    if cfg!(panic = "unwind") {
        panic::catch_unwind(|| panic::resume_unwind(Box::new(words))).unwrap_err();
    }
    words + CALLS.get()
}
