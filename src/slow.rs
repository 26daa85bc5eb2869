//! The slow path of a segment: escaped or unusual names and values, and a full buffer. Functions that
//! the loop calls return the offset of the next segment. `#[cold]` keeps it out of the loop (1 % to 2 %
//! fewer instructions).

use crate::error::{Error, ErrorKind};
use crate::pin::VirtualPin;
use crate::query::encoded::Encoded;
use crate::query::input::{FastInput, Input, NextOffset};
use crate::query::pairs::{Pair, Pairs};
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
    if let Some(pair) = pairs.next().filter(|pair| pair.name.span().start != token) {
        let update = self::pair(pair, &mut pairs, resolve)?;
        push(&update, input, pairs.end(), updates);
    }
    Ok(input.next(rest, &pairs))
}

/// Parses a segment other than the first token's. Consumes the next of `pairs` if that is its
/// latitude.
#[inline]
pub(crate) fn pair<'q, 't>(
    pair: Pair<'q>,
    pairs: &mut Pairs<'q>,
    resolve: impl FnOnce(VirtualPin) -> Result<&'t Datastream, ErrorKind>,
) -> Result<Update<Text<'q>>, Error> {
    let Some(pin) = pair.pin() else {
        return Err(Error::invalid_name(pair));
    };
    let Pair { name, value } = pair;
    let datastream = resolve(pin).map_err(|kind| Error::of_pin(kind, pin, name.span()))?;
    datastream.parse_slow(pin, value, || latitude(pin, pairs))
}

/// Consumes and returns the next segment's value, if it is the second half of a location. Not even the
/// token's segment may be between the two.
fn latitude<'q>(pin: VirtualPin, pairs: &mut Pairs<'q>) -> Option<Encoded<'q>> {
    let mut next = pairs.clone();
    let pair = next.next().filter(|pair| pair.pin() == Some(pin))?;
    *pairs = next;
    Some(pair.value)
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
    let (value, mut pairs) = input.value(rest, value);
    if let Some(reason) = declined.reason() {
        return Err(Error::invalid_value(pin, value, reason));
    }
    let update = datastream.parse_slow(pin, value, || latitude(pin, &mut pairs))?;
    push(&update, input, pairs.end(), updates);
    Ok(input.next(rest, &pairs))
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
    push(&update, input, input.offset_of(rest), updates);
    Ok(next)
}

/// Pushes an update. While the buffer is full, reserves capacity for this update and all that the
/// query can contain from `at` on.
fn push<'q>(update: &Update<Text<'q>>, input: &Input<'q>, at: usize, updates: &mut Updates<'q>) {
    while updates
        .try_push(update.pin, update.value, update.adjusted)
        .is_none()
    {
        updates.grow(input.max_updates(updates.len(), at));
    }
}
