//! Groups of batches and their results.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::health::Health;
use super::{Commit, CommitError};
use crate::fault::{DeviceFaults, Fault};
use crate::metrics::Metrics;
use crate::store::{Batch, Unavailable};

pub(super) type Reply = oneshot::Sender<Result<(), Unavailable>>;

/// The request of a batch.
pub(super) struct Ticket {
    pub reply: Reply,
    /// When it stops waiting for the lock of its device.
    pub deadline: Instant,
}

/// Batches to commit together.
#[derive(Default)]
pub(super) struct Group {
    pub batches: Vec<Batch>,
    tickets: Vec<Ticket>,
}

impl Group {
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    pub fn push(&mut self, (batch, ticket): (Batch, Ticket)) {
        self.batches.push(batch);
        self.tickets.push(ticket);
    }

    pub fn split_off(&mut self, at: usize) -> Self {
        Self {
            batches: self.batches.split_off(at),
            tickets: self.tickets.split_off(at),
        }
    }
}

impl IntoIterator for Group {
    type Item = (Batch, Ticket);
    type IntoIter = std::iter::Zip<std::vec::IntoIter<Batch>, std::vec::IntoIter<Ticket>>;

    fn into_iter(self) -> Self::IntoIter {
        self.batches.into_iter().zip(self.tickets)
    }
}

impl Extend<(Batch, Ticket)> for Group {
    fn extend<I: IntoIterator<Item = (Batch, Ticket)>>(&mut self, pairs: I) {
        pairs.into_iter().for_each(|pair| self.push(pair));
    }
}

/// Records results and replies to requests; shared by the writers of a queue.
pub(super) struct Results {
    pub health: Health,
    fault: Fault,
    devices: DeviceFaults,
    metrics: Arc<Metrics>,
}

impl Results {
    pub fn new(fault: Fault, metrics: Arc<Metrics>) -> Self {
        Self {
            health: Health::default(),
            fault,
            devices: DeviceFaults::default(),
            metrics,
        }
    }

    /// Commits a group and replies to its batches once their results are known. Returns those whose
    /// devices are locked. If a batch violates a constraint, commits each half separately.
    pub async fn commit<C: Commit>(&self, connection: &mut C, group: Group) -> Group {
        let mut left = Group::default();
        let mut groups = vec![group];
        while let Some(mut group) = groups.pop() {
            let result = connection.commit(&group.batches).await;
            if group.len() > 1 && matches!(result, Err(CommitError::Constraint(_))) {
                let later = group.split_off(group.len() / 2);
                groups.extend([later, group]);
            } else {
                left.extend(self.settle(group, result));
            }
        }
        left
    }

    /// Replies to all batches of a group except those whose devices are locked, which it returns.
    fn settle(&self, group: Group, result: Result<(), CommitError>) -> Group {
        match result {
            Ok(()) => self.settle_partially(group, &[], &[]),
            Err(CommitError::Partial { locked, missing }) => {
                self.settle_partially(group, &locked, &missing)
            }
            Err(CommitError::Constraint(error)) => {
                let error = format!("{error:#}");
                for pair in group {
                    self.reject(pair, &error);
                }
                Group::default()
            }
            Err(CommitError::Unavailable(error)) => {
                self.health.record(Err(Unavailable::Fault));
                self.fault.failed(&format!("{error:#}"), group.len());
                for (_, ticket) in group {
                    ticket.reply(Err(Unavailable::Fault));
                }
                Group::default()
            }
        }
    }

    fn settle_partially(&self, group: Group, locked: &[i64], missing: &[i64]) -> Group {
        let (mut saved, mut left) = (Group::default(), Group::default());
        for pair in group {
            if locked.contains(&pair.0.device) {
                left.push(pair);
            } else if missing.contains(&pair.0.device) {
                self.reject(pair, "the device has no row");
            } else {
                saved.push(pair);
            }
        }
        if saved.len() > 0 {
            self.health.record(Ok(()));
            self.metrics.committed(saved.len());
            self.fault.succeeded();
            self.devices
                .succeeded(saved.batches.iter().map(|batch| batch.device));
        }
        for (_, ticket) in saved {
            ticket.reply(Ok(()));
        }
        left
    }

    /// Records the result of a check that began at this time. Returns whether the database accepts
    /// batches: not if the check failed, or if a commit has failed since then.
    pub fn settle_check(
        &self,
        begin: Instant,
        checked: anyhow::Result<()>,
    ) -> Result<(), Unavailable> {
        let result = checked.as_ref().map_err(|_| Unavailable::Fault).copied();
        let result = self.health.record_check(begin, result);
        match checked {
            Err(error) => self.fault.failed(&format!("{error:#}"), 1),
            Ok(()) if result.is_ok() => self.fault.succeeded(),
            Ok(()) => {}
        }
        result
    }

    /// Replies to batches that have waited long enough for the lock of their device.
    pub fn give_up(&self, group: Group) {
        for (batch, ticket) in group {
            self.devices.failed(
                batch.device,
                "another program has locked a row of the device",
            );
            ticket.reply(Err(Unavailable::Fault));
        }
    }

    fn reject(&self, (batch, ticket): (Batch, Ticket), error: &str) {
        let error = format!("a batch violates a database constraint: {error}");
        self.devices.failed(batch.device, &error);
        ticket.reply(Err(Unavailable::Constraint));
    }
}

impl Ticket {
    /// Ignores a receiver that is gone: a request that timed out does not undo its batch.
    fn reply(self, result: Result<(), Unavailable>) {
        let _ = self.reply.send(result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Operation;

    #[test]
    fn a_check_does_not_end_a_fault_of_later_commits() {
        let metrics = Arc::<Metrics>::default();
        let fault = Fault::new(Operation::Write, Arc::clone(&metrics));
        let results = Results::new(fault, metrics);
        let (before, error) = (Instant::now(), Err(Unavailable::Fault));
        let commit = Err(CommitError::Unavailable(anyhow::anyhow!("disk full")));
        results.settle(Group::default(), commit);
        assert_eq!(results.settle_check(before, Ok(())), error);
        assert!(results.fault.is_current());
        assert_eq!(results.settle_check(Instant::now(), Ok(())), Ok(()));
        assert!(!results.fault.is_current());
        let failed = Err(anyhow::anyhow!("disk full"));
        assert_eq!(results.settle_check(Instant::now(), failed), error);
        assert!(results.fault.is_current());
    }
}
