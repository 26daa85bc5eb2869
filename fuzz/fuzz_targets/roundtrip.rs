//! See `pinquery_fuzz::roundtrip`.
#![no_main]

libfuzzer_sys::fuzz_target!(|plan: pinquery_fuzz::Plan| pinquery_fuzz::roundtrip(&plan));
