//! Parses batch update queries against a template, as a server would.
//!
//! Without arguments or input it runs a demo. With queries it prints the updates of each, or where
//! and why it was rejected; tokens are redacted. With `--json` it prints one JSON object per query,
//! fast enough for millions of them:
//!
//! ```text
//! cargo run --release --example batch_update
//! cargo run --release --example batch_update -- 'token=t&v1=133&v2=44'
//! cargo run --release --example batch_update < queries.txt
//! cargo run --release --example batch_update -- --json < queries.txt
//! ```
//!
//! `pinquery::parse` is the only call into the library that a server needs; the rest is input and
//! output.
#![forbid(unsafe_code)]

mod args;
mod demo;
mod devices;
mod human;
mod input;
mod redact;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anstream::AutoStream;
use pinquery::{Error, Updates};

use crate::args::{Command, Options};
use crate::devices::Devices;

const TEMPLATE: &str = r#"{"v1":{"type":"integer","min":0,"max":100},"v2":{"type":"double"},"v3":{"type":"string","max_len":64},"v4":{"type":"enumerable","values":[0,20,130],"fallback":0},"v5":{"type":"location"},"v6":{"type":"boolean"}}"#;

const ALL_ACCEPTED: u8 = 0;
const SOME_REJECTED: u8 = 1;
const WRONG_USAGE: u8 = 2;
/// The status that a shell reports if SIGPIPE ends a program. Some queries may not have been read.
const BROKEN_PIPE: u8 = 128 + 13;

/// Size of the buffers for input and output.
const BUFFER: usize = 1 << 16;

fn main() -> ExitCode {
    ExitCode::from(match run() {
        Ok(status) => status,
        Err(error) if is_broken_pipe(&error) => BROKEN_PIPE,
        Err(error) => {
            // `eprintln!` would panic if standard error is closed, and hide the status.
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
        // JSON has no colours to strip; looking for them would only take time.
        Command::Parse(options) if options.json => AutoStream::always_ansi(stdout),
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
        Command::Parse(options) if options == Options::default() && input::is_absent()? => {
            demo::show(&mut out)?;
            ALL_ACCEPTED
        }
        Command::Parse(options) => parse_all(&options, &mut out)?,
    };
    out.flush()?;
    Ok(status)
}

fn parse_all(options: &Options, out: &mut impl Write) -> anyhow::Result<u8> {
    let devices = Devices::new(options)?;
    let (mut accepted, mut rejected) = (0_u64, 0_u64);
    input::for_each_query(options, out, |query, line, out| {
        let outcome = pinquery::parse(query, |token| devices.get(token));
        match outcome {
            Ok(_) => accepted += 1,
            Err(_) => rejected += 1,
        }
        if options.json {
            return write_json(out, &outcome);
        }
        if accepted + rejected > 1 {
            writeln!(out)?;
        }
        if let Some(line) = line {
            write!(out, "line {line}: ")?;
        }
        human::show(out, query, &devices, &outcome)
    })?;
    if options.reads_stdin() {
        summarize(out, options.json, accepted, rejected)?;
    }
    Ok(match rejected {
        0 => ALL_ACCEPTED,
        _ => SOME_REJECTED,
    })
}

/// Writes the summary. With `--json`, every line of standard output is an outcome.
fn summarize(out: &mut impl Write, json: bool, accepted: u64, rejected: u64) -> io::Result<()> {
    let summary = format!("{accepted} accepted, {rejected} rejected");
    if !json {
        let separator = if accepted + rejected > 0 { "\n" } else { "" };
        return writeln!(out, "{separator}{summary}");
    }
    out.flush()?;
    // Ignored: the outcomes were written, and the status matters more than the summary.
    let _ = writeln!(io::stderr(), "{summary}");
    Ok(())
}

fn write_json(out: &mut impl Write, outcome: &Result<Updates<'_>, Error>) -> io::Result<()> {
    match outcome {
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
