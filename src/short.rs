//! The fast path: names and values that are short and plain, read straight from the window.
//!
//! Half of all values in real queries have four bytes or fewer, and nearly all have no escape.
//! Each function here reads one thing and gives it with the place behind it, or gives up, which
//! means nothing but: ask the complete path. What both read, they read alike; the tests hold both
//! to the reference. In a bare loop and with the token, two integers take 440 instructions by this
//! path and 1,340 by the complete one, four doubles 810 and 3,170.

use crate::datastream::Kind;
use crate::digits;
use crate::pin::{Seen, VirtualPin};
use crate::scan::{self, End, SEPARATOR, View, Window};
use crate::template::Template;
use crate::text::Text;
use crate::update::{Update, Updates, Value};
use crate::value::{self, Judged};

/// Where the fast path ends.
pub(crate) struct Stopped {
    /// Where the first segment begins that it has not taken.
    pub(crate) at: usize,
    /// Whether that one's value is known not to fit.
    pub(crate) is_refused: bool,
}

/// Judges segments from `at` on as long as their names are short and plain and they are acceptable.
#[inline(always)]
pub(crate) fn run<'q>(
    query: &'q [u8],
    mut at: usize,
    template: &Template,
    seen: &mut Seen,
    updates: &mut Updates<'q>,
) -> Stopped {
    let mut is_refused = false;
    let mut end = End::EMPTY;
    end.fill(query);
    let window = Window { query, end: &end };
    while let Some(view) = window.view(at) {
        let Some((pin, value)) = self::pin(view.word::<0>(0)) else {
            break;
        };
        let Some(datastream) = template.get(pin) else {
            break;
        };
        if !seen.insert(pin) {
            break;
        }
        let value_start = at + value;
        let segment = Segment {
            window,
            start: at,
            view,
            value,
            pin,
        };
        let kind = datastream.kind();
        at = match segment.add(kind, updates) {
            Some(end) => at + end + 1,
            None => match add_any(query, at, value_start, kind, pin, seen, updates) {
                Some(next) => next,
                None => {
                    seen.remove(pin);
                    // A location may have its other half in the next segment.
                    is_refused = !matches!(kind, Kind::Location);
                    break;
                }
            },
        };
    }
    Stopped { at, is_refused }
}

/// Reads `v0=` to `V255=`, nothing escaped, from a segment's first eight bytes: the pin, and how
/// many bytes the name takes with its `=`.
///
/// Anything else is for the complete path. The first byte of the result's name is `v` or `V`, so a
/// `token` is never taken for a pin.
#[inline(always)]
pub(crate) fn pin(word: u64) -> Option<(VirtualPin, usize)> {
    let [letter, first, second, third, ..] = word.to_le_bytes();
    if letter | 0x20 != b'v' {
        return None;
    }
    let first = first.wrapping_sub(b'0');
    if second == b'=' {
        return (first <= 9).then_some((VirtualPin(first), 3));
    }
    let second = second.wrapping_sub(b'0');
    if !(1..=9).contains(&first) || second > 9 {
        return None;
    }
    let tens = 10 * first + second;
    if third == b'=' {
        return Some((VirtualPin(tens), 4));
    }
    // Both in one comparison: a digit, and `=` behind it.
    let last = ((word >> 24) as u16).wrapping_sub(u16::from_le_bytes([b'0', b'=']));
    if last > 9 {
        return None;
    }
    let number = u8::try_from(10 * u16::from(tens) + last).ok()?;
    Some((VirtualPin(number), 5))
}

/// A segment whose name has been read.
struct Segment<'w, 'q> {
    window: Window<'w, 'q>,
    start: usize,
    view: View<'w>,
    /// Where the value begins, from the segment's start.
    value: usize,
    pin: VirtualPin,
}

impl<'q> Segment<'_, 'q> {
    /// Reads the value, up to the separator behind it, and adds what it becomes by its datastream
    /// if there is room: how long the segment is.
    ///
    /// Each arm adds its own. One place that adds what all arms give costs real numbers five
    /// instructions in a hundred, for moving it there.
    #[inline(always)]
    fn add(&self, kind: &Kind, updates: &mut Updates<'q>) -> Option<usize> {
        let at = self.value;
        match kind {
            Kind::Integer { min, max } => {
                let (integer, end) = digits::integer(self.view, at)?;
                let judged = value::clamp_integer(integer, *min, *max);
                self.add_judged(judged, end, updates)
            }
            Kind::Double { min, max } => {
                let (double, stop) = digits::double(self.view, at)?;
                let end = stop.at(SEPARATOR)?;
                let judged = value::clamp_double(double, *min, *max);
                self.add_judged(judged, end, updates)
            }
            Kind::String { max_len } => {
                let (text, end) = text(self.window, self.start, self.view, at, *max_len)?;
                self.add_judged((Value::String(text), None), end, updates)
            }
            Kind::Enumerable(stream) => {
                let (integer, end) = digits::integer(self.view, at)?;
                self.add_judged(value::choose(integer, stream)?, end, updates)
            }
            Kind::Boolean => {
                let (boolean, length) = boolean(self.view.word::<0>(at))?;
                self.add_judged((Value::Boolean(boolean), None), at + length, updates)
            }
            Kind::Location => {
                let (value, end) = location(self.window, self.start, self.view, at, self.pin)?;
                self.add_judged((value, None), end, updates)
            }
        }
    }

    #[inline(always)]
    fn add_judged(
        &self,
        (value, adjusted): Judged<'q>,
        end: usize,
        updates: &mut Updates<'q>,
    ) -> Option<usize> {
        let update = Update {
            pin: self.pin,
            value,
            adjusted,
        };
        updates.add(update).then_some(end)
    }
}

/// Asks the complete path for the value of the segment that begins at `at`, and adds what it
/// becomes: where the next segment begins, or `at` again where there was no room for an update. The
/// name need not be read again.
#[inline(never)]
fn add_any<'q>(
    query: &'q [u8],
    at: usize,
    value_start: usize,
    kind: &Kind,
    pin: VirtualPin,
    seen: &mut Seen,
    updates: &mut Updates<'q>,
) -> Option<usize> {
    let plain = match kind {
        Kind::String { max_len } => long_text(query, value_start, *max_len),
        _ => None,
    };
    let ((value, adjusted), end) = match plain {
        Some((value, end)) => ((value, None), end),
        None if updates.is_full() => {
            // Once a request: the segment comes again, now with room for it. The complete path
            // would do, and cost 32 pins five in a hundred.
            seen.remove(pin);
            updates.grow(scan::at_most_behind(query, value_start));
            return Some(at);
        }
        None => {
            let end = scan::segment_end(query, value_start);
            (
                value::judge(kind, scan::slice(query, value_start, end))?,
                end,
            )
        }
    };
    let update = Update {
        pin,
        value,
        adjusted,
    };
    updates.push(update, || scan::at_most_behind(query, end));
    Some(end + 1)
}

/// Reads ASCII text of any length without any byte below `,`.
fn long_text(query: &[u8], start: usize, max_len: usize) -> Option<(Value<'_>, usize)> {
    let rest = query.get(start..)?;
    let (text, behind) = rest.split_at_checked(scan::plain_text(rest))?;
    if text.len() > max_len || behind.first().is_some_and(|&byte| byte != SEPARATOR) {
        return None;
    }
    let end = start + text.len();
    Some((Value::String(Text::plain(scan::ascii(text)?)), end))
}

/// Reads `1`, `0`, or `true` or `false` in any case, and how long it is.
///
/// Looks for all of them at once: a branch on which it is takes six in a hundred of the time of 1 to
/// 12 mixed pins.
#[inline(always)]
fn boolean(word: u64) -> Option<(bool, usize)> {
    const TRUE: u64 = u64::from_le_bytes(*b"true&\0\0\0");
    const FALSE: u64 = u64::from_le_bytes(*b"false&\0\0");
    const LETTERS: u64 = u64::from_le_bytes([0x20; 8]);

    let is_digit = word as u16 | 1 == u16::from_le_bytes([b'1', SEPARATOR]);
    // The separator behind the letters is not one of them.
    let is_true = (word | LETTERS >> 32) << 24 == TRUE << 24;
    let is_false = (word | LETTERS >> 24) << 16 == FALSE << 16;
    let length = usize::from(is_digit) + 4 * usize::from(is_true) + 5 * usize::from(is_false);
    (length != 0).then_some((is_true | is_digit & (word & 1 == 1), length))
}

/// Reads ASCII text of less than 24 bytes, none of them below `,`: without escapes, separators
/// and NUL, though also without a few bytes that would do no harm. Longer text is [`long_text`]'s.
#[inline(always)]
fn text<'q>(
    window: Window<'_, 'q>,
    start: usize,
    view: View<'_>,
    at: usize,
    max_len: usize,
) -> Option<(Text<'q>, usize)> {
    let words = [view.word::<0>(at), view.word::<8>(at), view.word::<16>(at)];
    let mut end = at;
    for word in words {
        let stops = scan::text_stops(word);
        if stops != 0 {
            let bits = stops.trailing_zeros() & 0x38;
            end += bits as usize / 8;
            if (word >> bits) as u8 != SEPARATOR || end - at > max_len {
                return None;
            }
            let text = scan::short_ascii(window.query, start + at, start + end)?;
            return Some((Text::plain(text), end));
        }
        end += 8;
    }
    None
}

/// Reads a location in both forms: `lon,lat` and `lon&v5=lat`.
#[inline(never)]
fn location(
    window: Window<'_, '_>,
    start: usize,
    view: View<'_>,
    at: usize,
    pin: VirtualPin,
) -> Option<(Value<'static>, usize)> {
    let (longitude, first) = digits::double(view, at)?;
    let behind = first.place + 1;
    let view = window.view(start + behind)?;
    let at = match first.byte {
        b',' => 0,
        SEPARATOR => match self::pin(view.word::<0>(0))? {
            (next, length) if next == pin => length,
            _ => return None,
        },
        _ => return None,
    };
    let (latitude, second) = digits::double(view, at)?;
    let end = second.at(SEPARATOR)?;
    if !(value::is_longitude(&longitude) && value::is_latitude(&latitude)) {
        return None;
    }
    let value = Value::Location {
        longitude,
        latitude,
    };
    Some((value, behind + end))
}

#[cfg(test)]
mod tests;
