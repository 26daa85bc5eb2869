//! Connections: limits, timeouts and graceful shutdown.

use std::error::Error;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::config::Limits;
use crate::deadline::{Deadline, DeadlineStream};
use crate::fault::Fault;
use crate::metrics::{Broken, Metrics, Operation};

/// Connections beyond the limit that are sent a 503 concurrently; further ones are just closed.
const MAX_TURNED_AWAY: usize = 64;

/// How long a client may take to read that 503.
const TURN_AWAY_TIMEOUT: Duration = Duration::from_secs(1);

/// Pause before accepting again, for example when the process is out of file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\n\
    retry-after: 1\r\n\
    x-content-type-options: nosniff\r\n\
    connection: close\r\n\
    content-length: 65\r\n\r\n\
    {\"error\":{\"message\":\"Too many connections are open. Try again.\"}}";

/// A listener with its router and limit of connections.
pub struct Service {
    /// Accepts connections.
    pub listener: TcpListener,
    /// Responds to requests.
    pub router: Router,
    /// Maximum open connections.
    pub connections: usize,
}

/// Serves until `stop` completes, then stops accepting and waits for requests in flight.
pub async fn serve(
    services: Vec<Service>,
    limits: &Limits,
    metrics: &Arc<Metrics>,
    stop: impl Future<Output = ()>,
) {
    let (running, stopped) = watch::channel(());
    let mut tasks = JoinSet::new();
    for service in services {
        let connections = Connections {
            router: service.router,
            protocol: protocol(limits),
            write_timeout: limits.write_timeout,
            open: Arc::new(Semaphore::new(service.connections)),
            turned_away: Arc::new(Semaphore::new(MAX_TURNED_AWAY)),
            graceful: GracefulShutdown::new(),
            metrics: Arc::clone(metrics),
            fault: Fault::new(Operation::Accept, Arc::clone(metrics)),
        };
        let shutdown_timeout = limits.shutdown_timeout;
        let listener = service.listener;
        tasks.spawn(connections.serve_until(listener, stopped.clone(), shutdown_timeout));
    }
    stop.await;
    drop(running);
    tasks.join_all().await;
}

fn protocol(limits: &Limits) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        // `nc -N` and some firmware shut down their side before reading the response.
        .half_close(true)
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.head)
        .max_headers(limits.headers);
    protocol
}

struct Connections {
    router: Router,
    protocol: http1::Builder,
    write_timeout: Duration,
    open: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
    graceful: GracefulShutdown,
    metrics: Arc<Metrics>,
    fault: Fault,
}

impl Connections {
    /// Serves until the channel is closed.
    async fn serve_until(
        self,
        listener: TcpListener,
        mut stop: watch::Receiver<()>,
        shutdown_timeout: Duration,
    ) {
        tokio::select! {
            () = self.accept_all(&listener) => {}
            _ = stop.changed() => {}
        }
        drop(listener);
        let shutdown = tokio::time::timeout(shutdown_timeout, self.graceful.shutdown());
        if shutdown.await.is_err() {
            tracing::warn!("requests in flight were aborted");
        }
    }

    async fn accept_all(&self, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    self.fault.succeeded();
                    self.serve_or_turn_away(stream);
                }
                Err(error) if is_client_error(&error) => {}
                Err(error) => {
                    self.fault.failed(&error, 1);
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
    }

    fn serve_or_turn_away(&self, stream: TcpStream) {
        match Arc::clone(&self.open).try_acquire_owned() {
            Ok(permit) => self.serve(stream, permit),
            Err(_) => self.turn_away(stream),
        }
    }

    fn serve(&self, stream: TcpStream, permit: OwnedSemaphorePermit) {
        // Each response is written at once, so delaying small packets gains nothing.
        let _ = stream.set_nodelay(true);
        let deadline = Deadline::new(self.write_timeout);
        let io = TokioIo::new(DeadlineStream::new(stream, deadline.clone()));
        let service = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |request| {
            let (response, deadline) = (service.call(request), deadline.clone());
            async move { response.await.map(|response| deadline.begin(response)) }
        });
        let connection = self.protocol.serve_connection(io, service);
        let connection = self.graceful.watch(connection);
        let connected = self.metrics.connected();
        let metrics = Arc::clone(&self.metrics);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                metrics.broken(reason(&error));
            }
            drop((connected, permit));
        });
    }

    fn turn_away(&self, mut stream: TcpStream) {
        self.metrics.turned_away();
        let Ok(permit) = Arc::clone(&self.turned_away).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            let respond = async {
                stream.write_all(BUSY).await?;
                stream.shutdown().await?;
                // Closing with unread bytes would reset the connection and lose the response.
                tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
            };
            let _ = tokio::time::timeout(TURN_AWAY_TIMEOUT, respond).await;
            drop(permit);
        });
    }
}

fn is_client_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

fn reason(error: &hyper::Error) -> Broken {
    let io = error
        .source()
        .and_then(|error| error.downcast_ref::<io::Error>());
    let has_missed_deadline = io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
    if error.is_timeout() || has_missed_deadline {
        Broken::TimedOut
    } else if error.is_parse() {
        Broken::Malformed
    } else {
        Broken::Interrupted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_length_of_the_busy_response_is_correct() {
        let text = str::from_utf8(BUSY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = format!("content-length: {}", body.len());
        assert!(head.ends_with(&length), "expected {length}");
    }
}
