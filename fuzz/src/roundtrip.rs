//! A batch, written in one of many ways and read back.

use std::collections::BTreeSet;

use arbitrary::Arbitrary;
use pinquery::{Datastream, Template, Value, VirtualPin};

use super::support::encoding::{Knobs, encode, encode_name};

/// A batch and how to write it.
#[derive(Debug, Arbitrary)]
pub struct Plan {
    token: Vec<u8>,
    token_at: u8,
    knobs: Vec<u8>,
    pins: Vec<(u8, Held)>,
}

/// What a pin is given, and with it the type of its datastream.
#[derive(Clone, Debug, Arbitrary)]
enum Held {
    Integer(i64),
    Double(f64),
    String(String),
    Enumerable(i64),
    Boolean(bool),
    Location(i64, i64),
}

/// Any batch and any way to write it: it comes back as it was.
pub fn roundtrip(plan: &Plan) {
    let token: String = plan.token.iter().map(|byte| token_char(*byte)).collect();
    let mut seen = BTreeSet::new();
    let pins: Vec<(u8, Held)> = plan
        .pins
        .iter()
        .filter_map(|(pin, held)| Some((*pin, kept(held)?)))
        .filter(|(pin, _)| seen.insert(*pin))
        .collect();
    if token.is_empty() || pins.is_empty() {
        return;
    }
    let template: Template = pins
        .iter()
        .map(|(pin, held)| (VirtualPin(*pin), datastream(held)))
        .collect();
    let query = write(plan, &token, &pins);

    let updates = pinquery::parse(&query, |found| (found == token).then_some(&template))
        .expect("a batch that was made to fit");
    assert_eq!(updates.len(), pins.len());
    for (update, (pin, held)) in updates.iter().zip(&pins) {
        assert_eq!((update.pin.0, update.adjusted), (*pin, None));
        assert!(is_same(&update.value, held), "{:?}, {held:?}", update.value);
    }
}

fn token_char(byte: u8) -> char {
    char::from(0x21 + byte % 0x5E)
}

/// Every value has a query but those of no datastream: NaN and infinities, and texts with U+0000.
fn kept(held: &Held) -> Option<Held> {
    let holds = match held {
        Held::Double(double) => double.is_finite(),
        Held::String(text) => !text.contains('\0'),
        _ => true,
    };
    holds.then(|| held.clone())
}

fn datastream(held: &Held) -> Datastream {
    match held {
        Held::Integer(_) => Datastream::integer(i64::MIN..=i64::MAX).unwrap(),
        Held::Double(_) => Datastream::double(..).unwrap(),
        Held::String(text) => Datastream::string_up_to(text.len()),
        Held::Enumerable(value) => Datastream::enumerable([*value, 0, 7]).unwrap(),
        Held::Boolean(_) => Datastream::boolean(),
        Held::Location(..) => Datastream::location(),
    }
}

fn is_same(value: &Value<'_>, held: &Held) -> bool {
    match (*value, held) {
        (Value::Integer(a), Held::Integer(b)) | (Value::Enumerable(a), Held::Enumerable(b)) => {
            a == *b
        }
        (Value::Double(a), Held::Double(b)) => a.to_bits() == b.to_bits(),
        (Value::String(a), Held::String(b)) => a == **b,
        (Value::Boolean(a), Held::Boolean(b)) => a == *b,
        (
            Value::Location {
                longitude,
                latitude,
            },
            Held::Location(a, b),
        ) => (longitude, latitude) == (degrees(*a, 180.0), degrees(*b, 90.0)),
        _ => false,
    }
}

fn degrees(part: i64, limit: f64) -> f64 {
    part as f64 / i64::MAX as f64 * limit
}

fn write(plan: &Plan, token: &str, pins: &[(u8, Held)]) -> Vec<u8> {
    let knobs = &mut Knobs::new(&plan.knobs);
    let mut query = Vec::new();
    let token_at = usize::from(plan.token_at) % (pins.len() + 1);
    for (index, (pin, held)) in pins.iter().enumerate() {
        if index == token_at {
            segment(&mut query, "token", token, knobs);
        }
        let letter = if knobs.turn() & 1 == 0 { 'v' } else { 'V' };
        for value in texts(held, knobs) {
            segment(&mut query, &format!("{letter}{pin}"), &value, knobs);
        }
    }
    if token_at == pins.len() {
        segment(&mut query, "token", token, knobs);
    }
    query
}

/// The value, or the two values of a location in two segments.
fn texts(held: &Held, knobs: &mut Knobs<'_>) -> Vec<String> {
    let text = match held {
        Held::String(text) => return vec![text.clone()],
        Held::Integer(integer) | Held::Enumerable(integer) => format!("{integer}"),
        Held::Double(value) => double(*value, knobs),
        Held::Boolean(boolean) => match (knobs.turn() & 1, *boolean) {
            (0, boolean) => u8::from(boolean).to_string(),
            (_, true) => "tRue".to_owned(),
            (_, false) => "False".to_owned(),
        },
        Held::Location(a, b) => {
            let halves = [degrees(*a, 180.0), degrees(*b, 90.0)].map(|half| double(half, knobs));
            if knobs.turn() & 1 == 0 {
                return halves.into();
            }
            halves.join([",", " , "][usize::from(knobs.turn() & 1)])
        }
    };
    let pad = ["", "", " ", "\t\r\n"][usize::from(knobs.turn() & 3)];
    vec![format!("{pad}{text}{pad}")]
}

/// Each of these is read back to the same bits.
fn double(double: f64, knobs: &mut Knobs<'_>) -> String {
    match knobs.turn() & 3 {
        0 => format!("{double}"),
        1 => format!("{double:?}"),
        2 => format!("{double:e}"),
        _ => format!("{double:+.17E}"),
    }
}

fn segment(query: &mut Vec<u8>, name: &str, value: &str, knobs: &mut Knobs<'_>) {
    if !query.is_empty() {
        query.extend(&b"&&&"[..usize::from(1 + knobs.turn() % 3)]);
    }
    query.extend(encode_name(name.as_bytes(), knobs));
    query.push(b'=');
    query.extend(encode(value.as_bytes(), knobs));
}
