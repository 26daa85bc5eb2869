//! See `pinquery_test_support::targets::template`.
#![no_main]

use libfuzzer_sys::Corpus;
use pinquery_test_support::targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| -> Corpus {
    targets::template(data, read).map_or(Corpus::Reject, |_| Corpus::Keep)
});

fn read(json: &[u8]) -> Result<pinquery::Template, String> {
    serde_json::from_slice(json).map_err(|error| error.to_string())
}
