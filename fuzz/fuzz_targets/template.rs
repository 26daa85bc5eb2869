//! See `pinquery_test_support::targets::template`.
#![no_main]

use libfuzzer_sys::Corpus;
use pinquery_test_support::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| -> Corpus {
    let read = targets::read_template::<pinquery::Template>;
    targets::template(data, read).map_or(Corpus::Reject, |_| Corpus::Keep)
});
