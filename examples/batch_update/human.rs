//! Human-readable output: a line for each update, or the location and cause of an error.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use pinquery::{BatchUpdate, Error, Template, Text, Update, Updates};
use unicode_width::UnicodeWidthStr;

use crate::devices::Devices;
use crate::redact::{self, Unit};

/// Maximum columns of an update. Only strings are longer.
const UPDATE: usize = 54;
/// Maximum columns of a datastream.
const DATASTREAM: usize = 40;
/// Maximum errors shown for a query.
const ERRORS: usize = 10;

const ACCEPTED: Style = AnsiColor::Green.on_default().bold();
const REJECTED: Style = AnsiColor::Red.on_default().bold();
const ADJUSTED: Style = AnsiColor::Yellow.on_default();

pub fn show(
    out: &mut impl Write,
    query: &[u8],
    devices: &Devices,
    outcome: &Result<Updates<'_>, Error>,
) -> io::Result<()> {
    let request = BatchUpdate::parse(query).ok();
    let template = request
        .as_ref()
        .and_then(|request| devices.get(request.token()));
    match outcome {
        Ok(updates) => {
            writeln!(out, "{ACCEPTED}accepted{ACCEPTED:#}")?;
            writeln!(out, "  {}", redact::line(query))?;
            show_updates(out, updates, template)
        }
        Err(error) => {
            // As in a server's response, an unknown token reveals nothing about pins.
            let device = request.as_ref().zip(template);
            show_errors(out, query, device, error)
        }
    }
}

fn show_updates(
    out: &mut impl Write,
    updates: &[Update<Text<'_>>],
    template: Option<&Template>,
) -> io::Result<()> {
    let cells: Vec<String> = updates.iter().map(|update| cut(update, UPDATE)).collect();
    let widest = cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
    for (update, cell) in updates.iter().zip(&cells) {
        let style = update.adjusted.map_or(Style::new(), |_| ADJUSTED);
        let padding = " ".repeat(widest - cell.width());
        let datastream = template.and_then(|template| template.get(update.pin));
        let datastream = datastream.map(|it| cut(it, DATASTREAM)).unwrap_or_default();
        writeln!(out, "  {style}{cell}{style:#}{padding}  {datastream}")?;
    }
    Ok(())
}

/// Shows the error that the server reports and any later ones.
fn show_errors(
    out: &mut impl Write,
    query: &[u8],
    device: Option<(&BatchUpdate<'_>, &Template)>,
    first: &Error,
) -> io::Result<()> {
    let template = device.map(|(_, template)| template);
    writeln!(out, "{REJECTED}rejected{REJECTED:#}: {}", first.message())?;
    show_error(out, query, template, first)?;
    let mut later = device
        .into_iter()
        .flat_map(|(request, template)| request.results(template))
        .filter_map(Result::err)
        .skip(1);
    for error in later.by_ref().take(ERRORS - 1) {
        show_error(out, query, template, &error)?;
    }
    let hidden = later.count();
    if hidden > 0 {
        writeln!(out, "  and {hidden} more")?;
    }
    if let Some(start) = query_start(query) {
        writeln!(
            out,
            "  if this is a URL, its query starts at byte {start}, after the `?`"
        )?;
    }
    Ok(())
}

fn show_error(
    out: &mut impl Write,
    query: &[u8],
    template: Option<&Template>,
    error: &Error,
) -> io::Result<()> {
    let (line, carets) = redact::line_and_carets(query, error.span());
    let name = error
        .reason()
        .map_or(error.kind().name(), |reason| reason.name());
    let cause = cause(error, template);
    writeln!(out, "  {line}")?;
    writeln!(out, "  {REJECTED}{carets}{REJECTED:#} {name}\n  {cause}")
}

/// Describes the error and, if a value is invalid, its datastream.
fn cause(error: &Error, template: Option<&Template>) -> String {
    let Some(reason) = error.reason() else {
        return error.kind().to_string();
    };
    match error.pin().and_then(|pin| Some((pin, template?.get(pin)?))) {
        Some((pin, datastream)) => {
            format!("{reason}; {pin} is {}", cut(datastream, DATASTREAM))
        }
        None => reason.to_string(),
    }
}

/// Returns the text on one line, with `…` in place of what exceeds `columns`.
fn cut(value: impl fmt::Display, columns: usize) -> String {
    let mut cell = Cell {
        text: String::new(),
        free: columns - 1,
    };
    // Stops at the first character that does not fit, so that long strings cost no more.
    if write!(cell, "{value}").is_err() {
        cell.text.push('…');
    }
    cell.text
}

struct Cell {
    text: String,
    free: usize,
}

impl Cell {
    fn push(&mut self, shown: impl fmt::Display, width: usize) -> fmt::Result {
        self.free = self.free.checked_sub(width).ok_or(fmt::Error)?;
        write!(self.text, "{shown}")
    }
}

impl fmt::Write for Cell {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|character| {
            let unit = Unit::Char(character);
            match character {
                // `Update` has escaped control characters already.
                '\\' => self.push(character, 1),
                _ => self.push(unit, unit.width()),
            }
        })
    }
}

/// Returns the start of the query if the input is a URL or path, whose `?` is part of the first
/// name.
fn query_start(query: &[u8]) -> Option<usize> {
    let end = query.iter().position(|byte| b"?=&".contains(byte))?;
    (query[end] == b'?').then_some(end + 1)
}
