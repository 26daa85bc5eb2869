//! The server from its start to its end.

use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use tokio::net::TcpListener;

use crate::app::App;
use crate::config::Config;
use crate::devices::{DEMO_TOKEN, Devices};
use crate::http::router;
use crate::metrics::Metrics;
use crate::serve::serve;
use crate::store::Store;

/// Opens the store, says on `out` how to try the server, and serves until it is told to stop.
///
/// # Errors
///
/// It cannot start, or its store can never do anything again.
pub async fn run<S: Store>(
    config: &Config,
    database: &str,
    metrics: Arc<Metrics>,
    mut out: impl Write,
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
    let _ = out.write_all(welcome.as_bytes());
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
