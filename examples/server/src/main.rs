//! The `pinquery-server` command: parses arguments, starts the log and picks the store.
#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{bail, ensure};
use clap::{Parser, Subcommand};
use pinquery_server::config::Config;
use pinquery_server::devices::Entries;
use pinquery_server::log::{self, Log};
use pinquery_server::metrics::Metrics;
#[cfg(feature = "nats")]
use pinquery_server::nats::{Nats, sink};
#[cfg(feature = "postgres")]
use pinquery_server::postgres::{self, Postgres};
use pinquery_server::prune::{self, Prune};
use pinquery_server::run::run;
use pinquery_server::sqlite::{self, Sqlite};
use tokio::runtime::Runtime;

#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
struct CommandLine {
    #[command(flatten)]
    server: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    Prune(Prune),
    #[cfg(feature = "nats")]
    Sink(sink::Sink),
    /// Checks a devices file as the server does at startup, without a database
    CheckDevices {
        /// JSON file with a template per token
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let CommandLine { server, command } = CommandLine::parse();
    let result = match command {
        Some(Command::Prune(options)) => prune(&options),
        #[cfg(feature = "nats")]
        Some(Command::Sink(options)) => sink(&options),
        Some(Command::CheckDevices { file }) => Entries::read(&file).map(drop),
        None => serve(&server),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::print_error(format!("pinquery-server: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn serve(config: &Config) -> anyhow::Result<()> {
    let metrics = Arc::new(Metrics::default());
    let log = Log::start(config.log, &metrics)?;
    let result = start(config, metrics);
    log.finish();
    result
}

fn start(config: &Config, metrics: Arc<Metrics>) -> anyhow::Result<()> {
    let kind = Kind::of(config.store.database.as_deref())?;
    ensure!(
        kind == Kind::Nats || config.store.read.is_none(),
        "`--read` requires a NATS URL as `--database`"
    );
    let (runtime, out) = (Runtime::new()?, io::stdout());
    let result = match kind {
        #[cfg(feature = "postgres")]
        Kind::Postgres => runtime.block_on(run::<Postgres>(config, metrics, out)),
        #[cfg(feature = "nats")]
        Kind::Nats => runtime.block_on(run::<Nats>(config, metrics, out)),
        _ => runtime.block_on(run::<Sqlite>(config, metrics, out)),
    };
    // Does not wait, because a reload may hang, for example on a network file system.
    runtime.shutdown_background();
    result
}

#[cfg(feature = "nats")]
fn sink(options: &sink::Sink) -> anyhow::Result<()> {
    let metrics = Arc::new(Metrics::default());
    let log = Log::start(options.log, &metrics)?;
    let (runtime, out) = (Runtime::new()?, io::stdout());
    let result = runtime.block_on(sink::run(options, metrics, out));
    log.finish();
    result
}

fn prune(options: &Prune) -> anyhow::Result<()> {
    let (runtime, out) = (Runtime::new()?, io::stdout());
    match Kind::of(Some(&options.database))? {
        Kind::Nats => bail!("a stream cannot be pruned: prune the sink's PostgreSQL database"),
        #[cfg(feature = "postgres")]
        Kind::Postgres => runtime.block_on(prune::run::<postgres::OldBatches>(options, out)),
        _ => runtime.block_on(prune::run::<sqlite::OldBatches>(options, out)),
    }
}

/// The kind of a database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
    Nats,
}

impl Kind {
    /// Returns the kind of `--database`. Fails if this build does not support it.
    fn of(database: Option<&OsStr>) -> anyhow::Result<Self> {
        let database = database.and_then(OsStr::to_str).unwrap_or_default();
        match database.split_once("://") {
            Some(("postgres" | "postgresql", _)) => {
                ensure!(
                    cfg!(feature = "postgres"),
                    "built without PostgreSQL support: enable the feature `postgres`"
                );
                Ok(Self::Postgres)
            }
            Some(("nats" | "tls", _)) => {
                ensure!(
                    cfg!(feature = "nats"),
                    "built without NATS support: enable the feature `nats`"
                );
                Ok(Self::Nats)
            }
            // Not used as a file name, which messages would repeat with the password.
            Some((scheme, _)) if !scheme.contains('/') => {
                bail!("the URL of a database must begin with `postgres://`, `nats://` or `tls://`")
            }
            _ => Ok(Self::Sqlite),
        }
    }
}
