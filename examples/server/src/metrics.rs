//! Prometheus metrics. Label values come from fixed lists, never from requests.

mod tally;

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use pinquery::{Adjustment, ErrorKind};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::process::Process;
use crate::store::{Size, Unavailable};
pub use tally::Tally;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// Why a connection ended abnormally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The client did not send valid HTTP.
    Malformed,
    /// The client was too slow, or idle.
    TimedOut,
    /// The connection was lost during a request or response.
    Interrupted,
}

/// An operation that may fail for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Writing to the database.
    Write,
    /// Reading from the database.
    Read,
    /// Accepting connections.
    Accept,
}

impl Operation {
    const ALL: [Self; 3] = [Self::Write, Self::Read, Self::Accept];

    /// Returns the name used in metrics and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Accept => "accept",
        }
    }

    /// Returns the log message for the first failure.
    #[must_use]
    pub const fn failed_message(self) -> &'static str {
        match self {
            Self::Write => "database writes are failing",
            Self::Read => "database reads are failing",
            Self::Accept => "connections cannot be accepted",
        }
    }

    /// Returns the log message for the recovery.
    #[must_use]
    pub const fn recovered_message(self) -> &'static str {
        match self {
            Self::Write => "database writes have recovered",
            Self::Read => "database reads have recovered",
            Self::Accept => "connections are accepted again",
        }
    }
}

/// The server's metrics.
pub struct Metrics {
    registry: Registry,
    /// Metrics that only some stores have.
    of_store: OnceLock<Registry>,
    process: Process,
    accepted: Counter,
    updates: Counter,
    duration: Histogram,
    rejected: Family<Kind, Counter>,
    adjusted: Family<Kind, Counter>,
    unavailable: Family<Kind, Counter>,
    parsing: Counter<f64, AtomicU64>,
    queue: Gauge,
    commits: Counter,
    committed: Counter,
    connections: Gauge,
    turned_away: Counter,
    broken: Family<Kind, Counter>,
    faults: Family<Kind, Counter>,
    reads_unavailable: Family<Kind, Counter>,
    log_lines_lost: Counter,
}

/// The prefix of the names.
pub(crate) const PREFIX: &str = "pinquery";

/// Upper bounds of the buckets for the durations of batches, in seconds.
pub const DURATIONS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// A reason for 503 in addition to those of the store.
const TIMED_OUT: &str = "timed_out";

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            of_store: OnceLock::new(),
            process: Process::default(),
            accepted: Counter::default(),
            updates: Counter::default(),
            duration: Histogram::new(DURATIONS),
            rejected: family(ErrorKind::ALL.iter().map(|kind| kind.name())),
            adjusted: family(Adjustment::ALL.iter().map(|kind| kind.name())),
            unavailable: family(["queue_full", "store_fault", "constraint", TIMED_OUT]),
            parsing: Counter::default(),
            queue: Gauge::default(),
            commits: Counter::default(),
            committed: Counter::default(),
            connections: Gauge::default(),
            turned_away: Counter::default(),
            broken: family(["malformed", "timed_out", "interrupted"]),
            faults: family(Operation::ALL.map(Operation::name)),
            reads_unavailable: family(["store_fault", "responses_full", "not_readable", TIMED_OUT]),
            log_lines_lost: Counter::default(),
        };
        metrics.register_batches();
        metrics.register_store();
        metrics.register_connections();
        metrics
    }
}

/// Creates every label at zero, so that rates are correct from the first event.
fn family(kinds: impl IntoIterator<Item = &'static str>) -> Family<Kind, Counter> {
    let family = Family::default();
    for kind in kinds {
        drop(family.get_or_create(&Kind { kind }));
    }
    family
}

impl Metrics {
    fn register_batches(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "batches_accepted",
            "Accepted batches",
            self.accepted.clone(),
        );
        registry.register(
            "updates_accepted",
            "Values in accepted batches",
            self.updates.clone(),
        );
        registry.register_with_unit(
            "batch_duration",
            "Time from a batch's request to its durable commit",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register(
            "batches_rejected",
            "Batches rejected with 400, by kind",
            self.rejected.clone(),
        );
        registry.register(
            "updates_adjusted",
            "Accepted values that were clamped or replaced, by kind",
            self.adjusted.clone(),
        );
        registry.register(
            "batches_unavailable",
            "Batches that failed with 503 or 500, by reason",
            self.unavailable.clone(),
        );
        registry.register_with_unit(
            "parsing",
            "Time spent parsing queries",
            Unit::Seconds,
            self.parsing.clone(),
        );
    }

    fn register_store(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "queue_length",
            "Batches waiting to be written",
            self.queue.clone(),
        );
        registry.register(
            "commits",
            "Transactions that saved batches",
            self.commits.clone(),
        );
        registry.register(
            "batches_committed",
            "Batches that were saved",
            self.committed.clone(),
        );
        registry.register(
            "reads_unavailable",
            "Requests other than batches that failed with 503 or 501, by reason",
            self.reads_unavailable.clone(),
        );
        registry.register(
            "faults",
            "Failed writes, reads and accepts",
            self.faults.clone(),
        );
        registry.register(
            "log_lines_lost",
            "Log lines that could not be written",
            self.log_lines_lost.clone(),
        );
    }

    fn register_connections(&mut self) {
        let registry = &mut self.registry;
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register(
            "connections_turned_away",
            "Connections beyond the limit",
            self.turned_away.clone(),
        );
        registry.register(
            "connections_broken",
            "Connections that ended abnormally, by reason",
            self.broken.clone(),
        );
    }

    /// Counts an accepted batch, which took this long.
    pub fn accepted(&self, tally: Tally, duration: Duration) {
        self.accepted.inc();
        self.duration.observe(duration.as_secs_f64());
        self.updates.inc_by(tally.updates);
        for (kind, count) in Adjustment::ALL.iter().zip(tally.adjusted) {
            if count > 0 {
                let kind = kind.name();
                self.adjusted.get_or_create(&Kind { kind }).inc_by(count);
            }
        }
    }

    /// Counts a batch rejected with 400.
    pub fn rejected(&self, kind: ErrorKind) {
        let kind = kind.name();
        self.rejected.get_or_create(&Kind { kind }).inc();
    }

    /// Counts a batch that failed with 503 or 500.
    pub fn unavailable(&self, reason: Unavailable) {
        let kind = reason.name();
        self.unavailable.get_or_create(&Kind { kind }).inc();
    }

    /// Counts a request other than a batch that failed with 503 or 501.
    pub fn read_unavailable(&self, reason: Unavailable) {
        let kind = reason.name();
        self.reads_unavailable.get_or_create(&Kind { kind }).inc();
    }

    /// Counts a request that timed out.
    pub fn timed_out(&self, is_batch: bool) {
        let kind = TIMED_OUT;
        let requests = match is_batch {
            true => &self.unavailable,
            false => &self.reads_unavailable,
        };
        requests.get_or_create(&Kind { kind }).inc();
    }

    /// Counts a failure.
    pub fn failed(&self, operation: Operation) {
        let kind = operation.name();
        self.faults.get_or_create(&Kind { kind }).inc();
    }

    /// Returns the counter of log lines that could not be written.
    #[must_use]
    pub fn log_lines_lost(&self) -> Counter {
        self.log_lines_lost.clone()
    }

    /// Adds the time taken to parse a query.
    pub fn parsed(&self, time: Duration) {
        self.parsing.inc_by(time.as_secs_f64());
    }

    /// Sets the number of queued batches.
    pub fn queue(&self, length: usize) {
        self.queue.set(i64::try_from(length).unwrap_or(i64::MAX));
    }

    /// Counts a batch as waiting until the returned guard is dropped.
    #[must_use]
    pub fn waiting(&self) -> Counted {
        Counted::new(&self.queue)
    }

    /// Counts a transaction with this many batches.
    pub fn committed(&self, batches: usize) {
        self.commits.inc();
        self.committed.inc_by(batches as u64);
    }

    /// Counts a connection as open until the returned guard is dropped.
    #[must_use]
    pub fn connected(&self) -> Counted {
        Counted::new(&self.connections)
    }

    /// Counts a connection beyond the limit.
    pub fn turned_away(&self) {
        self.turned_away.inc();
    }

    /// Counts a connection that ended abnormally.
    pub fn broken(&self, reason: Broken) {
        let kind = match reason {
            Broken::Malformed => "malformed",
            Broken::TimedOut => "timed_out",
            Broken::Interrupted => "interrupted",
        };
        self.broken.get_or_create(&Kind { kind }).inc();
    }

    /// Adds the metrics of a store. Only the first call has an effect.
    pub fn add(&self, register: impl FnOnce(&mut Registry)) {
        self.of_store.get_or_init(|| {
            let mut registry = Registry::with_prefix(PREFIX);
            register(&mut registry);
            registry
        });
    }

    /// Returns all metrics in the OpenMetrics text format, including the size of the database.
    #[must_use]
    pub fn text(&self, size: Size) -> String {
        let mut current = Registry::default();
        self.process.register(&mut current);
        register_size(current.sub_registry_with_prefix(PREFIX), size);
        let mut text = String::new();
        // Writing to a string does not fail.
        for registry in [Some(&self.registry), self.of_store.get()]
            .into_iter()
            .flatten()
        {
            let _ = text::encode_registry(&mut text, registry);
        }
        let _ = text::encode(&mut text, &current);
        text
    }
}

fn register_size(registry: &mut Registry, size: Size) {
    for (name, help, bytes) in [
        ("database", "Size of the database", size.used),
        (
            "database_free",
            "Free space on the database's disk",
            size.free,
        ),
    ] {
        if let Some(bytes) = bytes {
            registry.register_with_unit(name, help, Unit::Bytes, ConstGauge::new(bytes));
        }
    }
}

/// A guard for something that is counted while it exists.
pub struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
