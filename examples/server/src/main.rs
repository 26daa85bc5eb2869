//! The `pinquery-server` command: parses arguments, starts the log and picks the store.
#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::ensure;
use clap::{Parser, Subcommand};
use pinquery_server::config::Config;
use pinquery_server::devices::Entries;
use pinquery_server::log::{self, Log};
use pinquery_server::metrics::Metrics;
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
    let (runtime, out) = (Runtime::new()?, io::stdout());
    let result = match is_postgres(config.store.database.as_deref())? {
        #[cfg(feature = "postgres")]
        true => runtime.block_on(run::<Postgres>(config, metrics, out)),
        _ => runtime.block_on(run::<Sqlite>(config, metrics, out)),
    };
    // Does not wait, because a reload may hang, for example on a network file system.
    runtime.shutdown_background();
    result
}

fn prune(options: &Prune) -> anyhow::Result<()> {
    let (runtime, out) = (Runtime::new()?, io::stdout());
    match is_postgres(Some(&options.database))? {
        #[cfg(feature = "postgres")]
        true => runtime.block_on(prune::run::<postgres::OldBatches>(options, out)),
        _ => runtime.block_on(prune::run::<sqlite::OldBatches>(options, out)),
    }
}

/// Returns whether `--database` is a PostgreSQL URL. Fails if this build does not support it.
fn is_postgres(database: Option<&OsStr>) -> anyhow::Result<bool> {
    let database = database.and_then(OsStr::to_str).unwrap_or_default();
    let is_postgres = database.starts_with("postgres://") || database.starts_with("postgresql://");
    ensure!(
        cfg!(feature = "postgres") || !is_postgres,
        "built without PostgreSQL support: enable the feature `postgres`"
    );
    Ok(is_postgres)
}
