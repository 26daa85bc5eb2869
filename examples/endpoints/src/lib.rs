//! Blynk's endpoints `update` and `get`, for any HTTP library.
//!
//! Each function takes a request, whose token has been validated, and the template of its device:
//!
//! ```
//! use pinquery::{BatchUpdate, Datastream, Template, VirtualPin};
//!
//! let template = Template::from([(VirtualPin(5), Datastream::location())]);
//! let request = BatchUpdate::parse("token=t&pin=V5&value=24.94&value=60.17")?;
//! let updates = pinquery_endpoints::update(&request, &template)?;
//! assert_eq!(updates[0].to_string(), "v5=24.94,60.17");
//! # Ok::<(), pinquery::Error>(())
//! ```
#![forbid(unsafe_code)]

use std::borrow::Cow;

use pinquery::{BatchUpdate, Error, Pair, Template, Update, VirtualPin};

/// Parses `update?token=…&v1=5`, or its older form `update?token=…&pin=V1&value=5`.
///
/// Blynk documents one pin. Several pins in the first form are accepted as a batch, because saving
/// only one would lose the others.
///
/// # Errors
///
/// Fails as [`BatchUpdate::updates`] does. In the older form, names other than `pin` and `value` are
/// invalid, as in `pin=V1&v2=5`.
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

/// Parses `get?token=…&v1&v2`, or `get?token=…&pin=V1`. Returns at least one pin.
///
/// # Errors
///
/// Fails if there are no pins, a name is not a pin (`x`), or a pin has no datastream (`v9`) or is
/// repeated (`v1&pin=V1`). Also fails if a pin has a value (`v1=5`): an update sent to the wrong
/// endpoint must not look like a success.
pub fn get(request: &BatchUpdate<'_>, template: &Template) -> Result<Vec<VirtualPin>, Error> {
    let mut pins = Vec::new();
    for pair in request.pairs() {
        let is_pin = name(&pair) == "pin";
        let (text, invalid) = match is_pin {
            true => (pair.value, Error::invalid_pin(pair.value)),
            false => (pair.name, Error::invalid_name(pair)),
        };
        let pin = text.pin().ok_or(invalid)?;
        template.get(pin).ok_or(Error::unknown_pin(pin, text))?;
        if pins.contains(&pin) {
            return Err(Error::duplicate_pin(pin, text));
        }
        if !is_pin && !pair.value.raw().is_empty() {
            return Err(Error::invalid_pin(pair.value));
        }
        pins.push(pin);
    }
    match pins.is_empty() {
        true => Err(request.no_pins()),
        false => Ok(pins),
    }
}
