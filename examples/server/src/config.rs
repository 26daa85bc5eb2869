//! What can be chosen at start, and what is chosen where nothing is said.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Everything that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where to listen; port 0 is any free one.
    pub listen: SocketAddr,
    /// The devices' file; none for the demonstration's device.
    pub devices: Option<PathBuf>,
    /// The database's file; none for one in the system's directory for temporary files.
    pub database: Option<PathBuf>,
    /// The least severe event that is logged.
    pub log: tracing::Level,
    /// What a client may cost.
    pub limits: Limits,
    /// What the store may take.
    pub store: StoreLimits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            devices: None,
            database: None,
            log: tracing::Level::INFO,
            limits: Limits::default(),
            store: StoreLimits::default(),
        }
    }
}

/// What a client may cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Connections at a time; one more is answered 503 and closed.
    pub connections: usize,
    /// Bytes of a request's line and headers together.
    pub head: usize,
    /// Headers of a request.
    pub headers: usize,
    /// From the connection, or the last answer, to the end of the next request's headers: the
    /// limit of slow clients and of idle ones.
    pub header_timeout: Duration,
    /// From a request's headers to its answer.
    pub request_timeout: Duration,
    /// How long a client may take nothing of its answer.
    pub write_timeout: Duration,
    /// How long requests in flight may take to end once the server is told to.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            head: 16 * 1024,
            headers: 64,
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(5),
        }
    }
}

/// What the store may take.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreLimits {
    /// Batches that wait to be written; one more is answered 503.
    pub queue: usize,
    /// Batches in one commit.
    pub group: usize,
    /// How long a lock of the database is waited for before the waiting batches are refused.
    pub lock_wait: Duration,
    /// The size of the database in bytes; none for as much as there is room for.
    pub database: Option<u64>,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            queue: 4096,
            group: 512,
            lock_wait: Duration::from_millis(250),
            database: None,
        }
    }
}
