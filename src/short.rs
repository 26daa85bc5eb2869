//! The fast path: names and values that are short and plain, read straight from the window.
//!
//! Half of all values in real queries have four bytes or fewer, and nearly all have no escape.
//! Each function here reads one thing and gives it with the place behind it, or gives up, which
//! means nothing but: ask the complete path. What both read, they read alike; the tests hold both
//! to the reference. With the token, two integers take 441 instructions by this path and 1,310 by
//! the complete one, four doubles 832 and 3,300.

use crate::datastream::Kind;
use crate::digits;
use crate::pin::{Seen, VirtualPin};
use crate::scan::{self, End, SEPARATOR, View, Window};
use crate::template::Template;
use crate::text::Text;
use crate::update::{Update, Updates, Value};
use crate::value::{self, Judged};

/// Judges segments from `at` on as long as they are short, plain and acceptable: where the first
/// one begins that is not, untouched.
#[inline(always)]
pub(crate) fn run<'q>(
    query: &'q [u8],
    mut at: usize,
    template: &Template,
    seen: &mut Seen,
    updates: &mut Updates<'q>,
) -> usize {
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
        let start = at + value;
        let segment = Segment {
            window,
            start: at,
            view,
            value,
        };
        match segment.value(datastream.kind(), pin) {
            Some(((value, adjusted), end)) => {
                let update = Update {
                    pin,
                    value,
                    adjusted,
                };
                if !updates.add(update) {
                    // Once a request: the segment is judged again, with room for it.
                    seen.remove(pin);
                    updates.grow(scan::at_most_behind(query, start));
                    continue;
                }
                at += end + 1;
            }
            None => match add_any(query, start, datastream.kind(), pin, updates) {
                Some(end) => at = end + 1,
                None => {
                    seen.remove(pin);
                    return at;
                }
            },
        }
    }
    at
}

/// Reads `v0=` to `V255=`, nothing escaped, from a window on a segment: the pin, and how many
/// bytes the name takes with its `=`.
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
}

impl<'q> Segment<'_, 'q> {
    /// Reads the value, up to the separator behind it: what it becomes by its datastream, and how
    /// long the segment is.
    #[inline(always)]
    fn value(&self, kind: &Kind, pin: VirtualPin) -> Option<(Judged<'q>, usize)> {
        let at = self.value;
        let read = match kind {
            Kind::Integer { min, max } => {
                let (integer, end) = digits::integer(self.view, at)?;
                (value::clamp_integer(integer, *min, *max), end)
            }
            Kind::Double { min, max } => {
                let (double, stop) = digits::double(self.view, at)?;
                let end = stop.at(SEPARATOR)?;
                (value::clamp_double(double, *min, *max), end)
            }
            Kind::String { max_len } => {
                let (text, end) = text(self.window, self.start, self.view, at, *max_len)?;
                ((Value::String(text), None), end)
            }
            Kind::Enumerable(stream) => {
                let (integer, end) = digits::integer(self.view, at)?;
                (value::choose(integer, stream)?, end)
            }
            Kind::Boolean => {
                let [digit, end, ..] = self.view.word::<0>(at).to_le_bytes();
                let boolean = matches!(digit, b'0' | b'1') && end == SEPARATOR;
                let value = boolean.then_some(Value::Boolean(digit == b'1'))?;
                ((value, None), at + 1)
            }
            Kind::Location => {
                let (value, end) = location(self.window, self.start, self.view, at, pin)?;
                ((value, None), end)
            }
        };
        Some(read)
    }
}

/// Asks the complete path for the value that begins at `start`, and adds what it becomes: where it
/// ends. The name need not be read again.
#[inline(never)]
fn add_any<'q>(
    query: &'q [u8],
    start: usize,
    kind: &Kind,
    pin: VirtualPin,
    updates: &mut Updates<'q>,
) -> Option<usize> {
    let plain = match kind {
        Kind::String { max_len } => long_text(query, start, *max_len),
        Kind::Boolean => boolean_word(query, start),
        _ => None,
    };
    let ((value, adjusted), end) = match plain {
        Some((value, end)) => ((value, None), end),
        None => {
            let end = scan::segment_end(query, start);
            (value::judge(kind, scan::slice(query, start, end))?, end)
        }
    };
    let update = Update {
        pin,
        value,
        adjusted,
    };
    updates.push(update, || scan::at_most_behind(query, end));
    Some(end)
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

/// Reads `true` or `false` in any case.
fn boolean_word(query: &[u8], start: usize) -> Option<(Value<'static>, usize)> {
    const TRUE: u64 = u64::from_le_bytes(*b"true&\0\0\0");
    const FALSE: u64 = u64::from_le_bytes(*b"false&\0\0");
    const LETTERS: u64 = u64::from_le_bytes([0x20; 8]);

    let word = scan::word(query, start);
    // The separator behind the letters is not one of them.
    let is_true = (word | LETTERS >> 32) << 24 == TRUE << 24;
    let is_false = (word | LETTERS >> 24) << 16 == FALSE << 16;
    let length = if is_true { 4 } else { 5 };
    (is_true | is_false).then_some((Value::Boolean(is_true), start + length))
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
mod tests {
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    use super::*;
    use crate::datastream::Datastream;

    const AT: usize = "v1=".len();

    /// What a whole query of the pin `v1` becomes, and where its segment ends. `None` is not wrong
    /// for anything, only slow.
    fn value(query: &str, datastream: &Datastream) -> Option<(Judged<'static>, usize)> {
        let query: &'static str = String::leak(query.into());
        let mut end = End::EMPTY;
        end.fill(query.as_bytes());
        let window = Window {
            query: query.as_bytes(),
            end: &end,
        };
        let view = window.view(0)?;
        let segment = Segment {
            window,
            start: 0,
            view,
            value: AT,
        };
        segment.value(datastream.kind(), VirtualPin(1))
    }

    #[track_caller]
    fn reads(datastream: &Datastream, text: &str, expected: Value<'_>) {
        for behind in ["", "&", "&v2=1&v3=2&v4=3&v5=4&v6=5&v7=6"] {
            let judged = ((expected, None), AT + text.len());
            let query = format!("v1={text}{behind}");
            assert_eq!(value(&query, datastream), Some(judged), "{query}");
        }
    }

    #[track_caller]
    fn leaves(datastream: &Datastream, texts: &[&str]) {
        for text in texts {
            let query = format!("v1={text}");
            assert_eq!(value(&query, datastream), None, "{query}");
        }
    }

    #[test]
    fn every_pin_is_read_here() {
        for number in 0..=255 {
            for letter in ['v', 'V'] {
                let name = format!("{letter}{number}");
                let word = |text: &str| {
                    let bytes = format!("{text:&<8}").into_bytes();
                    u64::from_le_bytes(*bytes.first_chunk().expect("eight"))
                };
                let expected = (VirtualPin(number), name.len() + 1);
                assert_eq!(pin(word(&format!("{name}=7"))), Some(expected));
                assert_eq!(pin(word(&name)), None);
                assert_eq!(pin(word(&format!("{name}x="))), None);
            }
        }
    }

    #[test]
    fn short_values_are_read_here() {
        reads(
            &Datastream::integer(..).unwrap(),
            "-33",
            Value::Integer(-33),
        );
        reads(
            &Datastream::double(..).unwrap(),
            "4.25",
            Value::Double(4.25),
        );
        let levels = Datastream::enumerable([0, 20]).unwrap();
        reads(&levels, "20", Value::Enumerable(20));
        reads(&Datastream::boolean(), "1", Value::Boolean(true));
        reads(&Datastream::boolean(), "0", Value::Boolean(false));
        leaves(
            &Datastream::boolean(),
            &["", "2", "01", "1.0", "%31", "\x11"],
        );
        leaves(&levels, &["", "7", "20.0"]);
    }

    #[test]
    fn truth_is_read_as_a_word_in_any_case() {
        let read = |query: &str| boolean_word(query.as_bytes(), AT);
        for (word, expected) in [("true", true), ("TRUE", true), ("fAlse", false)] {
            for behind in ["", "&", "&v2=1", "&v2=1&v3=4"] {
                let expected = (Value::Boolean(expected), AT + word.len());
                assert_eq!(read(&format!("v1={word}{behind}")), Some(expected));
            }
            for place in 0..=word.len() {
                for byte in 0..0x80 {
                    let mut other = format!("{word}&").into_bytes();
                    let same = other[place].eq_ignore_ascii_case(&byte);
                    other[place] = byte;
                    let other = String::from_utf8(other).unwrap();
                    assert_eq!(read(&format!("v1={other}")).is_some(), same, "{other}");
                }
            }
            assert_eq!(read(&format!("v1={word}s")), None);
        }
    }

    #[test]
    fn texts_below_24_bytes_are_read_here() {
        let letters: String = ('a'..='x').collect();
        for length in 0..letters.len() {
            let text = &letters[..length];
            reads(
                &Datastream::string_up_to(length),
                text,
                Value::String(Text::plain(text)),
            );
            leaves(&Datastream::string_up_to(length), &[&format!("{text}y")]);
            leaves(
                &Datastream::string(),
                &[&format!("{text}%20"), &format!("{text}+")],
            );
        }
        leaves(&Datastream::string(), &[&letters]);
    }

    #[test]
    fn longer_texts_are_found_without_decoding() {
        for length in 0..200 {
            let text: String = ('a'..='z').cycle().take(length).collect();
            let expected = (Value::String(Text::plain(&text)), AT + length);
            for behind in ["", "&", "&v2=1"] {
                let query = format!("v1={text}{behind}");
                let query = query.as_bytes();
                assert_eq!(long_text(query, AT, length), Some(expected));
                assert_eq!(
                    length
                        .checked_sub(1)
                        .and_then(|max| long_text(query, AT, max)),
                    None
                );
            }
            assert_eq!(
                long_text(format!("v1={text}%41").as_bytes(), AT, 1024),
                None
            );
        }
    }

    #[test]
    fn both_forms_of_a_location_are_read_here() {
        let place = Value::Location {
            longitude: -0.1276,
            latitude: 51.5072,
        };
        let location = Datastream::location();
        reads(&location, "-0.1276,51.5072", place);
        reads(&location, "-0.1276&V1=51.5072", place);
        leaves(
            &location,
            &[
                "1", "1,", "1,2,3", "1&v2=2", "1&v1=2,3", "181,0", "0,91", "1 2",
            ],
        );
    }

    #[test]
    fn a_run_goes_up_to_the_first_segment_that_is_not_its_own() {
        let template: Template = (0..=99)
            .map(|pin| (VirtualPin(pin), Datastream::string()))
            .collect();
        let long = format!("v3={}", "x".repeat(100));
        let accepted = ["v1=a", "V2=", &long, "v4=a+b", "v5=%41", "v99=z"];
        for refused in ["", "v", "v1", "v1=b", "v100=x", "w7=x", "v7=%", "token=x"] {
            for count in 0..=accepted.len() {
                let first = accepted[..count].join("&");
                let query = [&accepted[..count], &[refused, "v6=x"]].concat().join("&");
                let (mut seen, mut updates) = (Seen::NONE, Updates::new());
                let at = run(query.as_bytes(), 0, &template, &mut seen, &mut updates);
                // `v1=b` is refused only where `v1` was there.
                let behind = match (count, refused) {
                    (0, "v1=b") => query.len() + 1,
                    (0, _) => 0,
                    _ => first.len() + 1,
                };
                assert_eq!(at, behind, "{query}");
                let pins: Vec<_> = updates.iter().map(|update| update.pin.0).collect();
                let expected = [1, 2, 3, 4, 5, 99];
                match (count, refused) {
                    (0, "v1=b") => assert_eq!(pins, [1, 6]),
                    _ => assert_eq!(pins, expected[..count]),
                }
                assert!(seen.insert(VirtualPin(7)), "what is left is not seen");
            }
        }
    }
}
