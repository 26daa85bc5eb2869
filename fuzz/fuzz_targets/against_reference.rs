//! See `pinquery_fuzz::against_reference`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pinquery_fuzz::against_reference(data));
