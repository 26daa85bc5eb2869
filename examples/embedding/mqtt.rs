//! One value from an MQTT message: the topic names the pin, the payload is the value as text.
//!
//! ```text
//! cargo run -p pinquery-embedding --example embed_mqtt
//! ```
//!
//! A list of messages stands in for a broker. A payload is not percent-encoded, so it is parsed by
//! `Datastream::parse`, where `+` and `%` are ordinary characters.

use std::error::Error;
use std::str;

use pinquery::{Reason, Template, Text, Update, VirtualPin};

/// Topics and payloads, as a broker would deliver them.
const MESSAGES: &[(&str, &[u8])] = &[
    ("ds/v1", b"133"),
    ("ds/v2", b"  21.5"),
    ("ds/v3", "100% café a+b".as_bytes()),
    ("ds/v3", b"two\nlines"),
    ("ds/v5", b"24.94,60.17"),
    ("ds/v2", b"hot"),
    ("ds/v3", b"caf\xE9"),
    ("ds/v5", b"24.94"),
    ("ds/v4", b"1"),
    ("ds/v256", b"1"),
    ("status", b"online"),
];

/// Parses a message. The error contains no byte of the message.
fn update<'m>(
    template: &Template,
    topic: &str,
    payload: &'m [u8],
) -> Result<Update<Text<'m>>, Box<dyn Error>> {
    let name = topic.strip_prefix("ds/").ok_or("not a datastream")?;
    let pin: VirtualPin = name.parse()?;
    let datastream = template.get(pin).ok_or("no datastream for this pin")?;
    let text = str::from_utf8(payload).map_err(|_| Reason::InvalidUtf8)?;
    let (value, adjusted) = datastream.parse(text)?;
    Ok(Update {
        pin,
        value,
        adjusted,
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let template = demo::template()?;
    for (topic, payload) in MESSAGES {
        match update(&template, topic, payload) {
            Ok(update) => demo::print(format_args!("{update}")),
            // A client chooses the topic: `{:?}` escapes control characters.
            Err(error) => demo::print(format_args!("{topic:?}: {error}")),
        }
    }
    Ok(())
}
