//! Enumerables: whole numbers, each one of the values of its datastream.

use super::integer::{self, Integer};
use super::{Behind, Converted, behind, number};
use crate::device::enumerable::Enumerable;
use crate::device::pin::VirtualPin;
use crate::error::Reason;
use crate::query::view::View;
use crate::update::Adjustment;
use crate::update::updates::Updates;
use crate::update::value::Value;

/// The short form.
#[inline(never)]
pub(super) fn add_short(
    view: View<'_>,
    offset: usize,
    stream: &Enumerable,
    pin: VirtualPin,
    updates: &mut Updates<'_>,
) -> Option<Behind> {
    let (integer, end) = integer::short(view, offset)?;
    let (value, adjusted) = choose(Integer::Exact(integer), stream)?;
    updates.add(pin, value, adjusted)?;
    behind(end)
}

/// The complete form.
pub(super) fn convert(raw: &[u8], stream: &Enumerable) -> Result<Converted<'static>, Reason> {
    let integer = number(raw, Reason::NotAnInteger, integer::integer)?;
    choose(integer, stream).ok_or(Reason::NotAValue)
}

/// One of the values, else the fallback.
#[inline]
fn choose(integer: Integer, stream: &Enumerable) -> Option<Converted<'static>> {
    match integer {
        Integer::Exact(integer) if stream.contains(integer) => {
            Some((Value::Enumerable(integer), None))
        }
        _ => Some((
            Value::Enumerable(stream.fallback()?),
            Some(Adjustment::Fallback),
        )),
    }
}
