//! Writes the stream, in sessions that end with a fault.

use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, ensure};
use async_nats::jetstream::Context;
use async_nats::jetstream::stream::Stream;
use tokio::time::sleep;

use super::reader::Reader;
use super::status::Status;
use super::verify::{End, beginning, open, verify};
use crate::fault::Fault;
use crate::metrics::{Metrics, Operation};
use crate::nats::url::Address;
use crate::postgres::{Position, Session, SinkDatabase};

/// Pause after a fault, and between attempts to lock the stream.
const PAUSE: Duration = Duration::from_secs(1);

/// Number of mismatches between the stream and the database after which the sink stops. A single
/// one may be due to an outdated response from a server that led the stream before it froze.
const MISMATCHES: usize = 5;

/// How often to remove messages that have been written.
const PURGE_INTERVAL: Duration = Duration::from_secs(30);

/// Sessions, one after the other. Each begins with the position in the database, because only the
/// database knows what has been written.
pub struct Sessions<'a> {
    context: Context,
    from: &'a Address,
    database: &'a SinkDatabase,
    status: &'a Status,
    metrics: &'a Metrics,
    fault: Fault,
    mismatches: Cell<usize>,
}

impl<'a> Sessions<'a> {
    /// Prepares to write a stream to a database.
    pub fn new(
        context: Context,
        from: &'a Address,
        database: &'a SinkDatabase,
        status: &'a Status,
        metrics: &'a Arc<Metrics>,
    ) -> Self {
        Self {
            context,
            from,
            database,
            status,
            metrics,
            fault: Fault::new(Operation::Write, Arc::clone(metrics)),
            mismatches: Cell::new(0),
        }
    }

    /// Writes until a failure that requires an operator, and returns it.
    pub async fn run(self) -> anyhow::Error {
        if let Err(error) = self.database.prepare().await {
            return error;
        }
        loop {
            let Err(end) = self.session().await;
            self.status.healthy(false);
            let error = match end {
                End::Fault(error) => error,
                End::Mismatch(error) => {
                    self.mismatches.update(|mismatches| mismatches + 1);
                    if self.mismatches.get() == MISMATCHES {
                        return error;
                    }
                    error
                }
                End::Fatal(error) => return error,
            };
            self.fault.failed(&format!("{error:#}"), 1);
            sleep(PAUSE).await;
        }
    }

    async fn session(&self) -> Result<Infallible, End> {
        let mut session = self.database.session(&self.from.stream).await?;
        if !session.flushes_commits().await? {
            let error = "the database does not flush commits: set `fsync` and `synchronous_commit`";
            return Err(End::Fatal(anyhow!(error)));
        }
        let position = self.lock(&mut session).await?;
        let stream = open(&self.context, self.from).await?;
        let start = position.unwrap_or_else(|| beginning(&stream));
        // First, so that there is a row to correct if the beginning of the stream is missing.
        if position.is_none() {
            session.begin(start).await?;
        }
        verify(&stream, self.from, start).await?;
        let reader = Reader::new(&stream, start).await?;
        // While a fault persists, each session would log this.
        if !self.fault.is_current() {
            let stream = &self.from.stream;
            tracing::info!(stream, after = start.seq, "writing the stream");
        }
        let position = Cell::new(start);
        tokio::select! {
            end = self.write(session, reader, &position) => end,
            end = self.purge(&stream, &position) => end,
        }
    }

    /// Waits until no other sink is writing the stream, and locks it. Returns the position.
    async fn lock(&self, session: &mut Session) -> anyhow::Result<Option<Position>> {
        let mut is_waiting = false;
        loop {
            let is_locked = session.try_lock().await?;
            let position = session.position().await?;
            self.status
                .written(position.map_or(0, |position| position.seq));
            if is_locked {
                return Ok(position);
            }
            if is_waiting {
                // Not at once: the other sink may have locked the stream only briefly, and fail to
                // write.
                self.succeeded();
            } else if !self.fault.is_current() {
                tracing::info!("waiting for another sink");
            }
            is_waiting = true;
            sleep(PAUSE).await;
        }
    }

    async fn write(
        &self,
        mut session: Session,
        mut reader: Reader,
        position: &Cell<Position>,
    ) -> Result<Infallible, End> {
        loop {
            let last = position.get();
            match reader.group().await? {
                Some(group) => {
                    let count = group.batches.len();
                    session.commit(last, group.end, group.batches).await?;
                    self.metrics.committed(count);
                    position.set(group.end);
                    self.status.written(group.end.seq);
                    self.mismatches.set(0);
                }
                None => ensure_unchanged(&mut session, last).await?,
            }
            self.succeeded();
        }
    }

    /// Removes messages that have been written, except for the last one, which identifies the stream.
    async fn purge(&self, stream: &Stream, position: &Cell<Position>) -> Result<Infallible, End> {
        let mut purged = 0;
        loop {
            sleep(PURGE_INTERVAL).await;
            let written = position.get();
            if written.seq == purged {
                continue;
            }
            // If the stream was replaced, purging would remove messages that are not yet written.
            verify(stream, self.from, written).await?;
            match stream.purge().sequence(written.seq).await {
                Ok(_) => purged = written.seq,
                Err(error) => tracing::warn!("the stream cannot be purged: {error:#}"),
            }
        }
    }

    fn succeeded(&self) {
        self.fault.succeeded();
        self.status.healthy(true);
    }
}

/// Checks the position while there is nothing to write, to detect early that the session is lost.
async fn ensure_unchanged(session: &mut Session, position: Position) -> anyhow::Result<()> {
    let found = session.position().await?;
    ensure!(found == Some(position), "the position has changed");
    Ok(())
}
