//! See `pinquery_fuzz::parse`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pinquery_fuzz::parse(data));
