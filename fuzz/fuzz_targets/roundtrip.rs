//! See `pinquery_kit::targets::roundtrip`.
#![no_main]

use pinquery_kit::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::roundtrip(data);
});
