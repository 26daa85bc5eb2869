//! See `pinquery_test_support::targets::results`.
#![no_main]

use libfuzzer_sys::Corpus;
use pinquery_test_support::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| -> Corpus {
    targets::results(data).map_or(Corpus::Reject, |_| Corpus::Keep)
});
