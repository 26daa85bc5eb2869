//! Command-line options.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::{HeaderValue, Uri};
use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser};

/// Receives Blynk batch updates and stores them in a database.
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(version, after_help = STATUS, args_override_self = true)]
pub struct Config {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Separate address and port for /metrics and /health, with a separate limit of connections
    /// [default: the address of --listen]
    #[arg(long, value_name = "ADDRESS")]
    pub admin_listen: Option<SocketAddr>,
    /// JSON file with a template per token: {"TOKEN":{"v1":{"type":"integer"}}}
    /// [default: a demo device]
    #[arg(long, value_name = "FILE", requires = "database")]
    pub devices: Option<PathBuf>,
    /// Log level: error, warn, info or debug; debug logs each rejected request without its query
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log: tracing::Level,
    /// Origin whose web pages may call Blynk's endpoints, such as https://example.com; repeatable;
    /// * allows all
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    pub allow_origin: Vec<HeaderValue>,
    /// Time after a batch for which isHardwareConnected is true and the page shows the device as
    /// online, in seconds
    #[arg(long, value_name = "S", default_value = "300", value_parser = seconds)]
    pub offline_after: Duration,
    /// Client limits.
    #[command(flatten)]
    pub limits: Limits,
    /// Store options.
    #[command(flatten)]
    pub store: StoreLimits,
}

const STATUS: &str = "\
Exit status: 0 after SIGINT or SIGTERM (once the server has started), \
1 if the server fails to start or to keep running, 2 for a usage error.";

/// Client limits.
#[derive(Clone, Debug, PartialEq, Args)]
#[command(next_help_heading = "Client limits (times in seconds)")]
pub struct Limits {
    /// Maximum open connections; further ones get 503
    #[arg(long, value_name = "N", default_value = "4096", value_parser = at_least_one())]
    pub connections: usize,
    /// Maximum size of the request line and headers, 8192 to 65536
    // hyper requires at least 8192 bytes and limits request targets to 65534.
    #[arg(long, value_name = "BYTES", default_value = "16384",
          value_parser = RangedU64ValueParser::<usize>::new().range(8192..=65536))]
    pub head: usize,
    /// Maximum number of request headers
    #[arg(long, value_name = "N", default_value = "64", value_parser = at_least_one())]
    pub headers: usize,
    /// Timeout for receiving a request's headers, and for idle connections
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub header_timeout: Duration,
    /// Timeout from the end of the headers to the response
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    pub request_timeout: Duration,
    /// Timeout for sending a response, until the client has received all of it
    #[arg(long, value_name = "S", default_value = "30", value_parser = seconds)]
    pub write_timeout: Duration,
    /// Grace period for requests in flight at SIGINT or SIGTERM
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    pub shutdown_timeout: Duration,
}

/// Store options.
#[derive(Clone, Debug, PartialEq, Args)]
#[command(next_help_heading = "Store (times in seconds)")]
pub struct StoreLimits {
    /// SQLite file, created if missing, postgres://USER@HOST/NAME, or
    /// nats://HOST:4222,HOST:4222?stream=NAME&replicas=3
    /// [default: pinquery-server/demo.db in $XDG_STATE_HOME; required with --devices]
    #[arg(long, value_name = "FILE or URL")]
    pub database: Option<OsString>,
    /// NATS: database of the sink to read values from: postgres://USER@HOST/NAME
    /// [default: none; reads get 501]
    #[arg(long, value_name = "URL")]
    pub read: Option<String>,
    /// Maximum batches waiting to be written; further ones get 503
    #[arg(long, value_name = "N", default_value = "4096", value_parser = at_least_one())]
    pub queue: usize,
    /// Maximum batches per commit
    #[arg(long, value_name = "N", default_value = "512", value_parser = at_least_one())]
    pub group: usize,
    /// SQLite: how long to wait for a locked database before responding 503
    #[arg(long, value_name = "S", default_value = "0.25", value_parser = seconds)]
    pub lock_wait: Duration,
    /// SQLite: maximum database size; batches that exceed it get 503 [default: none]
    #[arg(long, value_name = "BYTES")]
    pub max_database: Option<u64>,
    /// SQLite: file permissions, as for chmod; an existing file must have them
    #[arg(long, value_name = "OCTAL", default_value = "600", value_parser = mode)]
    pub mode: u32,
    /// PostgreSQL: connections for writing, one of which is for devices locked by other programs
    #[arg(long, value_name = "N", default_value = "3", value_parser = at_least_one())]
    pub pool: usize,
    /// PostgreSQL: connections for reading
    #[arg(long, value_name = "N", default_value = "2", value_parser = at_least_one())]
    pub read_pool: usize,
    /// PostgreSQL and NATS: how long to wait at startup for a database that is not up yet
    #[arg(long, value_name = "S", default_value = "30", value_parser = seconds)]
    pub wait_for_database: Duration,
    /// PostgreSQL: statement timeout, after which batches get 503; NATS: batches get 503 a second
    /// later
    #[arg(long, value_name = "S", default_value = "2", value_parser = seconds)]
    pub statement_timeout: Duration,
}

/// The defaults of the command line.
impl Default for Config {
    fn default() -> Self {
        Self::parse_from(["pinquery-server"])
    }
}

/// Parses a number up to a million, which is within the capacity of a semaphore and of a channel.
pub(crate) fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=1_000_000)
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().unwrap_or(f64::NAN);
    match (0.001..=86_400.0).contains(&seconds) {
        true => Ok(Duration::from_secs_f64(seconds)),
        false => Err("must be 0.001 to 86400 seconds".to_owned()),
    }
}

fn origin(text: &str) -> Result<HeaderValue, String> {
    let uri: Option<Uri> = text.parse().ok();
    match text == "*" || uri.as_ref().and_then(canonical_origin).as_deref() == Some(text) {
        true => HeaderValue::from_str(text).map_err(|error| error.to_string()),
        false => Err("must be * or an origin, such as https://example.com".to_owned()),
    }
}

/// Returns the origin of a URL as browsers send it: in lowercase and without a default port.
fn canonical_origin(uri: &Uri) -> Option<String> {
    let scheme = uri.scheme_str()?;
    let host = uri.host().filter(|host| !host.contains('*'))?;
    let host = host.to_lowercase();
    Some(match (scheme, uri.port_u16()) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => format!("{scheme}://{host}"),
        (_, Some(port)) => format!("{scheme}://{host}:{port}"),
    })
}

fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).unwrap_or(0);
    match mode & 0o600 == 0o600 && mode <= 0o777 {
        true => Ok(mode),
        false => Err("must be 600 to 777, with read and write access for the owner".to_owned()),
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
    fn every_option_changes_the_config() {
        Config::command().debug_assert();
        let mut count = 0;
        for argument in Config::command().get_arguments() {
            let name = argument.get_long().expect("there are only options");
            let value = match name {
                "listen" | "admin-listen" => "127.0.0.1:0",
                "log" => "debug",
                "head" => "9000",
                "mode" => "640",
                "allow-origin" => "*",
                _ => "7",
            };
            let set = config(&[&format!("--{name}"), value, "--database", "x"]);
            if name != "database" {
                let default = config(&["--database", "x"]).expect("valid options");
                assert_ne!(set.expect("valid options"), default, "{name}");
            }
            count += 1;
        }
        assert_eq!(count, 24);
    }

    #[test]
    fn times_are_in_seconds() {
        for argument in Config::command().get_arguments() {
            let name = argument.get_long().expect("there are only options");
            if argument
                .get_value_names()
                .is_some_and(|names| names[0] == "S")
            {
                let config = config(&[&format!("--{name}"), "1.25"]).expect("valid options");
                let config = format!("{config:?}");
                assert_eq!(config.matches("1.25s").count(), 1, "{name}: {config}");
            }
        }
    }

    #[test]
    fn origins_are_added_to_the_list() {
        let args = [
            "https://example.com",
            "http://[::1]:8000",
            "app://localhost",
            "*",
        ];
        let args = args.map(|origin| ["--allow-origin", origin]);
        let config = config(&args.concat()).expect("valid options");
        assert_eq!(config.allow_origin, args.map(|[_, origin]| origin));
    }

    #[test]
    fn invalid_arguments_are_rejected() {
        for args in [
            &["--nonsense", "1"][..],
            &["--queue", "0"],
            &["--queue", "-1"],
            &["--queue"],
            &["--head", "10"],
            &["--header-timeout", "0"],
            &["--header-timeout", "NaN"],
            &["--listen", "8080"],
            &["--admin-listen", "9090"],
            &["--devices", "x"],
            &["--mode", "400"],
            &["--mode", "1777"],
            &["--mode", "rw"],
            &["--allow-origin", ""],
            &["--allow-origin", "null"],
            &["--allow-origin", "example.com"],
            &["--allow-origin", "https://example.com/"],
            &["--allow-origin", "https://Example.com"],
            &["--allow-origin", "https://example.com:443"],
            &["--allow-origin", "https://user@example.com"],
            &["--allow-origin", "https://*.example.com"],
            &["--offline-after", "0"],
            &["x"],
            &["-x"],
        ] {
            assert!(config(args).is_err(), "{args:?}");
        }
    }
}
