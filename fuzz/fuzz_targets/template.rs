//! See `pinquery_kit::targets::template`.
#![no_main]

use pinquery_kit::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::template(data, |json| {
        serde_json::from_slice(json).map_err(|error| error.to_string())
    });
});
