//! Templates as text: `v1:integer(0,100) v2:double v3:string(64) v4:enumerable(0,20;0)`.

use crate::plain::Template;
use crate::types::Datastream;

/// The template of the contract's section 6.
pub const CONTRACT: &str = "v1:integer(0,100) v2:double v3:string(64) \
    v4:enumerable(0,20,130;0) v5:location v6:boolean";

/// Reads a template: entries such as `v1:integer` or `v0-v9:boolean`; `-` has no pins, `@contract`
/// is [`CONTRACT`]. What stands behind a type may be left out: `integer`, `integer(,100)`.
///
/// # Errors
///
/// What cannot be read. Bounds that no datastream can have are read.
pub fn template(text: &str) -> Result<Template, String> {
    let text = match text {
        "-" => "",
        "@contract" => CONTRACT,
        _ => text,
    };
    let mut template = Template::new();
    for entry in text.split_ascii_whitespace() {
        let error = || format!("no pin and its datastream: {entry}");
        let (pins, stream) = entry.split_once(':').ok_or_else(error)?;
        let (first, last) = pins.split_once('-').unwrap_or((pins, pins));
        let pins = pin(first).zip(pin(last));
        let ((first, last), stream) = pins.zip(datastream(stream)).ok_or_else(error)?;
        template.extend((first..=last).map(|pin| (pin, stream.clone())));
    }
    Ok(template)
}

/// Reads `integer(0,100)`, `string` and the like; what stands in brackets may be left out.
pub fn datastream(text: &str) -> Option<Datastream> {
    let (name, bounds) = match text.split_once('(') {
        Some((name, bounds)) => (name, bounds.strip_suffix(')')?),
        None => (text, ""),
    };
    Datastream::of_bounds(name, bounds)
}

fn pin(text: &str) -> Option<u8> {
    text.strip_prefix('v')?.parse().ok()
}
