//! The `prune` command: deletes old batches, even while servers are running.

use std::ffi::OsString;
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::sleep;

use crate::config::{at_least_one, seconds};
use crate::signals::stop_signal;
use crate::store::Timestamp;

/// The minimum time between two lines of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// Deletes old batches, even while servers are running; keeps those that contain the latest value
/// of a pin.
#[derive(Clone, Debug, PartialEq, Args)]
#[command(args_override_self = true)]
pub struct Prune {
    /// Delete batches older than this date: 2026-01-31 (00:00 UTC) or 2026-01-31T12:00:00+02:00
    #[arg(long, value_name = "DATE", value_parser = past)]
    pub before: Timestamp,
    /// SQLite file or postgres://USER@HOST/NAME
    #[arg(long, value_name = "FILE or URL")]
    pub database: OsString,
    /// Batches per transaction
    #[arg(long, value_name = "N", default_value = "1000", value_parser = at_least_one())]
    pub portion: usize,
    /// Pause between transactions, in seconds
    #[arg(long, value_name = "S", default_value = "0.2", value_parser = seconds)]
    pub pause: Duration,
}

/// Parses a date, which must not be in the future: otherwise, only the latest values would be left.
fn past(text: &str) -> Result<Timestamp, String> {
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339));
    let time = time.map_err(|_| "must be a date such as 2026-01-31 or 2026-01-31T12:00:00Z")?;
    match i64::try_from(time.unix_timestamp_nanos() / 1000).map(Timestamp) {
        Ok(time) if time <= Timestamp::now() => Ok(time),
        _ => Err("must not be in the future".to_owned()),
    }
}

/// A connection to the old batches of a database.
pub trait OldBatches: Sized {
    /// Opens an existing database. If it is rejected, nothing is changed.
    ///
    /// # Errors
    ///
    /// Fails if the database does not exist, belongs to another program, or has another version.
    fn open(database: &str) -> impl Future<Output = anyhow::Result<Self>>;

    /// Returns up to `limit` batches older than `before` that follow the position `after`, in
    /// ascending order.
    ///
    /// # Errors
    ///
    /// Fails if the batches cannot be read.
    fn select(
        &mut self,
        after: Position,
        before: Timestamp,
        limit: usize,
    ) -> impl Future<Output = anyhow::Result<Vec<OldBatch>>>;

    /// Deletes batches with their values, in one transaction. Returns how many still existed.
    ///
    /// # Errors
    ///
    /// Fails if they cannot be deleted at the moment.
    fn delete(&mut self, ids: &[i64]) -> impl Future<Output = anyhow::Result<u64>>;

    /// Closes the database.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be closed cleanly; no data is lost.
    fn close(self) -> impl Future<Output = anyhow::Result<()>>;
}

/// A batch's position in the order of deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// When the batch was saved.
    pub at: Timestamp,
    /// Its id.
    pub id: i64,
}

/// A batch to delete, unless it contains the latest value of a pin. Once it does not, it never will
/// again, because newer batches of a device have larger ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldBatch {
    /// Its position.
    pub position: Position,
    /// Whether it contains the latest value of a pin.
    pub is_latest: bool,
}

/// Deletes old batches in portions until none is left or a signal to stop arrives, and prints the
/// result to `out`.
///
/// # Errors
///
/// Fails if the database is rejected, or cannot be read or written; portions that have been deleted
/// stay deleted.
pub async fn run<B: OldBatches>(options: &Prune, mut out: impl Write) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let database = options.database.to_str();
    let mut batches = B::open(database.context("`--database` is not UTF-8")?).await?;
    let mut progress = Progress::default();
    let is_complete = delete_all(&mut batches, options, stop, &mut progress).await;
    progress.end();
    let Progress { deleted, kept, .. } = progress;
    let is_complete =
        is_complete.with_context(|| format!("failed after deleting {deleted} batches"))?;
    batches.close().await?;
    let prefix = if is_complete { "" } else { "interrupted; " };
    // The command succeeds even if nobody reads the result.
    let _ = writeln!(
        out,
        "{prefix}batches deleted: {deleted}, kept because they contain latest values: {kept}"
    );
    Ok(())
}

/// Returns whether all old batches were deleted before the signal to stop.
async fn delete_all(
    batches: &mut impl OldBatches,
    options: &Prune,
    stop: impl Future<Output = ()>,
    progress: &mut Progress,
) -> anyhow::Result<bool> {
    let mut stop = pin!(stop);
    let mut after = Position {
        at: Timestamp(i64::MIN),
        id: i64::MIN,
    };
    loop {
        let old = batches
            .select(after, options.before, options.portion)
            .await?;
        let Some(last) = old.last() else {
            return Ok(true);
        };
        after = last.position;
        let deletable = old.iter().filter(|batch| !batch.is_latest);
        let ids: Vec<i64> = deletable.map(|batch| batch.position.id).collect();
        progress.kept += old.len() - ids.len();
        let mut pause = Duration::ZERO;
        if !ids.is_empty() {
            progress.deleted += batches.delete(&ids).await?;
            pause = options.pause;
        }
        progress.show(after.at);
        tokio::select! {
            biased;
            () = &mut stop => return Ok(false),
            () = sleep(pause) => {}
        }
    }
}

/// Counts batches, and shows the progress on standard error: a terminal shows only the newest line,
/// anything else gets all of them.
struct Progress {
    deleted: u64,
    kept: usize,
    shown_at: Instant,
    is_terminal: bool,
    has_line: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            deleted: 0,
            kept: 0,
            shown_at: Instant::now(),
            is_terminal: io::stderr().is_terminal(),
            has_line: false,
        }
    }
}

impl Progress {
    fn show(&mut self, at: Timestamp) {
        if self.shown_at.elapsed() < PROGRESS_INTERVAL {
            return;
        }
        self.shown_at = Instant::now();
        self.has_line = self.is_terminal;
        let (begin, end) = if self.is_terminal {
            ("\r", "")
        } else {
            ("", "\n")
        };
        let deleted = self.deleted;
        let line = format!("{begin}batches deleted: {deleted}, up to {}{end}", date(at));
        let _ = io::stderr().write_all(line.as_bytes());
    }

    /// Ends the line on a terminal.
    fn end(&self) {
        if self.has_line {
            let _ = io::stderr().write_all(b"\n");
        }
    }
}

/// Formats a time to the second.
fn date(at: Timestamp) -> String {
    let time = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000_000)).ok();
    let date = time.and_then(|time| time.format(&Rfc3339).ok());
    date.unwrap_or_else(|| "an unknown date".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_in_utc_unless_they_have_an_offset() {
        for (text, at) in [
            ("1970-01-01", 0),
            ("2026-01-31", 1_769_817_600_000_000),
            ("2026-01-31T12:00:00Z", 1_769_860_800_000_000),
            ("2026-01-31T12:00:00.000001+02:00", 1_769_853_600_000_001),
            ("1969-12-31T23:59:59.999999Z", -1),
        ] {
            assert_eq!(past(text), Ok(Timestamp(at)), "{text}");
        }
        assert_eq!(
            date(Timestamp(1_769_860_800_999_999)),
            "2026-01-31T12:00:00Z"
        );
        assert_eq!(date(Timestamp(-1)), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn invalid_dates_are_rejected() {
        for text in [
            "",
            "2026",
            "2026-02-30",
            "2026-01-31T12:00:00",
            "2026-01-31 ",
            "31.01.2026",
            "1769817600",
            "yesterday",
        ] {
            let error = past(text).expect_err(text);
            assert!(error.starts_with("must be a date such as"), "{error}");
        }
        for future in ["9999-12-31", "9999-12-31T23:59:59Z"] {
            assert_eq!(past(future), Err("must not be in the future".to_owned()));
        }
    }
}
