//! A binary that links only if pinquery cannot panic, and only without `std`.
//!
//! ```text
//! cd tests/no_panic
//! cargo run --release                                # links, runs, exits 0
//! cargo build --release --features deliberate_panic  # must not link: `pinquery_can_panic`
//! ```
//!
//! The directory matters: its `.cargo/config.toml` sets `--cfg pinquery_no_panic_proof`, and a
//! `RUSTFLAGS` in the environment would replace it.
//!
//! # What it proves
//!
//! The panic handler calls `pinquery_can_panic`, which exists nowhere. The binary calls the
//! public entry points with input that the optimiser knows nothing about, and is optimised as a
//! whole. What is left of a panic then is one that the optimiser could not rule out for every
//! input, and the linker reports the symbol as undefined. That it links says of each entry point
//! called in [`entry_points`]: no query, template or formatting parameter makes it panic, neither
//! in pinquery nor in memchr, nom, smallvec, `alloc` and `core` beneath it.
//!
//! It is the `no_std` proof as well. A panic handler beside that of `std` is a compile error, and
//! libc gives the start of the process, its end and `memcpy`.
//!
//! # What it leaves out
//!
//! - `core`'s parser of `f64`, which has panics that the optimiser cannot rule out, and which
//!   `pinquery_no_panic_proof` replaces by an opaque result. Tests and fuzzing cover it.
//! - `Display` of `Datastream` and `Debug` of `Datastream`, `Template`, `Value`, `Update`,
//!   `Updates`, `IntoIter`, `Text` and `Chars`: `core`'s formatting of `f64` and its escaping of
//!   `str` and `char` have such panics too.
//! - `into_owned`, `Token::from_str` and `Datastream::from_row` with values, which copy slices: no
//!   slice has more than `isize::MAX` bytes, but the optimiser is not summary so.
//! - Running out of memory, which is for the allocator to answer: this one ends the process.
//!   Likewise the overflow of a capacity where an iterator of the caller's to
//!   `Datastream::enumerable` or `enumerable_or` never ends; arrays and slices are in the proof.
//! - Overflow checks and debug assertions, which are off in a release build.
//! - The feature `serde`, and memchr's feature `std`, by which it picks wider vectors at run time.
//! - Code of the embedder's: a lookup, a writer, a `Hasher`.
//!
//! # When it does not link
//!
//! The panic is somewhere in the call graph above `rust_begin_unwind`. Link all the same and look
//! who calls it:
//!
//! ```text
//! cargo rustc --release -- -C link-arg=-Wl,--unresolved-symbols=ignore-all
//! objdump -dC target/release/pinquery-no-panic |
//!     awk '/^[0-9a-f]+ </{f=$0} /(call|jmp).*<(core::panicking|core::(option|result)::|core::slice::index|smallvec.*reserve)/{print f; print}'
//! ```
#![no_std]
#![no_main]

#[cfg(not(pinquery_no_panic_proof))]
compile_error!(
    "build in tests/no_panic and without RUSTFLAGS, so that its .cargo/config.toml holds"
);

extern crate alloc;

mod entry_points;
mod platform;

use core::hint::black_box;

/// One of each kind, so that the binary also runs through what it links. What they hold is
/// nothing to the proof.
const QUERIES: [&[u8]; 9] = [
    b"token=t&v1=33&v2=44&v3=OK&v4=20&v5=-73.9,40.7&v6=true",
    b"token=t&v3=caf%C3%A9+%41&v5=12.0&v5=11.0",
    b"token=t&v10=0&v11=1&v12=2&v13=3&v14=4&v15=5&v16=6&v17=7&v18=8&v19=9",
    b"v1=33&%74oken=%74%65&v%31%39=9",
    b"token=t&v1=99999999999999999999&v2=1e3",
    b"token=a%20b&v1=1",
    b"token=t&v256=1",
    b"&&=&%&%zz=%FF",
    b"",
];

/// What the C runtime calls.
// SAFETY: the binary has no other `main`, and the C runtime calls it as it is declared.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let template = entry_points::template();
    for query in QUERIES {
        // Neither the bytes nor their number is known from here on.
        let (query, template) = black_box((query, &template));
        entry_points::call(query, template);
        #[cfg(feature = "deliberate_panic")]
        black_box(query[black_box(0)]);
    }
    0
}
