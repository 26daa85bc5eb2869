//! An answer as a person wants it: a table of the updates, or the place of the error.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use pinquery::{Adjustment, Error, Template, Text, Update, Updates, Value};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::masked;

/// How many columns a cell may take.
const CELL: usize = 40;

const ACCEPTED: Style = AnsiColor::Green.on_default().bold();
const REFUSED: Style = AnsiColor::Red.on_default().bold();
const ADJUSTED: Style = AnsiColor::Yellow.on_default();
const HEADER: Style = Style::new().bold();
const PLAIN: Style = Style::new();

type Row = [String; 4];

pub fn show(
    out: &mut impl Write,
    query: &[u8],
    template: &Template,
    answer: &Result<Updates<'_>, Error>,
) -> io::Result<()> {
    match answer {
        Ok(updates) => {
            writeln!(out, "{ACCEPTED}accepted{ACCEPTED:#}")?;
            writeln!(out, "  {}", masked::line(query))?;
            write_table(out, updates, template)
        }
        Err(error) => {
            let (line, carets) = masked::line_and_carets(query, error.span());
            let (message, kind) = (error.message(), error.kind().name());
            writeln!(out, "{REFUSED}refused{REFUSED:#}: {message}\n  {line}")?;
            writeln!(out, "  {REFUSED}{carets}{REFUSED:#} {kind}")?;
            writeln!(out, "  {}", reason(error, template))?;
            match query_of_url(query) {
                Some(at) => writeln!(
                    out,
                    "  this is a URL: its query begins at byte {at}, behind the `?`"
                ),
                None => Ok(()),
            }
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
    for (number, row) in rows.iter().enumerate() {
        let styles = match number {
            0 => [HEADER; 4],
            _ => [PLAIN, PLAIN, PLAIN, ADJUSTED],
        };
        writeln!(out, "{}", table_line(row, widths, styles))?;
    }
    Ok(())
}

fn table_line(row: &Row, widths: [usize; 4], styles: [Style; 4]) -> String {
    let mut line = String::new();
    let mut room = 2;
    for ((cell, width), style) in row.iter().zip(widths).zip(styles) {
        // Room goes before a cell, so that none is left behind the last one.
        if !cell.is_empty() {
            line += &format!("{}{style}{cell}{style:#}", " ".repeat(room));
            room = 0;
        }
        room += width - cell.width() + 2;
    }
    line
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
        Value::String(text) => quote(text),
        Value::Location {
            longitude,
            latitude,
        } => format!("lon {longitude:?}, lat {latitude:?}"),
        other => other.to_string(),
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
fn reason(error: &Error, template: &Template) -> String {
    let Some(reason) = error.reason() else {
        return error.kind().to_string();
    };
    match error.pin().and_then(|pin| Some((pin, template.get(pin)?))) {
        Some((pin, datastream)) => {
            format!("{reason}; {pin} is {}", cut(&datastream.to_string()))
        }
        None => reason.to_string(),
    }
}

/// Where the query begins in a URL that was pasted whole, which has its `?` in the first name.
fn query_of_url(query: &[u8]) -> Option<usize> {
    let at = query.iter().position(|byte| b"?=&".contains(byte))?;
    (query[at] == b'?').then_some(at + 1)
}
