//! Blynk's endpoints `update` and `get`, for any HTTP library.
//!
//! The functions that parse take a request, whose token is valid, and the template of the device with
//! this token.

use std::borrow::Cow;

use pinquery::{BatchUpdate, Error, Pair, Template, Update, Value, VirtualPin};

/// Parses `update?token=…&v1=5`, or its older form `update?token=…&pin=V1&value=5`.
///
/// Blynk documents one pin. Several pins in the first form are accepted as a batch, because saving
/// only one would lose the others.
pub fn update(request: &BatchUpdate<'_>, template: &Template) -> Result<Vec<Update>, Error> {
    match request.pairs().next().as_ref().map(name).as_deref() {
        Some("pin" | "value") => Ok(vec![older_update(request, template)?]),
        _ => Ok(request.updates(template)?.into_owned()),
    }
}

/// Parses `pin=V1&value=5`, in any order. A location may have two values: `value=lon&value=lat`.
///
/// Names are checked first. Then the rules are those of the batch `v1=5` or `v1=lon&v1=lat`: an extra
/// value is a duplicate pin, and a query without `pin` or without `value` contains no pins.
fn older_update(request: &BatchUpdate<'_>, template: &Template) -> Result<Update, Error> {
    let (mut pin, mut values) = (None, Vec::new());
    for pair in request.pairs() {
        match &*name(&pair) {
            "pin" if pin.is_none() => pin = Some(pair.value),
            "value" => values.push(pair),
            _ => return Err(Error::invalid_name(pair)),
        }
    }
    let (Some(name), [first, rest @ ..]) = (pin, &*values) else {
        return Err(request.no_pins());
    };
    let pin = name.pin().ok_or(Error::invalid_pin(name))?;
    let datastream = template.get(pin).ok_or(Error::unknown_pin(pin, name))?;
    let update = datastream.parse_segments(pin, *first, rest)?;
    Ok(update.into_owned())
}

/// Returns the decoded name, or `""` if it is malformed.
fn name<'q>(pair: &Pair<'q>) -> Cow<'q, str> {
    pair.name.decode().map(Cow::from).unwrap_or_default()
}

/// Parses `get?token=…&v1&v2`. Returns at least one pin.
pub fn get(request: &BatchUpdate<'_>, template: &Template) -> Result<Vec<VirtualPin>, Error> {
    let mut pins = Vec::new();
    for pair in request.pairs() {
        let pin = pair.pin().ok_or_else(|| Error::invalid_name(pair))?;
        template
            .get(pin)
            .ok_or(Error::unknown_pin(pin, pair.name))?;
        if pins.contains(&pin) {
            return Err(Error::duplicate_pin(pin, pair.name));
        }
        // An update sent to the wrong endpoint must not look like a success.
        if !pair.value.raw().is_empty() {
            return Err(Error::invalid_pin(pair.value));
        }
        pins.push(pin);
    }
    match pins.is_empty() {
        true => Err(request.no_pins()),
        false => Ok(pins),
    }
}

/// Writes values as a JSON object: `{"v1":33,"v2":44.0}`. With the feature `serde` of `pinquery`, a
/// map of values serializes to the same.
pub fn json<'v>(values: impl Iterator<Item = (VirtualPin, &'v Value)>) -> String {
    let members = values.map(|(pin, value)| match value {
        Value::String(text) => format!("\"{pin}\":\"{}\"", escape(text)),
        Value::Location { .. } => format!("\"{pin}\":[{value}]"),
        // A double is finite, and its `Display` is valid JSON.
        _ => format!("\"{pin}\":{value}"),
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Escapes text for a JSON string.
fn escape(text: &str) -> String {
    let escaped = text.chars().map(|character| match character {
        '"' | '\\' => format!("\\{character}"),
        '\0'..' ' => format!("\\u{:04x}", u32::from(character)),
        _ => character.to_string(),
    });
    escaped.collect()
}
