//! The command line.

use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use lexopt::{Arg, Parser, ValueExt};

use crate::config::Config;

/// What `--help` prints.
pub const HELP: &str = "\
Receives Blynk batch updates and keeps them in SQLite.

Usage: pinquery-server [OPTION]...

  --listen ADDRESS       Address and port; port 0 is a free one [127.0.0.1:8080]
  --devices FILE         JSON, a template for each token:
                         {\"TOKEN\":{\"v1\":{\"type\":\"integer\",\"min\":0,\"max\":100}}}
                         [a demonstration's device]
  --database FILE        SQLite database, made where there is none
                         [pinquery-demo.db among the temporary files;
                         with --devices it must be given]
  --log LEVEL            error, warn, info or debug, which logs each refused
                         request without its query [info]

Limits of clients (times in seconds, as 2.5):
  --connections N        Open connections; one more gets 503 [4096]
  --head BYTES           Request line and headers, 8192 to 65536 [16384]
  --headers N            Headers of a request [64]
  --header-timeout S     For a whole head, and for an idle connection [10]
  --request-timeout S    From the head to the answer [5]
  --write-timeout S      A client that takes nothing of its answer [10]
  --shutdown-timeout S   For requests in flight at SIGINT or SIGTERM [5]

Limits of the store:
  --queue N              Batches that wait to be written; one more gets 503 [4096]
  --group N              Batches in one commit [512]
  --lock-wait S          For a locked database, then 503 [0.25]
  --max-database BYTES   Size of the database, then 503 [none]

  -h, --help             Print this help
  -V, --version          Print the version

Exit status: 0 after a shutdown by SIGINT or SIGTERM, 1 where the server cannot
start or go on, 2 for wrong usage.
";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// The help.
    Help,
    /// The version.
    Version,
    /// The server.
    Serve(Box<Config>),
}

/// Reads the process's own arguments.
///
/// # Errors
///
/// Wrong usage.
pub fn read() -> anyhow::Result<Command> {
    parse(Parser::from_env())
}

/// Reads these arguments, without a program's name in front.
///
/// # Errors
///
/// Wrong usage.
pub fn read_from<I>(args: I) -> anyhow::Result<Command>
where
    I: IntoIterator<Item: Into<OsString>>,
    I::IntoIter: 'static,
{
    parse(Parser::from_args(args))
}

fn parse(mut parser: Parser) -> anyhow::Result<Command> {
    let mut config = Config::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long(name) => {
                let name = name.to_owned();
                set(&mut config, &name, &mut parser).with_context(|| format!("`--{name}`"))?;
            }
            _ => bail!("only options are taken"),
        }
    }
    if config.devices.is_some() && config.database.is_none() {
        bail!("with `--devices` a `--database` must be given");
    }
    Ok(Command::Serve(Box::new(config)))
}

fn set(config: &mut Config, name: &str, parser: &mut Parser) -> anyhow::Result<()> {
    let Config { limits, store, .. } = config;
    match name {
        "listen" => config.listen = value(parser)?,
        "devices" => config.devices = Some(parser.value()?.into()),
        "database" => config.database = Some(parser.value()?.into()),
        "log" => config.log = value(parser)?,
        "connections" => limits.connections = at_least_one(parser)?,
        "head" => limits.head = head(parser)?,
        "headers" => limits.headers = at_least_one(parser)?,
        "header-timeout" => limits.header_timeout = seconds(parser)?,
        "request-timeout" => limits.request_timeout = seconds(parser)?,
        "write-timeout" => limits.write_timeout = seconds(parser)?,
        "shutdown-timeout" => limits.shutdown_timeout = seconds(parser)?,
        "queue" => store.queue = at_least_one(parser)?,
        "group" => store.group = at_least_one(parser)?,
        "lock-wait" => store.lock_wait = seconds(parser)?,
        "max-database" => store.database = Some(value(parser)?),
        _ => bail!("no such option"),
    }
    Ok(())
}

fn value<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    parser: &mut Parser,
) -> anyhow::Result<T> {
    Ok(parser.value()?.parse()?)
}

/// At most what a semaphore and a channel can count.
fn at_least_one(parser: &mut Parser) -> anyhow::Result<usize> {
    match value(parser)? {
        number @ 1..=1_000_000 => Ok(number),
        _ => bail!("takes 1 to 1000000"),
    }
}

/// At least what the HTTP library needs, at most what it takes as a request's target.
fn head(parser: &mut Parser) -> anyhow::Result<usize> {
    match value(parser)? {
        bytes @ 8192..=65536 => Ok(bytes),
        _ => bail!("takes 8192 to 65536"),
    }
}

fn seconds(parser: &mut Parser) -> anyhow::Result<Duration> {
    let seconds: f64 = value(parser)?;
    if !(0.001..=86_400.0).contains(&seconds) {
        return Err(anyhow!("takes 0.001 to 86400 seconds"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(args: &[&str]) -> Config {
        match read_from(args.iter().map(|arg| arg.to_string()).collect::<Vec<_>>()) {
            Ok(Command::Serve(config)) => *config,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_option_of_the_help_is_one_and_sets_something() {
        let options = HELP
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("--"))
            .filter_map(|line| line.split_whitespace().next());
        let mut count = 0;
        for name in options {
            let option = format!("--{name}");
            let value = match name {
                "listen" => "127.0.0.1:0",
                "log" => "debug",
                "head" => "9000",
                _ => "7",
            };
            let config = config(&[&option, value, "--database", "x"]);
            let default = Config {
                database: Some("x".into()),
                ..Config::default()
            };
            if name != "database" {
                assert_ne!(config, default, "{name}");
            }
            count += 1;
        }
        assert_eq!(count, 15);
    }

    #[test]
    fn wrong_usage_is_refused() {
        for args in [
            &["--nonsense", "1"][..],
            &["--queue", "0"],
            &["--queue", "-1"],
            &["--queue"],
            &["--head", "10"],
            &["--header-timeout", "0"],
            &["--header-timeout", "NaN"],
            &["--listen", "8080"],
            &["--devices", "x"],
            &["x"],
            &["-x"],
        ] {
            let args: Vec<String> = args.iter().map(|arg| arg.to_string()).collect();
            assert!(read_from(args.clone()).is_err(), "{args:?}");
        }
    }

    #[test]
    fn help_and_version_are_asked_for() {
        assert_eq!(read_from(["-h"]).unwrap(), Command::Help);
        assert_eq!(read_from(["--version"]).unwrap(), Command::Version);
    }
}
