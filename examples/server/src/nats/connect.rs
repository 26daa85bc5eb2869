//! Connections to NATS.

use std::time::{Duration, Instant};

use anyhow::ensure;
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use tokio::time::sleep;

use super::url::Address;

/// Pause between attempts to connect to a cluster that is not up yet.
const PAUSE: Duration = Duration::from_secs(1);

/// Time allowed for connecting to one server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Time allowed for a request, such as for the state of a stream. A server that is not ready does not
/// respond, so the request is soon repeated.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// Interval between pings. A server that does not respond to two in a row is replaced with another.
const PING_INTERVAL: Duration = Duration::from_secs(2);

impl Address {
    /// Connects to one of the servers. Waits up to `wait` for a cluster that is not up yet. A lost
    /// connection is replaced.
    ///
    /// # Errors
    ///
    /// Fails if no server can be reached, or if a server rejects the credentials or is older than
    /// 2.10.
    pub async fn connect(&self, wait: Duration) -> anyhow::Result<Client> {
        let begin = Instant::now();
        let mut is_logged = false;
        let client = loop {
            let error = match self.options().connect(&self.servers[..]).await {
                Ok(client) => break client,
                Err(error) => error,
            };
            // Waiting would not help: the credentials or the certificates are wrong.
            let is_final = matches!(
                error.kind(),
                ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Tls
            );
            // The message already includes the source.
            ensure!(
                !is_final && begin.elapsed() + PAUSE <= wait,
                "cannot connect: {error}"
            );
            if !is_logged {
                tracing::warn!("waiting for NATS: {error}");
                is_logged = true;
            }
            sleep(PAUSE).await;
        };
        ensure!(
            client.is_server_compatible(2, 10, 0),
            "NATS {} is too old: 2.10 is required",
            client.server_info().version
        );
        Ok(client)
    }

    fn options(&self) -> ConnectOptions {
        let mut options = ConnectOptions::new()
            .name("pinquery-server")
            .require_tls(self.tls)
            .connection_timeout(CONNECT_TIMEOUT)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .ping_interval(PING_INTERVAL)
            // Short at first, because another server is usually available.
            .reconnect_delay_callback(|attempts| {
                Duration::from_millis(if attempts < 4 { 50 } else { 500 })
            })
            .event_callback(log);
        if let Some((user, password)) = &self.user {
            options = options.user_and_password(user.clone(), password.clone());
        }
        if let Some(file) = &self.ca {
            options = options.add_root_certificates(file.clone());
        }
        options
    }
}

/// Logs the beginning and the end of an interruption, but not the attempts to reconnect.
async fn log(event: Event) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => tracing::warn!("disconnected from NATS"),
        _ => tracing::debug!("{event}"),
    }
}
