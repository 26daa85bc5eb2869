//! Locations: longitude, then latitude, in one segment or in two.

use super::Type;
use super::datastream::Datastream;
use super::double;
use super::error::DatastreamError;
use super::parts::DatastreamParts;
use super::raw::{Parsed, next_after, parse_encoded, trim};
use crate::error::Reason;
use crate::pin::VirtualPin;
use crate::query::SEPARATOR;
use crate::query::encoded::Encoded;
use crate::query::input::{Input, NextOffset};
use crate::query::text::Text;
use crate::update::updates::Updates;
use crate::update::value::Value;

#[derive(Clone, PartialEq)]
pub(crate) struct Location;

impl Datastream {
    /// Creates a location datastream: longitude, then latitude, sent as `v5=lon,lat` or as
    /// `v5=lon&v5=lat`, in degrees: -180 to 180 and -90 to 90. Values outside are rejected rather
    /// than clamped, because a clamped location would be wrong.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, Value, VirtualPin, parse};
    /// let template = Template::new().with(VirtualPin(5), Datastream::location());
    /// let updates = parse("token=t&v5=-73.987&v5=40.725", |_| Some(&template)).unwrap();
    /// assert_eq!(updates[0].value, Value::Location { longitude: -73.987, latitude: 40.725 });
    /// ```
    #[must_use]
    pub const fn location() -> Self {
        Self(Type::Location(Location))
    }
}

impl Location {
    pub(super) const NAME: &'static str = "location";

    pub(super) fn from_parts(_: &mut DatastreamParts<'_>) -> Result<Self, DatastreamError> {
        Ok(Self)
    }

    pub(super) fn to_parts(&self) -> DatastreamParts<'_> {
        DatastreamParts::default()
    }

    #[inline(never)]
    pub(super) fn parse_fast<'q>(
        input: &Input<'q>,
        text: &'q [u8],
        pin: VirtualPin,
        updates: &mut Updates<'q>,
        _: &Self,
    ) -> Option<NextOffset> {
        let (location, end) = fast_location(input, text, pin)?;
        updates.try_push(pin, location, None)?;
        next_after(end)
    }

    pub(super) fn parse_trimmed(&self, text: &[u8]) -> Result<Parsed<'static>, Reason> {
        let comma = text.iter().position(|&byte| byte == b',');
        let (longitude, latitude) = match comma.and_then(|comma| text.split_at_checked(comma)) {
            Some((longitude, rest)) => (longitude, rest.get(1..)),
            None => (text, None),
        };
        let longitude = parse_longitude(longitude)?;
        let latitude = parse_latitude(latitude.ok_or(Reason::NoLatitude)?)?;
        let value = Value::Location {
            longitude,
            latitude,
        };
        Ok((value, None))
    }

    pub(super) fn fits<S: AsRef<str>>(&self, value: &Value<S>) -> bool {
        matches!(value, Value::Location { longitude, latitude }
            if is_longitude(*longitude) && is_latitude(*latitude))
    }
}

/// Parses a longitude and a latitude that are two values.
pub(super) fn parse_halves(
    longitude: Encoded<'_>,
    latitude: Encoded<'_>,
) -> Result<Parsed<'static>, Reason> {
    let value = Value::Location {
        longitude: parse_encoded(longitude, parse_longitude)?,
        latitude: parse_encoded(latitude, parse_latitude)?,
    };
    Ok((value, None))
}

/// Parses `lon,lat` and `lon&v5=lat`. Not inlined, so that the optimiser sees that `try_push` never
/// grows (`tests/no_panic`).
#[inline(never)]
fn fast_location<'q>(
    input: &Input<'q>,
    text: &'q [u8],
    pin: VirtualPin,
) -> Option<(Value<Text<'static>>, usize)> {
    let window = input.window(text)?;
    let (longitude, end) = double::fast_double(window, 0)?;
    let second = end + 1;
    let stop = window.byte(end);
    let window = input.window(text.get(second..)?)?;
    let value = match stop {
        b',' => 0,
        SEPARATOR => match window.fast_pin()? {
            (second, value) if second == pin => value,
            _ => return None,
        },
        _ => return None,
    };
    let (latitude, end) = double::fast_double(window, value)?;
    let in_range = is_longitude(longitude) && is_latitude(latitude);
    let location = Value::Location {
        longitude,
        latitude,
    };
    (window.byte(end) == SEPARATOR && in_range).then_some((location, second + end))
}

fn parse_longitude(text: &[u8]) -> Result<f64, Reason> {
    parse_degrees(text, is_longitude)
}

fn parse_latitude(text: &[u8]) -> Result<f64, Reason> {
    parse_degrees(text, is_latitude)
}

fn parse_degrees(text: &[u8], is_in_range: fn(f64) -> bool) -> Result<f64, Reason> {
    let degrees = double::double(trim(text)).ok_or(Reason::NotADouble)?;
    match is_in_range(degrees) {
        true => Ok(degrees),
        false => Err(Reason::OutOfRange),
    }
}

fn is_longitude(degrees: f64) -> bool {
    (-180.0..=180.0).contains(&degrees)
}

fn is_latitude(degrees: f64) -> bool {
    (-90.0..=90.0).contains(&degrees)
}
