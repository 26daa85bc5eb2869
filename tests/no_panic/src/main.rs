//! The link-time no-panic check: a binary that links only if untrusted bytes cannot make pinquery
//! panic, and only without `std`.
//!
//! ```text
//! cd tests/no_panic
//! cargo run --release                                # links, runs, exits 0
//! cargo build --release --features deliberate_panic  # must not link: `pinquery_can_panic`
//! ```
//!
//! Run it in this directory: `.cargo/config.toml` sets `--cfg pinquery_no_panic_check`, which a
//! `RUSTFLAGS` in the environment would override.
//!
//! # What it proves
//!
//! The panic handler calls `pinquery_can_panic`, which is not defined anywhere. The binary passes
//! opaque input to each entry point in [`entry_points`] and is optimised as a whole. Any panic that
//! remains is one that the optimiser could not rule out for every input, and the linker reports the
//! symbol as undefined. If it links, no query, template or formatting parameter makes these entry
//! points panic, neither in pinquery nor in memchr, nom, smallvec, `alloc` or `core`.
//!
//! It also proves that the crate is `no_std`: a second panic handler next to that of `std` does not
//! compile. libc provides process start and exit and `memcpy`.
//!
//! # What it does not cover
//!
//! - Code that untrusted bytes do not reach: building, cloning and comparing templates and
//!   datastreams, and their errors. That is ordinary code, covered by tests.
//! - `core`'s `f64` parser, whose panics the optimiser cannot rule out. `pinquery_no_panic_check`
//!   replaces it with an opaque result; tests and fuzzing cover it.
//! - `Debug` of `Value`, `Update`, `Updates`, `IntoIter`, `Text` and `Chars`, and `Display` of
//!   `Value`, `Update` and `Updates`: `core`'s formatting of `f64`, `str` and `char` has such panics
//!   as well.
//! - `into_owned` and `Token::from_str`, which copy slices: no slice exceeds `isize::MAX` bytes, but
//!   the optimiser does not know that.
//! - Running out of memory, which is up to the allocator. This one ends the process.
//! - Overflow checks and debug assertions, which a release build does not have.
//! - The feature `serde`, and memchr's feature `std`, which selects wider vectors at run time.
//! - Code of the caller: a lookup, a writer, a `Hasher`.
//!
//! # When it does not link
//!
//! The panic is somewhere above `rust_begin_unwind` in the call graph. Link anyway to see its
//! callers:
//!
//! ```text
//! cargo rustc --release -- -C link-arg=-Wl,--unresolved-symbols=ignore-all
//! objdump -dC target/release/pinquery-no-panic |
//!     awk '/^[0-9a-f]+ </{f=$0} /(call|jmp).*<(core::panicking|core::(option|result)::|core::slice::index|smallvec.*reserve)/{print f; print}'
//! ```
#![no_std]
#![no_main]

#[cfg(not(pinquery_no_panic_check))]
compile_error!("build in tests/no_panic and without RUSTFLAGS, so that .cargo/config.toml applies");

extern crate alloc;

mod entry_points;
mod platform;

use core::hint::black_box;

use pinquery::Template;

/// Opaque to the optimiser, like the queries, so that the check covers every template.
static TEMPLATE: Template = Template::new();

/// Queries that execute some of the linked code. Their content does not affect the check.
const QUERIES: [&[u8]; 5] = [
    b"token=t&v1=33&v2=44",
    b"v1=33&%74oken=%74%65&v%31%39=9",
    b"token=a%20b&v1=1",
    b"&&=&%&%zz=%FF",
    b"",
];

// SAFETY: the binary has no other `main`, and the C runtime calls it as it is declared.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    for query in QUERIES {
        let (query, template) = black_box((query, &TEMPLATE));
        entry_points::call(query, template);
        #[cfg(feature = "deliberate_panic")]
        black_box(query[black_box(0)]);
    }
    0
}
