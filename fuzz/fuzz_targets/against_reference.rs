//! See `pinquery_kit::targets::against_reference`.
#![no_main]

use pinquery_kit::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::against_reference(data);
});
