//! Counters, in the text format of Prometheus. Every label is one of a few words of this program.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use pinquery::{Adjustment, ErrorKind, Update};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::store::Unavailable;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// Why a connection ended other than by its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It was not HTTP.
    Malformed,
    /// It was slow or idle.
    TimedOut,
    /// It broke off within a request or an answer.
    Interrupted,
}

/// What fails for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Writing to the database.
    Write,
    /// Reading from it.
    Read,
    /// Taking connections.
    Accept,
}

impl Failure {
    const ALL: [Self; 3] = [Self::Write, Self::Read, Self::Accept];

    /// Its name in metrics and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Accept => "accept",
        }
    }

    /// What the log says when it begins.
    #[must_use]
    pub const fn begins(self) -> &'static str {
        match self {
            Self::Write => "the database takes no batches",
            Self::Read => "the database cannot be read",
            Self::Accept => "no connection can be accepted",
        }
    }

    /// What the log says when it ends.
    #[must_use]
    pub const fn ends(self) -> &'static str {
        match self {
            Self::Write => "the database takes batches again",
            Self::Read => "the database can be read again",
            Self::Accept => "connections are accepted again",
        }
    }
}

/// What the server counts.
pub struct Metrics {
    registry: Registry,
    accepted: Counter,
    updates: Counter,
    refused: Family<Kind, Counter>,
    adjusted: Family<Kind, Counter>,
    unavailable: Family<Kind, Counter>,
    judging: Counter<f64, AtomicU64>,
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

/// One more reason beside those of the store.
const TIMED_OUT: &str = "timed_out";

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("pinquery"),
            accepted: Counter::default(),
            updates: Counter::default(),
            refused: family(ErrorKind::ALL.iter().map(|kind| kind.name())),
            adjusted: family(Adjustment::ALL.iter().map(|kind| kind.name())),
            unavailable: family(["queue_full", "store_fault", "rule", TIMED_OUT]),
            judging: Counter::default(),
            queue: Gauge::default(),
            commits: Counter::default(),
            committed: Counter::default(),
            connections: Gauge::default(),
            turned_away: Counter::default(),
            broken: family(["malformed", "timed_out", "interrupted"]),
            faults: family(Failure::ALL.map(Failure::name)),
            reads_unavailable: family(["store_fault", TIMED_OUT]),
            log_lines_lost: Counter::default(),
        };
        metrics.register_batches();
        metrics.register_store();
        metrics.register_connections();
        metrics
    }
}

/// With every label at zero, so that a rate is right from the first event on.
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
            "Batches answered OK",
            self.accepted.clone(),
        );
        registry.register(
            "updates_accepted",
            "Values in accepted batches",
            self.updates.clone(),
        );
        registry.register(
            "batches_refused",
            "Batches answered 400, by kind",
            self.refused.clone(),
        );
        registry.register(
            "updates_adjusted",
            "Accepted values that were clamped or replaced, by kind",
            self.adjusted.clone(),
        );
        registry.register(
            "batches_unavailable",
            "Batches answered 503 or 500, by reason",
            self.unavailable.clone(),
        );
        registry.register_with_unit(
            "judging",
            "Time spent judging queries",
            Unit::Seconds,
            self.judging.clone(),
        );
    }

    fn register_store(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "queue_length",
            "Batches that wait to be written",
            self.queue.clone(),
        );
        registry.register(
            "commits",
            "Transactions that held batches",
            self.commits.clone(),
        );
        registry.register(
            "batches_committed",
            "Batches in these transactions",
            self.committed.clone(),
        );
        registry.register(
            "reads_unavailable",
            "Requests other than batches that were answered 503, by reason",
            self.reads_unavailable.clone(),
        );
        registry.register(
            "faults",
            "Failures to write, to read and to accept connections",
            self.faults.clone(),
        );
        registry.register(
            "log_lines_lost",
            "Lines of the log that could not be written",
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
            "Connections that did not end by themselves, by reason",
            self.broken.clone(),
        );
    }

    /// Counts an accepted batch.
    pub fn accepted(&self, tally: Tally) {
        self.accepted.inc();
        self.updates.inc_by(tally.updates);
        for (kind, count) in Adjustment::ALL.iter().zip(tally.adjusted) {
            if count > 0 {
                let kind = kind.name();
                self.adjusted.get_or_create(&Kind { kind }).inc_by(count);
            }
        }
    }

    /// Counts a batch answered 400.
    pub fn refused(&self, kind: ErrorKind) {
        let kind = kind.name();
        self.refused.get_or_create(&Kind { kind }).inc();
    }

    /// Counts a batch answered 503.
    pub fn unavailable(&self, reason: Unavailable) {
        let kind = reason.name();
        self.unavailable.get_or_create(&Kind { kind }).inc();
    }

    /// Counts a request other than a batch that was answered 503.
    pub fn read_unavailable(&self, reason: Unavailable) {
        let kind = reason.name();
        self.reads_unavailable.get_or_create(&Kind { kind }).inc();
    }

    /// Counts a request that was not answered in time.
    pub fn timed_out(&self, is_batch: bool) {
        let kind = TIMED_OUT;
        let requests = match is_batch {
            true => &self.unavailable,
            false => &self.reads_unavailable,
        };
        requests.get_or_create(&Kind { kind }).inc();
    }

    /// Counts a failure.
    pub fn failed(&self, what: Failure) {
        let kind = what.name();
        self.faults.get_or_create(&Kind { kind }).inc();
    }

    /// The counter of lines that the log could not write.
    #[must_use]
    pub fn log_lines_lost(&self) -> Counter {
        self.log_lines_lost.clone()
    }

    /// Adds the time that judging one query took.
    pub fn judged(&self, time: Duration) {
        self.judging.inc_by(time.as_secs_f64());
    }

    /// Says how many batches wait.
    pub fn queue(&self, length: usize) {
        self.queue.set(i64::try_from(length).unwrap_or(i64::MAX));
    }

    /// Counts a transaction of so many batches.
    pub fn committed(&self, batches: usize) {
        self.commits.inc();
        self.committed.inc_by(batches as u64);
    }

    /// Counts a connection for as long as the answer is kept.
    #[must_use]
    pub fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }

    /// Counts a connection beyond the limit.
    pub fn turned_away(&self) {
        self.turned_away.inc();
    }

    /// Counts a connection that did not end by itself.
    pub fn broken(&self, why: Broken) {
        let kind = match why {
            Broken::Malformed => "malformed",
            Broken::TimedOut => "timed_out",
            Broken::Interrupted => "interrupted",
        };
        self.broken.get_or_create(&Kind { kind }).inc();
    }

    /// All counters as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}

/// A connection that is counted as open.
pub struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What there is to count in a batch, for when it is known to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    updates: u64,
    /// In the order of [`Adjustment::ALL`].
    adjusted: [u64; Adjustment::ALL.len()],
}

impl Tally {
    /// Of these updates.
    #[must_use]
    pub fn of(updates: &[Update]) -> Self {
        let mut adjusted = [0; Adjustment::ALL.len()];
        for (count, kind) in adjusted.iter_mut().zip(Adjustment::ALL) {
            let is_kind = |update: &&Update| update.adjusted.as_ref() == Some(kind);
            *count = updates.iter().filter(is_kind).count() as u64;
        }
        Self {
            updates: updates.len() as u64,
            adjusted,
        }
    }
}
