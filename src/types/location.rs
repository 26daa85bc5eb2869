//! Locations: longitude, then latitude, in one segment or in two.

use super::Type;
use super::datastream::Datastream;
use super::double;
use super::error::DatastreamError;
use super::parts::DatastreamParts;
use super::raw::{Parsed, next_after, parse_decoded, parse_trimmed, trim};
use crate::error::Reason;
use crate::pin::VirtualPin;
use crate::query::SEPARATOR;
use crate::query::input::{Input, NextOffset, SlowInput};
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

    /// Consumes the next segment if that is the latitude.
    pub(super) fn parse_slow<'q>(&self, input: &mut SlowInput<'q>) -> Result<Parsed<'q>, Reason> {
        let (longitude, latitude) = parse_decoded(input.value, halves)?;
        let latitude = match latitude {
            Some(latitude) => latitude,
            None => {
                // Not even the token's segment may come between the two.
                let next = input.pairs.next();
                let next = next.filter(|next| next.pin() == Some(input.pin));
                // An error in the latitude reports its span.
                input.value = next.ok_or(Reason::NoLatitude)?.value;
                let latitude = parse_trimmed(input.value, Reason::NotADouble, double::double)?;
                in_range(is_latitude, latitude)?
            }
        };
        let value = Value::Location {
            longitude,
            latitude,
        };
        Ok((value, None))
    }
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

/// Parses a longitude and, if it is in the same segment, a latitude.
fn halves(text: &[u8]) -> Result<(f64, Option<f64>), Reason> {
    let half = |text, is_in_range| {
        let degrees = double::double(trim(text)).ok_or(Reason::NotADouble)?;
        in_range(is_in_range, degrees)
    };
    let comma = text.iter().position(|&byte| byte == b',');
    match comma.and_then(|comma| text.split_at_checked(comma)) {
        None => Ok((half(text, is_longitude)?, None)),
        Some((first, second)) => {
            let longitude = half(first, is_longitude)?;
            let latitude = half(second.get(1..).unwrap_or_default(), is_latitude)?;
            Ok((longitude, Some(latitude)))
        }
    }
}

fn in_range(is_in_range: fn(f64) -> bool, degrees: f64) -> Result<f64, Reason> {
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
