//! See `pinquery_fuzz::number`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pinquery_fuzz::number(data));
