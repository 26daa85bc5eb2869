//! What the fuzz targets assert, one function for each. It says what became of the input, or
//! `None` where that is none that the target is about: the fuzzer does not keep it.
//!
//! The targets hand them what libFuzzer makes up, and `tests/seeds.rs` hands them the seeds, on
//! the stable compiler: therefore nothing here knows of libFuzzer. No input is the number of a
//! template or of a type: it would mean another one as soon as one is added.

mod forms;
mod number;
mod queries;
mod roundtrip;
mod template;

pub use forms::against_form_urlencoded;
pub use number::number;
pub use queries::{FUZZ_TEMPLATE, against_reference, device, parse};
pub use roundtrip::roundtrip;
pub use template::template;

use crate::plain::Outcome;
use crate::spec::written;

/// What a target says of an input.
pub type Summary = Option<String>;

/// An outcome, the end of a long one left out.
fn summary(outcome: &Outcome) -> String {
    let mut text = written(outcome);
    if let Some((end, _)) = text.char_indices().nth(200) {
        text.replace_range(end.., "...");
    }
    text
}
