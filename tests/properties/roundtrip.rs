//! A batch, written in any of the ways a client may and read back.

use std::collections::BTreeMap;

use pinquery::{Datastream, Template, Value, VirtualPin, parse};
use proptest::collection::btree_map;
use proptest::prelude::*;

use super::cases;
use super::generate::{double, integer, knobs, segment, text, token};
use super::support::encoding::Knobs;

/// A value as its client has it.
#[derive(Clone, Debug)]
enum Held {
    Integer(i64),
    Double(f64),
    String(String),
    Enumerable(i64),
    Boolean(bool),
    Location(f64, f64),
}

fn held() -> impl Strategy<Value = Held> {
    prop_oneof![
        integer().prop_map(Held::Integer),
        double().prop_map(Held::Double),
        text().prop_map(Held::String),
        integer().prop_map(Held::Enumerable),
        any::<bool>().prop_map(Held::Boolean),
        (-180.0..=180.0, -90.0..=90.0).prop_map(|(lon, lat)| Held::Location(lon, lat)),
    ]
}

impl Held {
    /// A datastream that just holds it.
    fn datastream(&self) -> Datastream {
        match self {
            Held::Integer(value) => Datastream::integer(value..=value).unwrap(),
            Held::Double(value) => Datastream::double(value..=value).unwrap(),
            Held::String(text) => Datastream::string_up_to(text.len()),
            Held::Enumerable(value) => Datastream::enumerable([*value]).unwrap(),
            Held::Boolean(_) => Datastream::boolean(),
            Held::Location(..) => Datastream::location(),
        }
    }

    fn is(&self, value: &Value<'_>) -> bool {
        match (self, *value) {
            (Held::Integer(a), Value::Integer(b)) | (Held::Enumerable(a), Value::Enumerable(b)) => {
                *a == b
            }
            (Held::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits(),
            (Held::String(a), Value::String(b)) => b == a.as_str(),
            (Held::Boolean(a), Value::Boolean(b)) => *a == b,
            (
                Held::Location(a, b),
                Value::Location {
                    longitude,
                    latitude,
                },
            ) => (a.to_bits(), b.to_bits()) == (longitude.to_bits(), latitude.to_bits()),
            _ => false,
        }
    }

    fn texts(&self, style: u8) -> Vec<String> {
        let double = |value: f64| match style % 4 {
            0 => format!("{value}"),
            1 => format!("{value:?}"),
            2 => format!("{value:e}"),
            _ => format!("{value:+.17E}"),
        };
        let text = match self {
            Held::String(text) => return vec![text.clone()],
            Held::Integer(value) | Held::Enumerable(value) => value.to_string(),
            Held::Double(value) => double(*value),
            Held::Boolean(value) if style & 1 == 0 => u8::from(*value).to_string(),
            Held::Boolean(value) => value.to_string().to_uppercase(),
            Held::Location(a, b) if style & 4 == 0 => [double(*a), double(*b)].join(","),
            Held::Location(a, b) => return vec![double(*a), double(*b)],
        };
        let pad = ["", "", " ", "\t"][usize::from(style >> 6)];
        vec![format!("{pad}{text}{pad}")]
    }
}

type Batch = BTreeMap<u8, (Held, u8, Vec<u8>)>;

fn query(token: &[u8], batch: &Batch) -> Vec<u8> {
    let mut segments = vec![segment(b"token", token, &mut Knobs::new(&[]))];
    for (pin, (held, style, knobs)) in batch {
        let name = format!("{}{pin}", if style & 8 == 0 { 'v' } else { 'V' });
        let knobs = &mut Knobs::new(knobs);
        for text in held.texts(*style) {
            segments.push(segment(name.as_bytes(), text.as_bytes(), knobs));
        }
    }
    segments.rotate_left(usize::from(batch.len() % 2 == 0));
    segments.join(&b'&')
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn a_batch_comes_back(
        token in token(),
        batch in btree_map(any::<u8>(), (held(), any::<u8>(), knobs()), 1..20),
    ) {
        let template: Template = batch
            .iter()
            .map(|(&pin, (held, ..))| (VirtualPin(pin), held.datastream()))
            .collect();
        let query = query(&token, &batch);
        let updates = parse(&query, |found| (found.as_bytes() == token).then_some(&template));
        let updates = updates.map_err(|error| TestCaseError::fail(error.to_string()))?;

        prop_assert!(updates.iter().map(|update| update.pin.0).eq(batch.keys().copied()));
        for (update, (held, ..)) in updates.iter().zip(batch.values()) {
            prop_assert_eq!(update.adjusted, None);
            prop_assert!(held.is(&update.value), "{:?} for {:?}", update, held);
        }
    }
}
