//! See `pinquery_kit::targets::against_form_urlencoded`.
#![no_main]

use pinquery_kit::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::against_form_urlencoded(data);
});
