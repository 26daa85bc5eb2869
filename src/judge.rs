//! The order of judgement, in one place: for each segment in query order its name, the pin's
//! datastream, a repetition of the pin, and the value.

use core::ops::Range;

use crate::device::datastream::Kind;
use crate::device::pin::VirtualPin;
use crate::device::template::Template;
use crate::error::{Error, ErrorKind};
use crate::query::name::{self, Name};
use crate::query::pairs::{Pair, Pairs};
use crate::query::view::{self, End, Window};
use crate::update::Update;
use crate::update::updates::Updates;
use crate::value::{self, Behind, Short};

/// Judges every segment but the one at `token`, the first of that name, in query order.
#[inline(never)]
pub(crate) fn segments<'q>(
    query: &'q [u8],
    token: Range<usize>,
    template: &Template,
    updates: &mut Updates<'q>,
) -> Result<(), Error> {
    let mut end = End::EMPTY;
    end.fill(query);
    let window = Window { query, end: &end };
    let mut seen = Seen([false; 256]);
    let mut rest = query.get(if token.start == 0 { token.end + 1 } else { 0 }..);
    while let Some((segment, view)) = rest.and_then(|rest| Some((rest, window.view(rest)?))) {
        let behind = match view.word(0).and_then(name::short_pin) {
            Some((pin, value)) => {
                let kind = admit(template, &mut seen, pin)
                    .map_err(|kind| name_error(kind, pin, query, segment))?;
                let short = Short {
                    window: &window,
                    segment,
                    view,
                    value,
                    pin,
                };
                match value::add_short(kind, short, updates) {
                    Some(behind) => behind.get(),
                    None => add_any(kind, pin, &window, segment, value, updates)?,
                }
            }
            None => match any_segment(query, segment, token.start, template, &mut seen, updates)? {
                Some(behind) => behind,
                None => break,
            },
        };
        rest = segment.get(behind..);
    }
    if updates.is_empty() {
        return Err(Error::new(ErrorKind::NoPins, query.len()..query.len()));
    }
    Ok(())
}

/// The pins that have come.
struct Seen([bool; 256]);

impl Seen {
    /// Adds a pin; whether it is new.
    #[inline(always)]
    fn insert(&mut self, VirtualPin(pin): VirtualPin) -> bool {
        !core::mem::replace(&mut self.0[usize::from(pin)], true)
    }
}

/// The datastream of a pin that has not come before.
#[inline(always)]
fn admit<'t>(
    template: &'t Template,
    seen: &mut Seen,
    pin: VirtualPin,
) -> Result<&'t Kind, ErrorKind> {
    let datastream = template.get(pin).ok_or(ErrorKind::UnknownPin)?;
    match seen.insert(pin) {
        true => Ok(datastream.kind()),
        false => Err(ErrorKind::DuplicatePin),
    }
}

/// The error about the name that `segment` begins with.
#[cold]
#[inline(never)]
fn name_error(kind: ErrorKind, pin: VirtualPin, query: &[u8], segment: &[u8]) -> Error {
    let at = query.len() - segment.len();
    Error::of_pin(kind, pin, at..view::name_end(query, at))
}

/// Judges the first segment of the query's end `rest`, whatever its name is: how far behind the
/// beginning of `rest` the next one begins. `None`: there is no segment.
#[cold]
#[inline(never)]
fn any_segment<'q>(
    query: &'q [u8],
    rest: &'q [u8],
    token: usize,
    template: &Template,
    seen: &mut Seen,
    updates: &mut Updates<'q>,
) -> Result<Option<usize>, Error> {
    let start = query.len() - rest.len();
    let mut pairs = Pairs::from(query, start);
    let Some(pair) = pairs.next() else {
        return Ok(None);
    };
    let name = pair.name.span();
    if name.start != token {
        let pin = match Name::of(pair.name.raw()) {
            Name::Pin(pin) => pin,
            Name::Token => return Err(Error::new(ErrorKind::DuplicateToken, name)),
            Name::Other => return Err(Error::new(ErrorKind::InvalidPin, name)),
        };
        let kind = admit(template, seen, pin).map_err(|kind| Error::of_pin(kind, pin, name))?;
        add_complete(kind, pin, pair, &mut pairs, updates)?;
    }
    Ok(Some(pairs.at() + 1 - start))
}

/// Adds the value of a segment that the short form left, as there was no room for its update or it
/// decides nothing: how far behind the segment's beginning the next one begins.
#[cold]
#[inline(never)]
fn add_any<'q>(
    kind: &Kind,
    pin: VirtualPin,
    window: &Window<'_, 'q>,
    segment: &'q [u8],
    value: usize,
    updates: &mut Updates<'q>,
) -> Result<usize, Error> {
    if updates.is_full() {
        updates.grow(segment.len());
        if let Some(behind) = add_again(kind, pin, window, segment, value, updates) {
            return Ok(behind.get());
        }
    }
    let start = window.query.len() - segment.len();
    let mut pairs = Pairs::from(window.query, start);
    if let Some(pair) = pairs.next() {
        add_complete(kind, pin, pair, &mut pairs, updates)?;
    }
    Ok(pairs.at() + 1 - start)
}

/// The short form once more, now that there is room. Apart, as a cold function inlines nothing.
#[inline(never)]
fn add_again<'q>(
    kind: &Kind,
    pin: VirtualPin,
    window: &Window<'_, 'q>,
    segment: &'q [u8],
    value: usize,
    updates: &mut Updates<'q>,
) -> Option<Behind> {
    let short = Short {
        window,
        segment,
        view: window.view(segment)?,
        value,
        pin,
    };
    // In room of its own, of which the optimiser knows that it is empty.
    let mut one = Updates::new();
    let behind = value::add_short(kind, short, &mut one)?;
    let Update {
        pin,
        value,
        adjusted,
    } = *one.first()?;
    updates.add(pin, value, adjusted)?;
    Some(behind)
}

/// Adds the value of a segment by the complete form of its type.
#[inline(never)]
fn add_complete<'q>(
    kind: &Kind,
    pin: VirtualPin,
    pair: Pair<'q>,
    behind: &mut Pairs<'q>,
    updates: &mut Updates<'q>,
) -> Result<(), Error> {
    if updates.is_full() {
        updates.grow(behind.bytes_from(pair.name.span().start));
    }
    let (value, adjusted) = value::convert(kind, pin, pair.value, behind)
        .map_err(|(reason, span)| Error::of_value(pin, reason, span))?;
    updates.add(pin, value, adjusted);
    Ok(())
}
