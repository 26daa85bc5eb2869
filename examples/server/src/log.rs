//! The log: JSON lines on standard error, which nobody waits for.
//!
//! A thread of its own writes them. Where they cannot be written (the disk is full, the reader has
//! gone) or nobody reads them, they are lost and counted, and the server goes on.
//! `tracing-appender` does the same, but prints where its queue is full at the end, by a macro
//! that panics where standard output is closed.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use crate::metrics::Metrics;

/// Lines that wait to be written; more are lost.
const WAITING: usize = 8192;

/// How long the end of the process waits for a log that nobody reads.
const PATIENCE: Duration = Duration::from_secs(1);

enum Message {
    Line(Vec<u8>),
    /// All in front of it is written.
    Written(SyncSender<()>),
}

/// Where lines are put to be written.
#[derive(Clone)]
pub struct Log {
    lines: SyncSender<Message>,
    lost: Counter,
}

impl Log {
    /// Begins the log on standard error.
    ///
    /// # Errors
    ///
    /// There can be no more threads.
    pub fn start(level: tracing::Level, metrics: &Metrics) -> anyhow::Result<Self> {
        let log = Self::to(io::stderr(), metrics.log_lines_lost())?;
        let lines = log.clone();
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(level)
            // Its words for a line that it cannot write would go to standard error, by a macro
            // that panics.
            .log_internal_errors(false)
            .with_writer(move || lines.clone())
            .init();
        // Standard error itself could keep a thread that panics waiting for ever.
        std::panic::set_hook(Box::new(|panic| {
            tracing::error!(%panic, "a thread has panicked");
        }));
        Ok(log)
    }

    fn to(output: impl Write + Send + 'static, lost: Counter) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(WAITING);
        let failed = lost.clone();
        let thread = std::thread::Builder::new().name("log".to_owned());
        thread.spawn(move || write_all(output, &waiting, &failed))?;
        Ok(Self { lines, lost })
    }

    /// Waits, but not for ever, until all that was logged is written.
    pub fn end(&self) {
        let (written, is_written) = sync_channel(1);
        // A queue that is full is one that nobody empties.
        if self.lines.try_send(Message::Written(written)).is_ok() {
            let _ = is_written.recv_timeout(PATIENCE);
        }
    }
}

fn write_all(mut output: impl Write, waiting: &Receiver<Message>, lost: &Counter) {
    for message in waiting {
        match message {
            Message::Line(line) if output.write_all(&line).is_err() => drop(lost.inc()),
            Message::Line(_) => {}
            Message::Written(written) => drop(written.send(())),
        }
    }
}

/// One call is one line.
impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.lines.try_send(Message::Line(line.to_vec())).is_err() {
            self.lost.inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says why the process ends, on standard error, and waits for it no longer than for the log.
pub fn last_line(text: String) {
    let (written, is_written) = sync_channel(1);
    let thread = std::thread::Builder::new().name("last line".to_owned());
    let write = move || {
        let _ = io::stderr().write_all(text.as_bytes());
        drop(written);
    };
    if thread.spawn(write).is_ok() {
        let _: Result<(), _> = is_written.recv_timeout(PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_written_is_counted() {
        let (log_room, lost) = (Box::leak(Box::new([0; 10])), Counter::default());
        let mut log = Log::to(&mut log_room[..], lost.clone()).expect("a thread");
        log.write_all(b"short\n").expect("no failure");
        log.write_all(b"too long\n").expect("no failure");
        log.end();
        assert_eq!(lost.get(), 1);
    }

    /// Takes a line for as long as the other end is kept.
    struct Stuck(Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_nobody_reads_is_lost_and_not_waited_for() {
        let (stuck, lost) = (sync_channel(0), Counter::default());
        let mut log = Log::to(Stuck(stuck.1), lost.clone()).expect("a thread");
        let lines = WAITING as u64 + 100;
        for _ in 0..lines {
            log.write_all(b"line\n").expect("no failure");
        }
        // One may be in the thread's hands.
        assert!((99..=100).contains(&lost.get()), "{}", lost.get());
        log.end();
    }
}
