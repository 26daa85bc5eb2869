//! The slow path of a segment: escaped or unusual names and values, and a full buffer. Every
//! function returns the offset of the next segment. `#[cold]` keeps it out of the loop (1 % to 2 %
//! fewer instructions).

use crate::error::{Error, ErrorKind};
use crate::pin::VirtualPin;
use crate::query::input::{FastInput, Input, NextOffset, SlowInput};
use crate::query::pairs::{Name, Pair};
use crate::query::text::Text;
use crate::types::datastream::Datastream;
use crate::types::raw::Declined;
use crate::update::Update;
use crate::update::updates::Updates;

/// Parses the segment at the start of `rest`, whatever its name. Skips the one at `token`.
#[cold]
pub(crate) fn segment<'q, 't>(
    input: &Input<'q>,
    rest: &'q [u8],
    token: usize,
    resolve: impl FnOnce(VirtualPin) -> Result<&'t Datastream, ErrorKind>,
    updates: &mut Updates<'q>,
) -> Result<NextOffset, Error> {
    let mut pairs = input.pairs(rest);
    let other = pairs.next().filter(|pair| pair.name.span().start != token);
    let Some(Pair { name, value }) = other else {
        return Ok(input.next(rest, &pairs));
    };
    let pin = match Name::parse(name) {
        Name::Pin(pin) => pin,
        Name::Token => return Err(Error::new(ErrorKind::DuplicateToken, name.span())),
        Name::Other => return Err(Error::new(ErrorKind::InvalidPin, name.span())),
    };
    let datastream = resolve(pin).map_err(|kind| Error::of_pin(kind, pin, name.span()))?;
    let slow = SlowInput { pin, value, pairs };
    push_slow(datastream, input, rest, slow, updates)
}

/// Handles a value that the fast path declined: the buffer was full, or the value is unusual or
/// rejected.
///
/// Takes scalars: a struct passed by value to a function that is not inlined is written to the
/// stack for every pin (6 % to 8 % more instructions).
#[cold]
pub(crate) fn value<'q>(
    mut declined: Declined,
    datastream: &Datastream,
    pin: VirtualPin,
    input: &Input<'q>,
    rest: &'q [u8],
    value: usize,
    updates: &mut Updates<'q>,
) -> Result<NextOffset, Error> {
    if updates.is_full() && declined.reason().is_none() {
        match retry_fast(datastream, pin, input, rest, value, updates) {
            Ok(next) => return Ok(next),
            Err(again) => declined = again,
        }
    }
    let (value, pairs) = input.value(rest, value);
    if let Some(reason) = declined.reason() {
        return Err(Error::of_value(pin, reason, value.span()));
    }
    let slow = SlowInput { pin, value, pairs };
    push_slow(datastream, input, rest, slow, updates)
}

/// Retries the fast path of a value that may have been declined for lack of capacity. A separate
/// function, because LLVM does not inline the fast path into a cold one. (Without it: 9 pins +23 %,
/// 32 pins +8 % instructions.)
#[inline(never)]
fn retry_fast<'q>(
    datastream: &Datastream,
    pin: VirtualPin,
    input: &Input<'q>,
    rest: &'q [u8],
    value: usize,
    updates: &mut Updates<'q>,
) -> Result<NextOffset, Declined> {
    let fast = FastInput {
        input,
        rest,
        window: input.window(rest).ok_or(Declined::UNDECIDED)?,
        value,
        pin,
    };
    // Uses a separate buffer, so that a rejected value allocates nothing.
    let mut one = Updates::new();
    let next = datastream.parse_fast(fast, &mut one)?;
    let update = *one.first().ok_or(Declined::UNDECIDED)?;
    push(update, input, input.offset_of(rest), updates);
    Ok(next)
}

/// Parses a value by the slow path of its type and pushes the update.
fn push_slow<'q>(
    datastream: &Datastream,
    input: &Input<'q>,
    rest: &'q [u8],
    mut slow: SlowInput<'q>,
    updates: &mut Updates<'q>,
) -> Result<NextOffset, Error> {
    let (value, adjusted) = datastream
        .parse_slow(&mut slow)
        .map_err(|reason| Error::of_value(slow.pin, reason, slow.value.span()))?;
    let update = Update {
        pin: slow.pin,
        value,
        adjusted,
    };
    push(update, input, slow.pairs.end(), updates);
    Ok(input.next(rest, &slow.pairs))
}

/// Pushes an update. If the buffer is full, first reserves capacity for this update and all that the
/// query can contain from `at` on.
fn push<'q>(update: Update<Text<'q>>, input: &Input<'q>, at: usize, updates: &mut Updates<'q>) {
    if updates.is_full() {
        updates.grow(input.max_updates(updates.len(), at));
    }
    updates.try_push(update.pin, update.value, update.adjusted);
}
