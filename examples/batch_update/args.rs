//! The command line. No message repeats an argument that may contain a token, because messages end
//! up in logs.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use anyhow::{anyhow, bail, ensure};
use lexopt::{Arg, Parser};
use pinquery::Token;

pub const HELP: &str = "\
Parses batch update queries against a template, as a server would.

Usage: batch_update [OPTIONS] [--] [QUERY]...

Prints the updates of each query, or where and why it was rejected: the error
that a server reports, then any others. Tokens and unknown names are redacted.

Without a QUERY, reads standard input. Without any arguments, and if standard
input is a terminal or empty, runs a demo instead.

Arguments:
  [QUERY]...       Any of these, in any order:
                   - a query without its `?`, such as 'token=t&v1=33&v2=44'
                   - a URL that starts with http:// or https://: its query is
                     what follows the first `?`, up to a `#`
                   - `-`, which reads standard input
                   After `--`, a query may start with `-` or be `-`

Options:
  --devices FILE   Accept only the tokens in FILE, each with its own template:
                   {\"TOKEN\":{\"v1\":{\"type\":\"integer\"}}}. The \"id\" of a device
                   is ignored. Conflicts with --template and --token
  --json           Print one JSON object per query and line:
                   {\"updates\":[{\"pin\":1,\"value\":33,\"adjusted\":null}]} or
                   {\"error\":{\"message\":\"Wrong pin format.\"},
                    \"kind\":\"invalid_pin\",\"span\":[38,42]}.
                   An error about a pin adds \"pin\":2, an invalid value also
                   \"reason\":\"not_a_double\"
  --template FILE  Use the datastreams in FILE, such as
                   {\"v1\":{\"type\":\"integer\",\"min\":0,\"max\":100}}.
                   Default: v1 integer 0 to 100, v2 double, v3 string of up to
                   64 bytes, v4 enumerable 0, 20 or 130 with fallback 0,
                   v5 location, v6 boolean
  --token TOKEN    Accept only this token. Default: accept every valid token
  -h, --help       Print help
  -V, --version    Print version

Standard input:
  Every line is a query, never a URL: only LF ends it, and an empty line is an
  empty query. Outcomes are preceded by their line numbers and followed by a
  summary of all queries, such as `857 accepted, 143 rejected`. With --json,
  there are no line numbers, and the summary is printed to standard error.

Colours are used on terminals unless NO_COLOR is set.

Examples:
  batch_update 'token=t&v1=133&v2=44'
  batch_update 'https://example.com/external/api/batch/update?token=t&v1=x'
  batch_update --template device.json < queries.txt
  batch_update --devices devices.json < queries.txt
  sed -n 's|.*/batch/update?\\([^ ]*\\).*|\\1|p' access.log | batch_update
  batch_update --json < queries.txt > outcomes.jsonl

Exit status:
  0    every query was accepted, or there were no queries
  1    a query was rejected
  2    wrong usage, an invalid FILE, or a failed read or write
  141  standard output was closed by its reader
";

pub enum Command {
    Help,
    Version,
    Parse(Options),
}

#[derive(PartialEq)]
pub enum Input {
    Argument(OsString),
    Stdin,
}

#[derive(Default, PartialEq)]
pub struct Options {
    pub devices: Option<PathBuf>,
    pub json: bool,
    pub template: Option<PathBuf>,
    pub token: Option<Token<'static>>,
    /// If empty, queries are read from standard input.
    pub inputs: Vec<Input>,
}

impl Options {
    pub fn reads_stdin(&self) -> bool {
        self.inputs.is_empty() || self.inputs.contains(&Input::Stdin)
    }
}

pub fn read() -> anyhow::Result<Command> {
    read_from(Parser::from_env()).map_err(|error| error.context("wrong usage, see --help"))
}

fn read_from(mut parser: Parser) -> anyhow::Result<Command> {
    let mut options = Options::default();
    loop {
        if let Some(mut rest) = parser.try_raw_args()
            && rest.next_if(|arg| arg == "--").is_some()
        {
            options.inputs.extend(rest.map(Input::Argument));
            break;
        }
        let Some(arg) = parser.next().map_err(without_values)? else {
            break;
        };
        match arg {
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            Arg::Long("version") | Arg::Short('V') => return Ok(Command::Version),
            Arg::Long("devices") => {
                let file = read_file_name(parser.value().map_err(without_values)?, "--devices")?;
                set_once(&mut options.devices, file, "--devices")?;
            }
            Arg::Long("json") => options.json = true,
            Arg::Long("template") => {
                let file = read_file_name(parser.value().map_err(without_values)?, "--template")?;
                set_once(&mut options.template, file, "--template")?;
            }
            Arg::Long("token") => {
                let token = read_token(&parser.value().map_err(without_values)?)?;
                set_once(&mut options.token, token, "--token")?;
            }
            Arg::Value(query) if query == "-" => options.inputs.push(Input::Stdin),
            Arg::Value(query) => options.inputs.push(Input::Argument(query)),
            Arg::Long(_) | Arg::Short(_) => return Err(unknown(&arg)),
        }
    }
    check_conflicts(&options)?;
    Ok(Command::Parse(options))
}

fn check_conflicts(options: &Options) -> anyhow::Result<()> {
    for (name, is_given) in [
        ("--template", options.template.is_some()),
        ("--token", options.token.is_some()),
    ] {
        let is_conflict = options.devices.is_some() && is_given;
        ensure!(!is_conflict, "`--devices` conflicts with `{name}`");
    }
    Ok(())
}

fn set_once<T>(slot: &mut Option<T>, value: T, name: &str) -> anyhow::Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => bail!("duplicate `{name}`"),
    }
}

/// Rejects an option in place of a forgotten file name: it may be `--token=…`.
fn read_file_name(file: OsString, option: &str) -> anyhow::Result<PathBuf> {
    match file.as_encoded_bytes() {
        [b'-', ..] => bail!("`{option}` needs a file; write `./-…` for one that starts with `-`"),
        _ => Ok(file.into()),
    }
}

fn read_token(token: &OsStr) -> anyhow::Result<Token<'static>> {
    token
        .to_str()
        .and_then(|token| token.parse().ok())
        .ok_or_else(|| anyhow!("`--token` takes one or more bytes in 0x21..=0x7E"))
}

fn unknown(arg: &Arg<'_>) -> anyhow::Error {
    match arg {
        // `--tokenSECRET` must not be shown.
        Arg::Long(name)
            if name.len() <= 12 && name.bytes().all(|byte| byte.is_ascii_lowercase()) =>
        {
            anyhow!("unknown option `--{name}`")
        }
        _ => anyhow!("unknown option; a query that starts with `-` must follow `--`"),
    }
}

fn without_values(error: lexopt::Error) -> anyhow::Error {
    match error {
        lexopt::Error::MissingValue {
            option: Some(option),
        } => anyhow!("`{option}` needs a value"),
        lexopt::Error::UnexpectedValue { option, .. } => anyhow!("`{option}` takes no value"),
        _ => anyhow!("invalid arguments"),
    }
}
