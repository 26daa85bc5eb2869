//! See `pinquery_kit::targets::number`.
#![no_main]

use pinquery_kit::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::number(data);
});
