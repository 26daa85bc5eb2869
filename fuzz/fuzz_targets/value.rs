//! See `pinquery_test_support::targets::value`.
#![no_main]

use libfuzzer_sys::Corpus;
use pinquery_test_support::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| -> Corpus {
    targets::value(data).map_or(Corpus::Reject, |_| Corpus::Keep)
});
