//! The command line. No message repeats an argument that may contain a token, because messages end
//! up in logs.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use anyhow::{anyhow, bail};
use lexopt::{Arg, Parser};

pub const HELP: &str = "\
Parses batch update queries against a template, as a server would.

Usage: batch_update [--json] [--template FILE] [--token TOKEN] [--] [QUERY]...

Without arguments, runs a demo. Otherwise prints the updates of each QUERY, or
where and why it was rejected; tokens and unknown names are redacted. With
options but no QUERY, reads standard input: only LF ends a query, and an empty
line is an empty query.

Arguments:
  [QUERY]...       Queries without their `?`, such as 'token=t&v1=33&v2=44'.
                   A query that starts with `-` must follow `--`

Options:
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

Colours are used on terminals unless NO_COLOR is set.

Exit status:
  0    all queries were accepted, or there were none
  1    at least one query was rejected
  2    wrong usage, invalid template, or failed read or write
  141  standard output was closed by its reader
";

pub enum Command {
    Help,
    Version,
    Demo,
    Parse(Options),
}

#[derive(Default, PartialEq)]
pub struct Options {
    pub json: bool,
    pub template: Option<PathBuf>,
    pub token: Option<String>,
    pub queries: Vec<OsString>,
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
            options.queries.extend(rest);
            break;
        }
        let Some(arg) = parser.next().map_err(without_values)? else {
            break;
        };
        match arg {
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            Arg::Long("version") | Arg::Short('V') => return Ok(Command::Version),
            Arg::Long("json") => options.json = true,
            Arg::Long("template") => {
                let file = read_file_name(parser.value().map_err(without_values)?)?;
                set_once(&mut options.template, file, "--template")?;
            }
            Arg::Long("token") => {
                let token = read_token(&parser.value().map_err(without_values)?)?;
                set_once(&mut options.token, token, "--token")?;
            }
            Arg::Value(query) if query != "-" => options.queries.push(query),
            Arg::Value(_) => bail!("a query that starts with `-` must follow `--`"),
            Arg::Long(_) | Arg::Short(_) => return Err(unknown(&arg)),
        }
    }
    Ok(match options == Options::default() {
        true => Command::Demo,
        false => Command::Parse(options),
    })
}

fn set_once<T>(slot: &mut Option<T>, value: T, name: &str) -> anyhow::Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => bail!("duplicate `{name}`"),
    }
}

/// Rejects an option in place of a forgotten file name: it may be `--token=…`.
fn read_file_name(name: OsString) -> anyhow::Result<PathBuf> {
    match name.as_encoded_bytes() {
        [b'-', ..] => bail!("`--template` needs a file; write `./-…` for one that starts with `-`"),
        _ => Ok(name.into()),
    }
}

fn read_token(token: &OsStr) -> anyhow::Result<String> {
    token
        .to_str()
        .filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()))
        .map(str::to_owned)
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
