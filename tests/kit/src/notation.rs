//! Templates as text: `v1:integer(0,100) v2:double v3:string(64) v4:enumerable(0,20;0)`.

use std::str::FromStr;

use crate::plain::{Datastream, Template};

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

fn pin(text: &str) -> Option<u8> {
    text.strip_prefix('v')?.parse().ok()
}

fn datastream(text: &str) -> Option<Datastream> {
    let (name, bounds) = match text.split_once('(') {
        Some((name, bounds)) => (name, bounds.strip_suffix(')')?),
        None => (text, ""),
    };
    let (min, max) = bounds.split_once(',').unwrap_or((bounds, ""));
    let (values, fallback) = bounds.split_once(';').unwrap_or((bounds, ""));
    Some(match name {
        "integer" => Datastream::Integer {
            min: or(min, -2_147_483_648)?,
            max: or(max, 2_147_483_647)?,
        },
        "double" => Datastream::Double {
            min: or(min, f64::MIN)?,
            max: or(max, f64::MAX)?,
        },
        "string" => Datastream::String {
            max_len: or(bounds, 1024)?,
        },
        "enumerable" => Datastream::Enumerable {
            values: values
                .split_terminator(',')
                .map(|value| value.parse().ok())
                .collect::<Option<_>>()?,
            fallback: match fallback {
                "" => None,
                _ => Some(fallback.parse().ok()?),
            },
        },
        "location" if bounds.is_empty() => Datastream::Location,
        "boolean" if bounds.is_empty() => Datastream::Boolean,
        _ => return None,
    })
}

fn or<T: FromStr>(text: &str, default: T) -> Option<T> {
    match text {
        "" => Some(default),
        _ => text.parse().ok(),
    }
}
