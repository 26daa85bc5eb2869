//! A query on one line of a terminal: nothing secret, nothing that moves the cursor.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;

use pinquery::Pairs;
use unicode_width::UnicodeWidthChar;

/// How many columns a line takes before, under and behind the carets, and without carets.
const BEFORE: usize = 30;
const UNDER: usize = 30;
const BEHIND: usize = 16;
const WHOLE: usize = BEFORE + UNDER + BEHIND;

/// The query, cut behind some columns.
pub fn line(query: &[u8]) -> String {
    let mut line = Fitted::new(WHOLE, 0);
    pieces(query).for_each(|piece| piece.units(query).for_each(|unit| line.push(unit)));
    line.to_string()
}

/// The query and, below it, carets under `span`; a single one where the span is empty.
pub fn line_and_carets(query: &[u8], span: Range<usize>) -> (String, String) {
    let mut before = Fitted::new(0, BEFORE);
    let mut under = Fitted::new(UNDER / 2, UNDER / 2);
    let mut behind = Fitted::new(BEHIND, 0);
    for piece in pieces(query) {
        // A span begins and ends where a piece does.
        let part = match piece.range.start {
            start if start < span.start => &mut before,
            start if start < span.end => &mut under,
            _ => &mut behind,
        };
        piece.units(query).for_each(|unit| part.push(unit));
    }
    let line = format!("{before}{under}{behind}");
    let carets = "^".repeat(under.width().max(1));
    (line, " ".repeat(before.width()) + &carets)
}

/// A part of the query that is shown or masked as a whole.
struct Piece {
    range: Range<usize>,
    is_secret: bool,
}

impl Piece {
    fn units(self, query: &[u8]) -> impl Iterator<Item = Unit> {
        let (bytes, mask) = match self.is_secret {
            true => (&[][..], Some(Unit::Mask)),
            false => (&query[self.range], None),
        };
        let shown = bytes.utf8_chunks().flat_map(|chunk| {
            let invalid = chunk.invalid().iter().copied().map(Unit::Byte);
            chunk.valid().chars().map(Unit::Char).chain(invalid)
        });
        mask.into_iter().chain(shown)
    }
}

/// The pieces of a query, none of them empty. Whatever is not a pin's, its `&` and `=` or the
/// name `token` is secret: a misspelt `tokne=…` has a token too, and so may have a name.
fn pieces(query: &[u8]) -> impl Iterator<Item = Piece> {
    let mut at = 0;
    let trailing = query.iter().rev().take_while(|byte| **byte == b'&').count();
    Pairs::new(query)
        .flat_map(move |pair| {
            let (name, value) = (pair.name.span(), pair.value.span());
            let is_pin = pair.pin().is_some();
            let separators = at..name.start;
            at = value.end;
            [
                (separators, false),
                (name.clone(), !is_pin && !pair.is_token()),
                (name.end..value.start, false),
                (value, !is_pin),
            ]
        })
        .chain([(query.len() - trailing..query.len(), false)])
        .filter(|(range, _)| !range.is_empty())
        .map(|(range, is_secret)| Piece { range, is_secret })
}

/// What is shown or left out as a whole.
#[derive(Clone, Copy)]
enum Unit {
    Char(char),
    /// A byte that is not UTF-8.
    Byte(u8),
    /// Of the same width whatever it hides.
    Mask,
}

const MASK: &str = "***";

impl Unit {
    fn width(self) -> usize {
        match self {
            Self::Char(character) => {
                plain_width(character).unwrap_or_else(|| character.escape_default().count())
            }
            Self::Byte(_) => r"\xFF".len(),
            Self::Mask => MASK.len(),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Char(character) if plain_width(character).is_some() => write!(f, "{character}"),
            Self::Char(character) => write!(f, "{}", character.escape_default()),
            Self::Byte(byte) => write!(f, r"\x{byte:02X}"),
            Self::Mask => f.write_str(MASK),
        }
    }
}

/// The columns of a character that may be shown as it is: one that `Debug` shows, which leaves out
/// controls, bidirectional controls and whatever joins the character before it.
fn plain_width(character: char) -> Option<usize> {
    let is_plain = matches!(character, '"' | '\'') || character.escape_debug().len() == 1;
    character.width().filter(|width| is_plain && *width > 0)
}

/// The first and the last units of many, as far as there is room for them.
struct Fitted {
    head: Vec<Unit>,
    /// What is left of it.
    head_room: usize,
    tail: VecDeque<Unit>,
    tail_width: usize,
    tail_room: usize,
    is_cut: bool,
}

impl Fitted {
    fn new(head_room: usize, tail_room: usize) -> Self {
        Self {
            head: Vec::new(),
            head_room,
            tail: VecDeque::new(),
            tail_width: 0,
            tail_room,
            is_cut: false,
        }
    }

    fn push(&mut self, unit: Unit) {
        let width = unit.width();
        let is_head_open = self.tail.is_empty() && !self.is_cut;
        if is_head_open && width <= self.head_room {
            self.head.push(unit);
            self.head_room -= width;
            return;
        }
        self.tail.push_back(unit);
        self.tail_width += width;
        while self.tail_width > self.tail_room
            && let Some(unit) = self.tail.pop_front()
        {
            self.tail_width -= unit.width();
            self.is_cut = true;
        }
    }

    fn width(&self) -> usize {
        let head_width: usize = self.head.iter().map(|unit| unit.width()).sum();
        head_width + usize::from(self.is_cut) + self.tail_width
    }
}

impl fmt::Display for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head.iter().try_for_each(|unit| write!(f, "{unit}"))?;
        if self.is_cut {
            f.write_str("…")?;
        }
        self.tail.iter().try_for_each(|unit| write!(f, "{unit}"))
    }
}
