//! Signals to the process.

use std::future::Future;
use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ignores SIGUSR1 and SIGUSR2, which scripts for log rotation send, and returns the stream of
/// SIGHUP, which reloads the devices. Called first, because by default these signals end the
/// process. SIGINT and SIGTERM still do so until the server has started.
#[cfg(unix)]
pub(crate) fn handle_signals() -> io::Result<Signal> {
    // The handler remains when the stream is dropped.
    for ignored in [SignalKind::user_defined1(), SignalKind::user_defined2()] {
        drop(signal(ignored)?);
    }
    signal(SignalKind::hangup())
}

/// Completes at SIGINT or SIGTERM.
#[cfg(unix)]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
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
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
        tracing::info!("stopping");
    })
}
