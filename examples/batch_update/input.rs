//! Queries from the arguments and from the lines of standard input.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};

use anyhow::Context;

use crate::BUFFER;
use crate::args::{Input, Options};

/// Returns `true` if standard input is a terminal or empty.
pub fn is_absent() -> anyhow::Result<bool> {
    let mut stdin = io::stdin().lock();
    Ok(stdin.is_terminal() || stdin.fill_buf().context("standard input")?.is_empty())
}

/// Calls `visit` with each query, its line number if it was read from standard input, and `out`.
pub fn for_each_query<W: Write>(
    options: &Options,
    out: &mut W,
    mut visit: impl FnMut(&[u8], Option<u64>, &mut W) -> io::Result<()>,
) -> anyhow::Result<()> {
    if options.inputs.is_empty() {
        return for_each_line(out, visit);
    }
    for input in &options.inputs {
        match input {
            Input::Argument(argument) => visit(query_of(argument.as_encoded_bytes()), None, out)?,
            Input::Stdin => for_each_line(out, &mut visit)?,
        }
    }
    Ok(())
}

/// Returns the query of a URL, or the argument itself. A query that starts like a URL is never valid,
/// so this changes no valid query.
fn query_of(argument: &[u8]) -> &[u8] {
    let is_url = ["http://", "https://"].iter().any(|scheme| {
        let start = argument.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    });
    if !is_url {
        return argument;
    }
    let mut fragments = argument.splitn(2, |byte| *byte == b'#');
    let url = fragments.next().unwrap_or_default();
    let mut parts = url.splitn(2, |byte| *byte == b'?');
    parts.nth(1).unwrap_or_default()
}

/// Reads bytes, because a query need not be UTF-8. Only LF ends a line: a CR before it is part of
/// the query.
fn for_each_line<W: Write>(
    out: &mut W,
    mut visit: impl FnMut(&[u8], Option<u64>, &mut W) -> io::Result<()>,
) -> anyhow::Result<()> {
    let stdin = io::stdin().lock();
    if stdin.is_terminal() {
        let _ = writeln!(
            io::stderr(),
            "batch_update: reading queries from standard input, one per line"
        );
    }
    let mut input = BufReader::with_capacity(BUFFER, stdin);
    let mut line = Vec::new();
    for number in 1.. {
        // Flushes before blocking, for a client that waits for each outcome.
        if !input.buffer().contains(&b'\n') {
            out.flush()?;
        }
        line.clear();
        let length = input
            .read_until(b'\n', &mut line)
            .context("standard input")?;
        if length == 0 {
            break;
        }
        let query = line.strip_suffix(b"\n").unwrap_or(&line);
        visit(query, Some(number), out)?;
    }
    Ok(())
}
