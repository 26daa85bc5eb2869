//! Judges batch update queries by a template, as a server would.
//!
//! Without arguments it shows a demonstration. With queries it shows each to a person: a table of
//! its updates, or why and where it was refused, never its token. With `--json` it prints one
//! JSON object for each query, made for a million of them:
//!
//! ```text
//! cargo run --release --example batch_update
//! cargo run --release --example batch_update -- 'token=t&v1=133&v2=44'
//! cargo run --release --example batch_update -- --json < queries.txt
//! ```
//!
//! `judge` is all that a server needs of the library; the rest is reading and showing.
#![forbid(unsafe_code)]

mod args;
mod demonstration;
mod input;
mod masked;
mod people;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anstream::AutoStream;
use anyhow::Context;
use pinquery::{Error, Template, Updates};

use crate::args::{Command, Options};

const TEMPLATE: &str = r#"{"v1":{"type":"integer","min":0,"max":100},"v2":{"type":"double"},"v3":{"type":"string","max_len":64},"v4":{"type":"enumerable","values":[0,20,130],"fallback":0},"v5":{"type":"location"},"v6":{"type":"boolean"}}"#;

const ALL_ACCEPTED: u8 = 0;
const SOME_REFUSED: u8 = 1;
const WRONG_USAGE: u8 = 2;
/// What a shell reports of a program that SIGPIPE ended: no verdict on the queries that were not
/// read any more.
const BROKEN_PIPE: u8 = 128 + 13;

/// How much is read or written at once.
const BUFFER: usize = 1 << 16;

fn main() -> ExitCode {
    ExitCode::from(match run() {
        Ok(status) => status,
        Err(error) if is_broken_pipe(&error) => BROKEN_PIPE,
        Err(error) => {
            // `eprintln!` would panic where standard error is closed, and hide the status.
            let _ = writeln!(io::stderr(), "batch_update: {error:#}");
            WRONG_USAGE
        }
    })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run() -> anyhow::Result<u8> {
    let command = args::read()?;
    let stdout = io::stdout().lock();
    let stdout = match &command {
        // There are no colours in JSON, so looking for them would only take time.
        Command::Judge(options) if options.json => AutoStream::always_ansi(stdout),
        _ => AutoStream::auto(stdout),
    };
    let mut out = BufWriter::with_capacity(BUFFER, stdout);
    let status = match command {
        Command::Help => {
            out.write_all(args::HELP.as_bytes())?;
            ALL_ACCEPTED
        }
        Command::Version => {
            writeln!(out, "batch_update {}", env!("CARGO_PKG_VERSION"))?;
            ALL_ACCEPTED
        }
        Command::Demonstrate => {
            demonstration::show(&mut out)?;
            ALL_ACCEPTED
        }
        Command::Judge(options) => judge_all(&options, &mut out)?,
    };
    out.flush()?;
    Ok(status)
}

/// The server's side: what a query says to the one device of this program.
fn judge<'q>(
    query: &'q [u8],
    template: &Template,
    known_token: Option<&str>,
) -> Result<Updates<'q>, Error> {
    pinquery::parse(query, |token| match known_token {
        Some(known) if known != token => None,
        _ => Some(template),
    })
}

fn judge_all(options: &Options, out: &mut impl Write) -> anyhow::Result<u8> {
    let template = match &options.template {
        Some(path) => read_template(path).with_context(|| format!("template {path:?}"))?,
        None => serde_json::from_str(TEMPLATE)?,
    };
    let mut status = ALL_ACCEPTED;
    let mut is_first = true;
    input::for_each_query(&options.queries, out, |query, out| {
        let answer = judge(query, &template, options.token.as_deref());
        if answer.is_err() {
            status = SOME_REFUSED;
        }
        if options.json {
            return write_json(out, &answer);
        }
        if !is_first {
            writeln!(out)?;
        }
        is_first = false;
        people::show(out, query, &template, &answer)
    })?;
    Ok(status)
}

fn read_template(path: &Path) -> anyhow::Result<Template> {
    let bytes = fs::read(path)?;
    let text = str::from_utf8(&bytes)?;
    Ok(serde_json::from_str(text)?)
}

fn write_json(out: &mut impl Write, answer: &Result<Updates<'_>, Error>) -> io::Result<()> {
    match answer {
        Ok(updates) => {
            out.write_all(br#"{"updates":"#)?;
            serde_json::to_writer(&mut *out, updates)?;
            out.write_all(b"}\n")
        }
        Err(error) => {
            serde_json::to_writer(&mut *out, error)?;
            out.write_all(b"\n")
        }
    }
}
