//! The `sink` command: writes the batches of a stream to PostgreSQL, each exactly once.
//!
//! - [`session`]: writes until a fault, then starts again; [`reader`]: reads the stream.
//! - [`verify`]: checks that the stream matches the database; [`status`]: metrics and health.

mod reader;
mod session;
mod status;
mod verify;

use std::ffi::OsString;
use std::future::pending;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_nats::jetstream;
use clap::Args;
use tokio::net::TcpListener;

use super::url::Address;
use crate::config::Config;
use crate::listen::Sockets;
use crate::metrics::Metrics;
use crate::postgres::SinkDatabase;
use crate::serve::{Service, serve};
#[cfg(unix)]
use crate::signals::handle_signals;
use crate::signals::stop_signal;
use session::Sessions;
use status::Status;

/// Maximum connections for metrics and health.
const CONNECTIONS: usize = 16;

/// Writes the batches of a stream of NATS JetStream to PostgreSQL, each exactly once.
#[derive(Clone, Debug, PartialEq, Args)]
#[command(args_override_self = true)]
pub struct Sink {
    /// Stream to read: nats://HOST:PORT,HOST:PORT?stream=NAME
    #[arg(long, value_name = "URL")]
    pub from: OsString,
    /// Database to write: postgres://USER@HOST/NAME
    #[arg(long, value_name = "URL")]
    pub database: OsString,
    /// Address and port for /metrics and /health; port 0 picks a free one [default: none]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Log level: error, warn, info or debug
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log: tracing::Level,
}

/// Writes batches until a signal to stop arrives. The database then completes a commit in progress
/// or rolls it back.
///
/// # Errors
///
/// Fails if an option is invalid, if the database or the settings of the stream are rejected, if
/// the stream does not match the database, or if one of its messages cannot be read.
pub async fn run(options: &Sink, metrics: Arc<Metrics>, out: impl Write) -> anyhow::Result<()> {
    #[cfg(unix)]
    drop(handle_signals()?);
    let stop = stop_signal()?;
    let from = options.from.to_str().context("`--from` is not UTF-8")?;
    let database = options.database.to_str();
    let database = database.context("`--database` is not UTF-8")?;
    let from = Address::parse(from).context("`--from`")?;
    let database = SinkDatabase::new(database).context("`--database`")?;
    tokio::select! {
        result = write(&from, &database, options.listen, metrics, out) => result,
        () = stop => {
            tracing::info!("stopped");
            Ok(())
        }
    }
}

/// Connects and writes, until a failure that requires an operator.
async fn write(
    from: &Address,
    database: &SinkDatabase,
    listen: Option<SocketAddr>,
    metrics: Arc<Metrics>,
    mut out: impl Write,
) -> anyhow::Result<()> {
    let mut config = Config::default();
    config.listen = listen.unwrap_or(config.listen);
    let sockets = listen.map(|_| Sockets::bind(&config)).transpose()?;
    let client = from.connect(Duration::MAX).await;
    let context = jetstream::new(client.with_context(|| from.location())?);
    let listener = sockets.map(Sockets::listen).transpose()?;
    let listener = listener.map(|listeners| listeners.public);
    // The sink runs even if nobody reads the banner.
    let _ = out.write_all(banner(listener.as_ref(), from, database)?.as_bytes());
    let status = Arc::new(Status::new(context.clone(), &from.stream));
    let service = listener.map(|listener| Service {
        listener,
        router: status::router(Arc::clone(&status), Arc::clone(&metrics)),
        connections: CONNECTIONS,
    });
    let services = service.into_iter().collect();
    tokio::select! {
        error = Sessions::new(context, from, database, &status, &metrics).run() => Err(error),
        () = serve(services, &config.limits, &metrics, pending()) => Ok(()),
    }
}

/// Returns the text to print at startup.
fn banner(
    listener: Option<&TcpListener>,
    from: &Address,
    database: &SinkDatabase,
) -> anyhow::Result<String> {
    let listening = match listener {
        Some(listener) => format!(" listening on http://{}", listener.local_addr()?),
        None => String::new(),
    };
    let (from, database) = (from.location(), database.location());
    Ok(format!(
        "pinquery-server sink{listening}\n  stream:   {from}\n  database: {database}\n"
    ))
}
