//! The command line. No message repeats an argument that may hold a token: messages end up in logs.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use anyhow::{anyhow, bail};
use lexopt::{Arg, Parser};

pub const HELP: &str = "\
Judges batch update queries by a template, as a server would.

Usage: batch_update [--json] [--template FILE] [--token TOKEN] [--] [QUERY]...

Without any argument it shows a demonstration. Otherwise each QUERY is judged
and shown as a table or as a rejection, its token and unknown names masked. Where
there is an option and no QUERY, standard input is read: LF alone ends a query,
and an empty line is an empty query.

Arguments:
  [QUERY]...       Queries without their `?`, as 'token=t&v1=33&v2=44';
                   one that begins with `-` must stand behind `--`

Options:
  --json           Print one JSON object for each query, as
                   {\"updates\":[{\"pin\":1,\"value\":33,\"adjusted\":null}]} or
                   {\"error\":{\"message\":\"Wrong pin format.\"},
                    \"kind\":\"invalid_pin\",\"span\":[38,42]}, on one line;
                   an error about a pin adds \"pin\":2, one about its value
                   also \"reason\":\"not_a_double\"
  --template FILE  Judge by the datastreams in FILE, as
                   {\"v1\":{\"type\":\"integer\",\"min\":0,\"max\":100}};
                   by default v1 is integer 0 to 100, v2 double, v3 string of
                   up to 64 bytes, v4 enumerable 0, 20 or 130 that falls back
                   to 0, v5 location, v6 boolean
  --token TOKEN    Know this token alone; by default every valid one is known
  -h, --help       Print this help
  -V, --version    Print the version

Colours are for terminals, and not where NO_COLOR is set.

Exit status:
  0    every query was accepted, or there was none
  1    a query was refused
  2    wrong usage, a template that cannot be built, or a failed read or write
  141  whoever read the output has stopped reading
";

pub enum Command {
    Help,
    Version,
    Demonstrate,
    Judge(Options),
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
            Arg::Value(_) => bail!("a query that begins with `-` must stand behind `--`"),
            Arg::Long(_) | Arg::Short(_) => return Err(unknown(&arg)),
        }
    }
    Ok(match options == Options::default() {
        true => Command::Demonstrate,
        false => Command::Judge(options),
    })
}

fn set_once<T>(slot: &mut Option<T>, value: T, name: &str) -> anyhow::Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => bail!("`{name}` comes twice"),
    }
}

/// Where the name was forgotten, the next option is not one: it may be `--token=…`.
fn read_file_name(name: OsString) -> anyhow::Result<PathBuf> {
    match name.as_encoded_bytes() {
        [b'-', ..] => bail!("`--template` needs a file; one that begins with `-` is `./-…`"),
        _ => Ok(name.into()),
    }
}

fn read_token(token: &OsStr) -> anyhow::Result<String> {
    token
        .to_str()
        .filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()))
        .map(str::to_owned)
        .ok_or_else(|| anyhow!("`--token` takes one or more bytes of 0x21 to 0x7E"))
}

fn unknown(arg: &Arg<'_>) -> anyhow::Error {
    match arg {
        // `--tokenSECRET` is no option's name, and not to be shown.
        Arg::Long(name)
            if name.len() <= 12 && name.bytes().all(|byte| byte.is_ascii_lowercase()) =>
        {
            anyhow!("`--{name}` is no option")
        }
        _ => anyhow!("an option is unknown; a query that begins with `-` must stand behind `--`"),
    }
}

fn without_values(error: lexopt::Error) -> anyhow::Error {
    match error {
        lexopt::Error::MissingValue {
            option: Some(option),
        } => anyhow!("`{option}` needs a value"),
        lexopt::Error::UnexpectedValue { option, .. } => anyhow!("`{option}` takes no value"),
        _ => anyhow!("the arguments make no sense"),
    }
}
