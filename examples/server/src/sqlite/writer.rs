//! The thread that writes.

use std::slice;
use std::sync::Arc;

use rusqlite::{Connection, Error, ErrorCode, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::latest::Row;
use super::schema;
use crate::metrics::Metrics;
use crate::store::{Batch, Unavailable};

pub enum Job {
    Save(Save),
    /// All in front of it is written, nothing behind it.
    Close,
}

pub struct Save {
    pub row: Arc<Row>,
    pub batch: Batch,
    pub done: oneshot::Sender<Result<(), Unavailable>>,
}

pub struct Writer {
    connection: Connection,
    waiting: mpsc::Receiver<Job>,
    group: usize,
    metrics: Arc<Metrics>,
    /// How many batches the fault has cost that is going on, if one is: a fault is logged when it
    /// begins and when it ends, not with each batch.
    fault: Option<usize>,
}

impl Writer {
    pub fn new(
        connection: Connection,
        waiting: mpsc::Receiver<Job>,
        group: usize,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            connection,
            waiting,
            group,
            metrics,
            fault: None,
        }
    }

    pub fn run(mut self) {
        let mut group = Vec::with_capacity(self.group);
        let mut is_open = true;
        while is_open {
            is_open = self.gather(&mut group);
            self.metrics.queue(self.waiting.len());
            if !group.is_empty() {
                self.save(&mut group);
            }
        }
        self.close();
    }

    /// Waits for a batch and takes all that wait by then; whether there may be more.
    fn gather(&mut self, group: &mut Vec<Save>) -> bool {
        let mut next = self.waiting.blocking_recv();
        loop {
            match next {
                Some(Job::Save(save)) => group.push(save),
                Some(Job::Close) | None => return false,
            }
            if group.len() == self.group {
                return true;
            }
            match self.waiting.try_recv() {
                Ok(job) => next = Some(job),
                Err(mpsc::error::TryRecvError::Empty) => return true,
                Err(mpsc::error::TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// A group is kept whole. Where one of its batches breaks a rule of the database, each is kept
    /// or refused by itself. Nobody is answered before it is one or the other.
    fn save(&mut self, group: &mut Vec<Save>) {
        let saved = self.commit(group);
        if group.len() > 1 && saved.as_ref().is_err_and(is_about_a_batch) {
            for save in group.drain(..) {
                let saved = self.commit(slice::from_ref(&save));
                self.tell(&saved, [save]);
            }
        } else {
            self.tell(&saved, group.drain(..));
        }
    }

    fn tell(
        &mut self,
        saved: &rusqlite::Result<()>,
        group: impl IntoIterator<Item = Save, IntoIter: ExactSizeIterator>,
    ) {
        let group = group.into_iter();
        self.note(saved, group.len());
        for Save { row, batch, done } in group {
            // Whoever waited may have gone: the batch is kept all the same.
            let _ = done.send(match saved {
                Ok(()) => {
                    row.update(batch);
                    Ok(())
                }
                Err(_) => Err(Unavailable::Fault),
            });
        }
    }

    /// A transaction that is dropped is rolled back.
    fn commit(&mut self, group: &[Save]) -> rusqlite::Result<()> {
        let begin = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(begin)?;
        for save in group {
            schema::insert(&transaction, save.row.id, &save.batch)?;
        }
        transaction.commit()
    }

    fn note(&mut self, saved: &rusqlite::Result<()>, batches: usize) {
        match saved {
            Ok(()) => {
                self.metrics.committed(batches);
                if let Some(refused) = self.fault.take() {
                    tracing::info!(refused, "the database takes batches again");
                }
            }
            Err(error) if is_about_a_batch(error) => {
                tracing::error!(%error, "a batch breaks a rule of the database");
            }
            Err(error) => {
                if self.fault.is_none() {
                    tracing::error!(%error, "the database takes no batches");
                }
                *self.fault.get_or_insert(0) += batches;
            }
        }
    }

    fn close(self) {
        let fold = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
        let closed = fold.and_then(|()| self.connection.close().map_err(|(_, error)| error));
        match closed {
            Ok(()) => tracing::info!("the database is closed"),
            // Nothing is lost: the log is read at the next start.
            Err(error) => tracing::warn!(%error, "the database is not closed cleanly"),
        }
    }
}

/// Whether what failed is what was written, and not the database: somebody has taken the device's
/// row away, say.
fn is_about_a_batch(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}
