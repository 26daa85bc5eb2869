//! The `pinquery-server` command: parses arguments, starts the log and picks the store.
#![forbid(unsafe_code)]

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
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
    let demo_database = || std::env::temp_dir().join("pinquery-demo.db").into();
    let database = config.store.database.clone().unwrap_or_else(demo_database);
    let database = database.to_str().context("`--database` is not UTF-8")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let out = io::stdout();
    match database.starts_with("postgres://") || database.starts_with("postgresql://") {
        #[cfg(feature = "postgres")]
        true => runtime.block_on(run::<Postgres>(config, database, metrics, out)),
        #[cfg(not(feature = "postgres"))]
        true => {
            anyhow::bail!("built without PostgreSQL support: enable the feature `postgres`")
        }
        false => runtime.block_on(run::<Sqlite>(config, database, metrics, out)),
    }
}
