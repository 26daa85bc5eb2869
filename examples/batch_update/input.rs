//! Queries from the arguments or, if there are none, from the lines of standard input.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};

use anyhow::Context;

use crate::BUFFER;

/// Calls `visit` with each query and `out`.
pub fn for_each_query<W: Write>(
    queries: &[OsString],
    out: &mut W,
    mut visit: impl FnMut(&[u8], &mut W) -> io::Result<()>,
) -> anyhow::Result<()> {
    if queries.is_empty() {
        return for_each_line(out, visit);
    }
    for query in queries {
        visit(query.as_encoded_bytes(), out)?;
    }
    Ok(())
}

/// Reads bytes, because a query need not be UTF-8. Only LF ends a line: a CR before it is part of
/// the query.
fn for_each_line<W: Write>(
    out: &mut W,
    mut visit: impl FnMut(&[u8], &mut W) -> io::Result<()>,
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
    loop {
        // A client that waits for each outcome gets it before this blocks on the next query.
        if !input.buffer().contains(&b'\n') {
            out.flush()?;
        }
        line.clear();
        let length = input
            .read_until(b'\n', &mut line)
            .context("standard input")?;
        if length == 0 {
            return Ok(());
        }
        visit(line.strip_suffix(b"\n").unwrap_or(&line), out)?;
    }
}
