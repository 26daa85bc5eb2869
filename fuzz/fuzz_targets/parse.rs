//! See `pinquery_kit::targets::parse`.
#![no_main]

use pinquery_kit::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::parse(data);
});
