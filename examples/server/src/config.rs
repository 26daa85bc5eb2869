//! What can be chosen on the command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser};

/// Receives Blynk batch updates and keeps them in a database.
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(version, after_help = STATUS, args_override_self = true)]
pub struct Config {
    /// Address and port; port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// JSON, a template for each token: {"TOKEN":{"v1":{"type":"integer"}}}
    /// [default: a demonstration's device]
    #[arg(long, value_name = "FILE", requires = "database")]
    pub devices: Option<PathBuf>,
    /// The least severe event to log: error, warn, info or debug, which logs each refused request
    /// without its query
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log: tracing::Level,
    /// What a client may cost.
    #[command(flatten)]
    pub limits: Limits,
    /// What the store may take.
    #[command(flatten)]
    pub store: StoreLimits,
}

const STATUS: &str = "\
Exit status: 0 after a shutdown by SIGINT or SIGTERM, 1 where the server cannot start or go on, \
2 for wrong usage.";

/// What a client may cost.
#[derive(Clone, Debug, PartialEq, Args)]
#[command(next_help_heading = "Limits of clients, times in seconds")]
pub struct Limits {
    /// Open connections; one more gets 503
    #[arg(long, value_name = "N", default_value = "4096", value_parser = at_least_one())]
    pub connections: usize,
    /// Bytes of a request's line and headers, 8192 to 65536
    // At least what the HTTP library needs, at most what it takes as a request's target.
    #[arg(long, value_name = "BYTES", default_value = "16384",
          value_parser = RangedU64ValueParser::<usize>::new().range(8192..=65536))]
    pub head: usize,
    /// Headers of a request
    #[arg(long, value_name = "N", default_value = "64", value_parser = at_least_one())]
    pub headers: usize,
    /// For a whole head, and for an idle connection
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub header_timeout: Duration,
    /// From the head to the answer
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    pub request_timeout: Duration,
    /// For a client that takes nothing of its answer
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub write_timeout: Duration,
    /// For requests in flight at SIGINT or SIGTERM
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    pub shutdown_timeout: Duration,
}

/// What the store may take.
#[derive(Clone, Debug, PartialEq, Args)]
#[command(next_help_heading = "The store")]
pub struct StoreLimits {
    /// SQLite database, made where there is none, or postgres://USER@HOST/NAME
    /// [default: pinquery-demo.db among the temporary files; with --devices it must be given]
    #[arg(long, value_name = "FILE or URL")]
    pub database: Option<OsString>,
    /// Batches that wait to be written; one more gets 503
    #[arg(long, value_name = "N", default_value = "4096", value_parser = at_least_one())]
    pub queue: usize,
    /// Batches in one commit
    #[arg(long, value_name = "N", default_value = "512", value_parser = at_least_one())]
    pub group: usize,
    /// SQLite: for a locked database, then 503
    #[arg(long, value_name = "S", default_value = "0.25", value_parser = seconds)]
    pub lock_wait: Duration,
    /// SQLite: size of the database, then 503 [default: none]
    #[arg(long, value_name = "BYTES")]
    pub max_database: Option<u64>,
    /// SQLite: who may read and write its files, as chmod takes it
    #[arg(long, value_name = "OCTAL", default_value = "600", value_parser = mode)]
    pub mode: u32,
    /// PostgreSQL: connections of this server
    #[arg(long, value_name = "N", default_value = "4", value_parser = at_least_one())]
    pub pool: usize,
    /// PostgreSQL: for a statement, then 503
    #[arg(long, value_name = "S", default_value = "2", value_parser = seconds)]
    pub statement_timeout: Duration,
}

/// What is chosen where nothing is said.
impl Default for Config {
    fn default() -> Self {
        Self::parse_from(["pinquery-server"])
    }
}

/// At most what a semaphore and a channel can count.
fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=1_000_000)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().unwrap_or(f64::NAN);
    match (0.001..=86_400.0).contains(&seconds) {
        true => Ok(Duration::from_secs_f64(seconds)),
        false => Err("takes 0.001 to 86400 seconds".to_owned()),
    }
}

fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).unwrap_or(0);
    match mode & 0o600 == 0o600 && mode <= 0o777 {
        true => Ok(mode),
        false => {
            Err("takes 600 to 777, with which the server itself can read and write".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn config(args: &[&str]) -> Result<Config, clap::Error> {
        Config::try_parse_from([&["pinquery-server"], args].concat())
    }

    #[test]
    fn every_option_sets_something() {
        Config::command().debug_assert();
        let mut count = 0;
        for argument in Config::command().get_arguments() {
            let name = argument.get_long().expect("only options are taken");
            let value = match name {
                "listen" => "127.0.0.1:0",
                "log" => "debug",
                "head" => "9000",
                "mode" => "640",
                _ => "7",
            };
            let set = config(&[&format!("--{name}"), value, "--database", "x"]);
            if name != "database" {
                let default = config(&["--database", "x"]).expect("a config");
                assert_ne!(set.expect("a config"), default, "{name}");
            }
            count += 1;
        }
        assert_eq!(count, 18);
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
            &["--mode", "400"],
            &["--mode", "1777"],
            &["--mode", "rw"],
            &["x"],
            &["-x"],
        ] {
            assert!(config(args).is_err(), "{args:?}");
        }
    }
}
