//! Templates as text: `v1:integer(0,100) v2:double v3:string(64) v4:enumerable(0,20;0)`.

use crate::plain::Template;
use crate::types::Datastream;

/// The template of the contract's section 6.
pub const CONTRACT: &str = "v1:integer(0,100) v2:double v3:string(64) \
    v4:enumerable(0,20,130;0) v5:location v6:boolean";

/// Parses a template: entries such as `v1:integer` or `v0-v9:boolean`; `-` is an empty template and
/// `@contract` is [`CONTRACT`]. Bounds are optional: `integer`, `integer(,100)`.
///
/// # Errors
///
/// Returns a message for invalid notation. Bounds are not validated.
pub fn template(text: &str) -> Result<Template, String> {
    let text = match text {
        "-" => "",
        "@contract" => CONTRACT,
        _ => text,
    };
    let mut template = Template::new();
    for entry in text.split_ascii_whitespace() {
        let error = || format!("not a pin and its datastream: {entry}");
        let (pins, text) = entry.split_once(':').ok_or_else(error)?;
        let (first, last) = pins.split_once('-').unwrap_or((pins, pins));
        let pins = pin(first).zip(pin(last));
        let ((first, last), datastream) = pins.zip(datastream(text)).ok_or_else(error)?;
        template.extend((first..=last).map(|pin| (pin, datastream.clone())));
    }
    Ok(template)
}

/// Parses a datastream, such as `integer(0,100)` or `string`.
pub fn datastream(text: &str) -> Option<Datastream> {
    let (name, bounds) = match text.split_once('(') {
        Some((name, bounds)) => (name, bounds.strip_suffix(')')?),
        None => (text, ""),
    };
    Datastream::parse_bounds(name, bounds)
}

fn pin(text: &str) -> Option<u8> {
    text.strip_prefix('v')?.parse().ok()
}
