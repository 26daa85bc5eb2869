//! Connections: how many, how slow, how large, and how they end.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

use crate::config::Limits;
use crate::fault::Fault;
use crate::metrics::{Broken, Failure, Metrics};

/// Connections beyond the limit that are told so at a time; further ones are only closed.
const TURNED_AWAY: usize = 64;

/// How long one of them may take to read it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Where the system has no socket left: until others have closed.
const BREATH: Duration = Duration::from_millis(100);

const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\n\
    retry-after: 1\r\n\
    x-content-type-options: nosniff\r\n\
    connection: close\r\n\
    content-length: 65\r\n\r\n\
    {\"error\":{\"message\":\"Too many connections are open. Try again.\"}}";

/// Serves until `stop`, then takes no connection more and lets requests in flight end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    metrics: &Arc<Metrics>,
    stop: impl Future<Output = ()>,
) {
    let connections = Connections {
        router,
        protocol: protocol(limits),
        write_timeout: limits.write_timeout,
        open: Arc::new(Semaphore::new(limits.connections)),
        turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
        graceful: GracefulShutdown::new(),
        metrics: Arc::clone(metrics),
        fault: Fault::new(Failure::Accept, Arc::clone(metrics)),
    };
    tokio::select! {
        () = connections.accept_all(&listener) => {}
        () = stop => {}
    }
    drop(listener);
    let Connections { graceful, .. } = connections;
    if tokio::time::timeout(limits.shutdown_timeout, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests in flight were cut off");
    }
}

fn protocol(limits: &Limits) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        // A client that has sent all it will still wants its answer: `nc -N`, and firmware alike.
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
    async fn accept_all(&self, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    self.fault.worked();
                    self.admit(stream);
                }
                Err(error) if is_the_clients(&error) => {}
                Err(error) => {
                    self.fault.failed(&error, 1);
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream) {
        match Arc::clone(&self.open).try_acquire_owned() {
            Ok(permit) => self.serve(stream, permit),
            Err(_) => self.turn_away(stream),
        }
    }

    fn serve(&self, stream: TcpStream, permit: OwnedSemaphorePermit) {
        // Answers are small and written at once: there is nothing to wait for.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.write_timeout));
        let service = TowerToHyperService::new(self.router.clone());
        let io = TokioIo::new(Box::pin(stream));
        let connection = self.protocol.serve_connection(io, service);
        let connection = self.graceful.watch(connection);
        let connected = self.metrics.connected();
        let metrics = Arc::clone(&self.metrics);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                metrics.broken(why(&error));
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
            let farewell = async {
                stream.write_all(BUSY).await?;
                stream.shutdown().await?;
                // Closing with bytes unread would take the answer back on its way.
                tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
            };
            let _ = tokio::time::timeout(FAREWELL, farewell).await;
            drop(permit);
        });
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

fn why(error: &hyper::Error) -> Broken {
    if error.is_timeout() {
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
    fn the_answer_of_a_full_server_says_its_length() {
        let text = str::from_utf8(BUSY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.ends_with(&format!("content-length: {}", body.len())),
            "{}",
            body.len()
        );
    }
}
