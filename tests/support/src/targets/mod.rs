//! The assertions of the fuzz targets, one function each.
//!
//! libFuzzer calls them with generated inputs and `tests/seeds.rs` with the seeds, on stable Rust,
//! so nothing here depends on libFuzzer. Inputs do not contain indices of templates or types, whose
//! meaning would change when one is added.

mod forms;
mod number;
mod queries;
mod roundtrip;
mod template;
mod value;

pub use forms::against_form_urlencoded;
pub use number::number;
pub use queries::{FUZZ_TEMPLATE, against_reference, device, parse, results};
pub use roundtrip::roundtrip;
pub use template::{read_template, template};
pub use value::{split_value, value};

use crate::plain::{Outcome, show};
use crate::spec::visible;

/// A summary of what a target found, or `None` for an irrelevant input, which is not kept.
pub type Summary = Option<String>;

/// Reads a template from JSON with the library: [`read_template`], if the caller enables the feature
/// `serde`.
pub type ReadTemplate = fn(&[u8]) -> Result<pinquery::Template, String>;

/// The names of all targets.
pub const TARGETS: [&str; 8] = [
    "parse",
    "against_reference",
    "against_form_urlencoded",
    "number",
    "roundtrip",
    "template",
    "results",
    "value",
];

/// Runs a target.
///
/// # Panics
///
/// If the name is unknown or an assertion of the target fails.
pub fn run(target: &str, input: &[u8], read: ReadTemplate) -> Summary {
    match target {
        "parse" => parse(input),
        "against_reference" => against_reference(input),
        "against_form_urlencoded" => against_form_urlencoded(input),
        "number" => number(input),
        "roundtrip" => roundtrip(input),
        "template" => template(input, read),
        "results" => results(input),
        "value" => value(input),
        _ => panic!("unknown target: {target}"),
    }
}

/// Formats an outcome, truncated if it is long.
fn summary(outcome: &Outcome) -> String {
    shortened(&show(outcome))
}

/// Formats a text on one visible line, truncated if it is long.
fn shortened(text: &str) -> String {
    let mut text = visible(text);
    if let Some((end, _)) = text.char_indices().nth(200) {
        text.replace_range(end.., "...");
    }
    text
}
