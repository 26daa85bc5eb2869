//! An answer as a person wants it: a table of the updates, or the place of the error.

use std::io::{self, Write};

use pinquery::{Adjustment, Error, ErrorKind, Pairs, Template, Text, Update, Updates, Value};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::masked;

/// How many columns a cell may take.
const CELL: usize = 40;

type Row = [String; 4];

pub fn show(
    out: &mut impl Write,
    query: &[u8],
    template: &Template,
    answer: &Result<Updates<'_>, Error>,
) -> io::Result<()> {
    match answer {
        Ok(updates) => {
            writeln!(out, "accepted\n  {}", masked::line(query))?;
            write_table(out, updates, template)
        }
        Err(error) => {
            let (line, carets) = masked::line_and_carets(query, error.span());
            writeln!(out, "refused: {}", error.message())?;
            writeln!(out, "  {line}\n  {carets} {}", error.kind().name())?;
            writeln!(out, "  {}", reason(error, query, template))
        }
    }
}

fn write_table(out: &mut impl Write, updates: &Updates<'_>, template: &Template) -> io::Result<()> {
    let header = ["pin", "datastream", "value", "adjusted"].map(str::to_owned);
    let rows: Vec<Row> = std::iter::once(header)
        .chain(updates.iter().map(|update| row(update, template)))
        .collect();
    let mut widths = [0; 4];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    for row in &rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line += cell;
            line += &" ".repeat(width - cell.width() + 2);
        }
        writeln!(out, "  {}", line.trim_end())?;
    }
    Ok(())
}

fn row(update: &Update<Text<'_>>, template: &Template) -> Row {
    let datastream = template.get(update.pin).map(ToString::to_string);
    let adjusted = match update.adjusted {
        Some(Adjustment::Min) => "raised to min",
        Some(Adjustment::Max) => "lowered to max",
        Some(Adjustment::Fallback) => "replaced by fallback",
        None => "",
    };
    [
        update.pin.to_string(),
        cut(&datastream.unwrap_or_default()),
        cut(&value(&update.value)),
        adjusted.to_owned(),
    ]
}

fn value(value: &Value<Text<'_>>) -> String {
    match value {
        Value::Integer(number) | Value::Enumerable(number) => number.to_string(),
        // Not `Display`, which writes 1e300 with all its zeros.
        Value::Double(number) => format!("{number:?}"),
        Value::String(text) => quote(text),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Location {
            longitude,
            latitude,
        } => format!("lon {longitude:?}, lat {latitude:?}"),
    }
}

/// A text as `Debug` shows it, with controls escaped, bidirectional ones too.
fn quote(text: &Text<'_>) -> String {
    let mut characters = text.chars();
    let head: String = characters.by_ref().take(CELL).collect();
    let mut quoted = format!("{head:?}");
    // Decoding no more than a cell may hold keeps this cheap for any `max_len`.
    if characters.next().is_some() {
        quoted.pop();
        quoted.push('…');
    }
    quoted
}

/// The text, with `…` for what a cell has no room for.
fn cut(text: &str) -> String {
    if text.width() <= CELL {
        return text.to_owned();
    }
    let mut room = CELL - "…".width();
    let fits = |character: &char| match room.checked_sub(character.width().unwrap_or(0)) {
        Some(rest) => {
            room = rest;
            true
        }
        None => false,
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// Why a query was refused, in words, and what would have been right.
fn reason(error: &Error, query: &[u8], template: &Template) -> String {
    let kind = error.kind();
    match kind {
        ErrorKind::InvalidValue => match wanted(error, query, template) {
            Some(wanted) => format!("{kind}: {wanted}"),
            None => kind.to_string(),
        },
        // Pasted whole, a URL has its token in the name of its first segment.
        ErrorKind::MissingToken if query.contains(&b'?') => {
            format!("{kind}; a query is what stands behind the `?` of a URL")
        }
        _ => kind.to_string(),
    }
}

/// Which datastream the value of an error should fit.
fn wanted(error: &Error, query: &[u8], template: &Template) -> Option<String> {
    let pair = Pairs::new(query).find(|pair| pair.value.span() == error.span())?;
    let pin = pair.pin()?;
    let datastream = cut(&template.get(pin)?.to_string());
    Some(match pair.value.decode() {
        Ok(_) => format!("{pin} is {datastream}"),
        Err(error) => format!("{pin} is {datastream}, and {error}"),
    })
}
