//! See `pinquery_fuzz::against_form_urlencoded`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pinquery_fuzz::against_form_urlencoded(data));
