//! See `pinquery_kit::targets::number`.
#![no_main]

use libfuzzer_sys::Corpus;
use pinquery_kit::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| -> Corpus {
    targets::number(data).map_or(Corpus::Reject, |_| Corpus::Keep)
});
