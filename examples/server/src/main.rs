//! Starts the server, says how to try it, and ends it in good order.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Parser;
use pinquery_server::app::App;
use pinquery_server::config::Config;
use pinquery_server::devices::{DEMO_TOKEN, Devices};
use pinquery_server::http::router;
use pinquery_server::log::{self, Log};
use pinquery_server::metrics::Metrics;
#[cfg(feature = "postgres")]
use pinquery_server::postgres::Postgres;
use pinquery_server::serve::serve;
use pinquery_server::sqlite::Sqlite;
use pinquery_server::store::Store;
use tokio::net::TcpListener;

fn main() -> ExitCode {
    let config = Config::parse();
    let metrics = Arc::new(Metrics::default());
    let ended = Log::start(config.log, &metrics).and_then(|log| {
        let ended = run(&config, metrics);
        log.end();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::last_line(format!("pinquery-server: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn run(config: &Config, metrics: Arc<Metrics>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(start_and_stop(config, metrics))
}

async fn start_and_stop(config: &Config, metrics: Arc<Metrics>) -> anyhow::Result<()> {
    let demo_database = || std::env::temp_dir().join("pinquery-demo.db").into();
    let database = config.store.database.clone().unwrap_or_else(demo_database);
    let database = database.to_str().context("`--database` is not UTF-8")?;
    match database.starts_with("postgres://") || database.starts_with("postgresql://") {
        #[cfg(feature = "postgres")]
        true => start_and_stop_on::<Postgres>(config, database, metrics).await,
        #[cfg(not(feature = "postgres"))]
        true => bail!("this server is built without PostgreSQL: see the feature `postgres`"),
        false => start_and_stop_on::<Sqlite>(config, database, metrics).await,
    }
}

async fn start_and_stop_on<S: Store>(
    config: &Config,
    database: &str,
    metrics: Arc<Metrics>,
) -> anyhow::Result<()> {
    let (devices, demo_token) = match &config.devices {
        Some(path) => (Devices::read(path)?, None),
        None => (Devices::demo(), Some(DEMO_TOKEN)),
    };
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.map_err(|error| cannot_listen(config.listen, &error))?;
    let address = listener.local_addr()?;
    let count = devices.len();
    let store = S::open(database, devices, &config.store, Arc::clone(&metrics)).await?;
    let app = Arc::new(App {
        store,
        metrics,
        demo_token,
    });
    let stop = stop_signal()?;

    let database = app.store.place();
    let welcome = welcome(address, demo_token, &database);
    // A reader that has gone is no failure of the server.
    let _ = io::stdout().write_all(welcome.as_bytes());
    tracing::info!(%address, devices = count, database, "started");
    let router = router(Arc::clone(&app), config.limits.request_timeout);
    let mut has_died = false;
    let end = async {
        tokio::select! {
            () = stop => {}
            () = app.store.died() => has_died = true,
        }
    };
    serve(listener, router, &config.limits, &app.metrics, end).await;
    app.store.close().await?;
    if has_died {
        // Whoever started it may start it anew.
        bail!("the writer of the database has died");
    }
    tracing::info!("stopped");
    Ok(())
}

/// With the way out, as whoever tries the server out may have something else on its port.
fn cannot_listen(address: SocketAddr, error: &io::Error) -> anyhow::Error {
    let way_out = match error.kind() {
        io::ErrorKind::AddrInUse => {
            let free = SocketAddr::new(address.ip(), 0);
            format!("; `--listen {free}` takes a free port")
        }
        _ => String::new(),
    };
    anyhow!("listen on {address}: {error}{way_out}")
}

/// The demonstration's lines can be sent as they are. A devices' file may have any pins, and its
/// tokens are secret.
fn welcome(address: SocketAddr, demo_token: Option<&str>, database: &str) -> String {
    let (pins, note) = match demo_token {
        Some(_) => ("v1=133&v2=21.5&v3=all+well&v5=24.94,60.17", ""),
        None => (
            "PIN=VALUE",
            "            TOKEN is a token of the devices file; the page shows its pins\n",
        ),
    };
    let token = demo_token.unwrap_or("TOKEN");
    format!(
        "pinquery-server listens on http://{address}\n  \
         send:     curl 'http://{address}/external/api/batch/update?token={token}&{pins}'\n{note}  \
         read:     curl 'http://{address}/external/api/getAll?token={token}'\n  \
         look:     http://{address}/\n  \
         database: {database}\n"
    )
}

/// Completes at SIGINT or SIGTERM.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => tracing::info!(signal = "SIGINT", "stopping"),
            _ = terminate.recv() => tracing::info!(signal = "SIGTERM", "stopping"),
        }
    })
}

/// Completes at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
        tracing::info!("stopping");
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_alone_has_a_free_one_as_its_way_out() {
        let says = |address: &str, kind: io::ErrorKind| {
            let address = address.parse().expect("an address");
            cannot_listen(address, &kind.into()).to_string()
        };
        let taken = says("[::1]:8080", io::ErrorKind::AddrInUse);
        assert!(taken.starts_with("listen on [::1]:8080: "), "{taken}");
        assert!(
            taken.ends_with("; `--listen [::1]:0` takes a free port"),
            "{taken}"
        );
        let denied = says("127.0.0.1:80", io::ErrorKind::PermissionDenied);
        assert!(!denied.contains("--listen"), "{denied}");
    }
}
