//! See `pinquery_fuzz::template`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pinquery_fuzz::template(data));
