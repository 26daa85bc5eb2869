//! The `pinquery-server` command: parses arguments, starts the log and picks the store.
#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use pinquery_server::config::Config;
use pinquery_server::log::{self, Log};
use pinquery_server::metrics::Metrics;
#[cfg(feature = "postgres")]
use pinquery_server::postgres::Postgres;
use pinquery_server::run::run;
use pinquery_server::sqlite::Sqlite;

fn main() -> ExitCode {
    let config = Config::parse();
    let metrics = Arc::new(Metrics::default());
    let result = Log::start(config.log, &metrics).and_then(|log| {
        let result = start(&config, metrics);
        log.finish();
        result
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::print_error(format!("pinquery-server: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn start(config: &Config, metrics: Arc<Metrics>) -> anyhow::Result<()> {
    let database = config.store.database.as_deref().and_then(OsStr::to_str);
    let database = database.unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let out = io::stdout();
    match database.starts_with("postgres://") || database.starts_with("postgresql://") {
        #[cfg(feature = "postgres")]
        true => runtime.block_on(run::<Postgres>(config, metrics, out)),
        #[cfg(not(feature = "postgres"))]
        true => {
            anyhow::bail!("built without PostgreSQL support: enable the feature `postgres`")
        }
        false => runtime.block_on(run::<Sqlite>(config, metrics, out)),
    }
}
