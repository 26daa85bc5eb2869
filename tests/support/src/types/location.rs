//! A longitude and a latitude, in one segment or in two.

use pinquery::DatastreamError;
use proptest::prelude::*;
use proptest::sample::select;

use super::double::{number, text};
use super::{Parsed, Reason, Type, check_len, padded};
use crate::encoding::Choices;
use crate::generate::{double_text, misfit};
use crate::json::Fields;
use crate::plain::{Adjustment, Value};
use crate::reference::{decode, decoded, trim};

/// A longitude and a latitude.
#[derive(Clone, Debug, PartialEq)]
pub struct Location;

impl Type for Location {
    /// The longitude and the latitude.
    type Value = (f64, f64);

    const NAME: &'static str = "location";
    const REASONS: &'static [Reason] = &["not_a_double", "out_of_range", "no_latitude"];
    const FUZZ_TEMPLATE: &'static str = "v5:location v50-v51:location";

    fn from_value(value: &Value) -> Option<(f64, f64)> {
        match value {
            Value::Location {
                longitude,
                latitude,
            } => Some((*longitude, *latitude)),
            _ => None,
        }
    }

    fn value((longitude, latitude): (f64, f64)) -> Value {
        Value::Location {
            longitude,
            latitude,
        }
    }

    fn parse_bounds(bounds: &str) -> Option<Self> {
        bounds.is_empty().then_some(Self)
    }

    fn from_json(_: &mut Fields) -> Option<Self> {
        Some(Self)
    }

    fn build(&self) -> Result<pinquery::Datastream, DatastreamError> {
        Ok(pinquery::Datastream::location())
    }

    fn parse_decoded(&self, text: &str) -> Parsed<(f64, f64)> {
        let (longitude, latitude) = match text.split_once(',') {
            Some((longitude, latitude)) => (longitude, Some(latitude)),
            None => (text, None),
        };
        let longitude = coordinate(longitude, 180.0)?;
        let latitude = coordinate(latitude.ok_or("no_latitude")?, 90.0)?;
        Ok(((longitude, latitude), None))
    }

    fn accepts(&self, (longitude, latitude): (f64, f64), adjusted: Option<Adjustment>) -> bool {
        longitude.abs() <= 180.0 && latitude.abs() <= 90.0 && adjusted.is_none()
    }

    fn any() -> BoxedStrategy<Self> {
        Just(Self).boxed()
    }

    /// Mostly on earth, in one text or in two.
    fn texts(&self) -> BoxedStrategy<Vec<String>> {
        let degrees = |limit: f64| {
            let inside = (-limit..=limit).prop_map(|degrees| degrees.to_string());
            let rounded = (-limit..=limit).prop_map(|degrees| format!("{degrees:.3}"));
            prop_oneof![6 => inside, 8 => rounded, 1 => double_text(), 1 => misfit()]
        };
        let parts = (degrees(180.0), degrees(90.0), select(vec!["", ",", " , "]));
        let texts = parts.prop_map(|(longitude, latitude, between)| match between {
            "" => vec![longitude, latitude],
            _ => vec![longitude + between + &latitude],
        });
        texts.boxed()
    }

    fn any_value() -> BoxedStrategy<(f64, f64)> {
        (-180.0..=180.0, -90.0..=90.0).boxed()
    }

    fn just(_: (f64, f64)) -> Self {
        Self
    }

    fn write((longitude, latitude): (f64, f64), choices: &mut Choices<'_>) -> Vec<String> {
        let halves = [text(longitude, choices), text(latitude, choices)];
        match choices.next() & 3 {
            0 => padded(&halves.join(","), choices),
            1 => padded(&halves.join(" , "), choices),
            _ => halves.into(),
        }
    }
}

impl Location {
    /// Returns whether a value has both halves, valid or not.
    pub(crate) fn is_whole(raw: &[u8]) -> bool {
        decode(raw).is_ok_and(|text| text.contains(','))
    }

    /// Parses the first half of two segments.
    pub(crate) fn longitude(raw: &[u8]) -> Result<f64, Reason> {
        half(raw, 180.0)
    }

    /// Parses the second half of two segments.
    pub(crate) fn latitude(raw: &[u8]) -> Result<f64, Reason> {
        half(raw, 90.0)
    }
}

fn half(raw: &[u8], limit: f64) -> Result<f64, Reason> {
    check_len(raw.len(), Location::MAX_RAW_LEN)?;
    coordinate(&decoded(raw)?, limit)
}

fn coordinate(text: &str, limit: f64) -> Result<f64, Reason> {
    let number = number(trim(text)).ok_or("not_a_double")?;
    if -limit <= number && number <= limit {
        Ok(number)
    } else {
        Err("out_of_range")
    }
}
