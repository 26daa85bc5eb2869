//! A query as one terminal line: without secrets, and without characters that move the cursor.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;

use pinquery::Pairs;
use unicode_width::UnicodeWidthChar;

/// Maximum columns before, above and after the carets.
const BEFORE: usize = 30;
const ABOVE: usize = 30;
const AFTER: usize = 16;
/// Maximum columns of a line without carets.
const WHOLE: usize = BEFORE + ABOVE + AFTER;

/// Returns the query, truncated to fit a line.
pub fn line(query: &[u8]) -> String {
    let mut line = Fitted::new(WHOLE, 0);
    pieces(query).for_each(|piece| piece.units(query).for_each(|unit| line.push(unit)));
    line.to_string()
}

/// Returns the query and the carets to print below `span`. An empty span gets one caret.
pub fn line_and_carets(query: &[u8], span: Range<usize>) -> (String, String) {
    let mut before = Fitted::new(0, BEFORE);
    let mut above = Fitted::new(ABOVE / 2, ABOVE / 2);
    let mut after = Fitted::new(AFTER, 0);
    for piece in pieces(query) {
        // A span never ends within a piece.
        let part = match piece.range.start {
            start if start < span.start => &mut before,
            start if start < span.end => &mut above,
            _ => &mut after,
        };
        piece.units(query).for_each(|unit| part.push(unit));
    }
    let line = format!("{before}{above}{after}");
    let carets = "^".repeat(above.width().max(1));
    (line, " ".repeat(before.width()) + &carets)
}

/// A part of the query that is either shown or redacted.
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

/// Returns the non-empty pieces of a query. Everything is secret except pin segments, separators
/// and the name `token`: a misspelt `tokne=…` contains a token too, and so may any other name.
fn pieces(query: &[u8]) -> impl Iterator<Item = Piece> {
    let mut end = 0;
    let trailing = query.iter().rev().take_while(|byte| **byte == b'&').count();
    Pairs::new(query)
        .flat_map(move |pair| {
            let (name, value) = (pair.name.span(), pair.value.span());
            let is_pin = pair.pin().is_some();
            let separators = end..name.start;
            end = value.end;
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

/// The smallest part of a line: never split.
#[derive(Clone, Copy)]
pub enum Unit {
    Char(char),
    /// A byte that is not UTF-8.
    Byte(u8),
    /// Of constant width, so that it does not reveal the length of a secret.
    Mask,
}

const MASK: &str = "***";

impl Unit {
    pub fn width(self) -> usize {
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

/// Returns the columns of a character, or `None` if it has to be escaped. `escape_debug` escapes
/// control, bidirectional and combining characters.
fn plain_width(character: char) -> Option<usize> {
    let is_plain = matches!(character, '"' | '\'') || character.escape_debug().len() == 1;
    character.width().filter(|width| is_plain && *width > 0)
}

/// As many of the first and last units as fit, with `…` between them.
struct Fitted {
    head: Vec<Unit>,
    /// Columns left for `head`.
    head_free: usize,
    tail: VecDeque<Unit>,
    tail_width: usize,
    tail_max: usize,
    is_cut: bool,
}

impl Fitted {
    fn new(head_max: usize, tail_max: usize) -> Self {
        Self {
            head: Vec::new(),
            head_free: head_max,
            tail: VecDeque::new(),
            tail_width: 0,
            tail_max,
            is_cut: false,
        }
    }

    fn push(&mut self, unit: Unit) {
        let width = unit.width();
        let is_head_open = self.tail.is_empty() && !self.is_cut;
        if is_head_open && width <= self.head_free {
            self.head.push(unit);
            self.head_free -= width;
            return;
        }
        self.tail.push_back(unit);
        self.tail_width += width;
        while self.tail_width > self.tail_max
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
