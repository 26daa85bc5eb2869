//! Locations: longitude then latitude, in one segment or in two.

use core::ops::Range;

use super::double;
use super::{Behind, Converted, behind, decoded, number, trim};
use crate::device::pin::VirtualPin;
use crate::error::Reason;
use crate::query::encoded::Encoded;
use crate::query::name;
use crate::query::pairs::Pairs;
use crate::query::text::Text;
use crate::query::view::{SEPARATOR, Window};
use crate::update::updates::Updates;
use crate::update::value::Value;

/// The short form, of both: `lon,lat` and `lon&v5=lat`.
#[inline(never)]
pub(super) fn add_short<'q>(
    window: &Window<'_, 'q>,
    segment: &'q [u8],
    value: usize,
    pin: VirtualPin,
    updates: &mut Updates<'q>,
) -> Option<Behind> {
    let (location, end) = short(window, segment, value, pin)?;
    updates.add(pin, location, None)?;
    behind(end)
}

#[inline(never)]
fn short(
    window: &Window<'_, '_>,
    segment: &[u8],
    value: usize,
    pin: VirtualPin,
) -> Option<(Value<Text<'static>>, usize)> {
    let view = window.view(segment)?;
    let (longitude, end) = double::short(view, value)?;
    let second = end + 1;
    let stop = view.byte(end);
    let view = window.view(segment.get(second..)?)?;
    let offset = match stop {
        b',' => 0,
        SEPARATOR => match name::short_pin(view.word(0)?)? {
            (next, length) if next == pin => length,
            _ => return None,
        },
        _ => return None,
    };
    let (latitude, end) = double::short(view, offset)?;
    if view.byte(end) != SEPARATOR || !is_longitude(longitude) || !is_latitude(latitude) {
        return None;
    }
    let location = Value::Location {
        longitude,
        latitude,
    };
    Some((location, second + end))
}

/// The complete form: takes the second segment, if any, out of those `behind`.
pub(super) fn convert<'q>(
    pin: VirtualPin,
    value: Encoded<'q>,
    behind: &mut Pairs<'q>,
) -> Result<Converted<'q>, (Reason, Range<usize>)> {
    let (longitude, latitude) =
        decoded(value.raw(), halves).map_err(|reason| (reason, value.span()))?;
    let latitude = match latitude {
        Some(latitude) => latitude,
        None => second_segment(pin, behind)
            .ok_or((Reason::NoLatitude, value.span()))
            .and_then(|value| {
                let latitude = number(value.raw(), Reason::NotADouble, double::double);
                let latitude = latitude.and_then(in_range(is_latitude));
                latitude.map_err(|reason| (reason, value.span()))
            })?,
    };
    let location = Value::Location {
        longitude,
        latitude,
    };
    Ok((location, None))
}

/// The longitude, and the latitude where the same segment has it.
fn halves(text: &[u8]) -> Result<(f64, Option<f64>), Reason> {
    let half = |text, is_in_range| {
        let degrees = double::double(trim(text)).ok_or(Reason::NotADouble)?;
        in_range(is_in_range)(degrees)
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

/// The segment behind a longitude, where it is the same pin's. The token's is no exception: a
/// latitude follows its longitude at once.
fn second_segment<'q>(pin: VirtualPin, behind: &mut Pairs<'q>) -> Option<Encoded<'q>> {
    let next = behind.next()?;
    (next.pin() == Some(pin)).then_some(next.value)
}

fn in_range(is_in_range: fn(f64) -> bool) -> impl Fn(f64) -> Result<f64, Reason> {
    move |degrees| match is_in_range(degrees) {
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
