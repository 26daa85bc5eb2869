//! A non-blocking log: JSON lines on standard error.
//!
//! A dedicated thread writes the lines. Lines that cannot be written (the disk is full, the reader
//! is gone or does not read) are dropped and counted, and the server carries on.
//! `tracing-appender` does the same, but if its queue is full on shutdown it calls a print macro,
//! which panics if standard output is closed.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::metrics::Metrics;

/// Capacity of the queue; lines that do not fit are dropped.
const CAPACITY: usize = 8192;

/// How long to wait on exit for a log that nobody reads.
const EXIT_TIMEOUT: Duration = Duration::from_secs(1);

enum Message {
    Line(Vec<u8>),
    /// Acknowledged once all earlier lines are written.
    Flush(SyncSender<()>),
}

/// The queue of lines to write.
#[derive(Clone)]
pub struct Log {
    lines: SyncSender<Message>,
    lost: Counter,
}

impl Log {
    /// Starts logging to standard error.
    ///
    /// # Errors
    ///
    /// Fails if the thread cannot be started.
    pub fn start(level: tracing::Level, metrics: &Metrics) -> anyhow::Result<Self> {
        let log = Self::to(io::stderr(), metrics.log_lines_lost())?;
        let lines = log.clone();
        // Logs every attempt to connect, as an error.
        let filter = Targets::new()
            .with_default(level)
            .with_target("async_nats", LevelFilter::OFF);
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(level)
            // Internal errors would be printed to standard error by a macro that panics on failure.
            .log_internal_errors(false)
            .with_writer(move || lines.clone())
            .finish()
            .with(filter)
            .init();
        // The default hook writes to standard error, which could block a panicking thread forever.
        std::panic::set_hook(Box::new(|panic| {
            tracing::error!(%panic, "a thread panicked");
        }));
        Ok(log)
    }

    fn to(output: impl Write + Send + 'static, lost: Counter) -> io::Result<Self> {
        let (lines, queue) = sync_channel(CAPACITY);
        let failed = lost.clone();
        let thread = std::thread::Builder::new().name("log".to_owned());
        thread.spawn(move || write_all(output, &queue, &failed))?;
        Ok(Self { lines, lost })
    }

    /// Waits, up to a timeout, until everything logged so far is written.
    pub fn finish(&self) {
        let (flushed, is_flushed) = sync_channel(1);
        // If the queue is full, nothing is draining it.
        if self.lines.try_send(Message::Flush(flushed)).is_ok() {
            let _ = is_flushed.recv_timeout(EXIT_TIMEOUT);
        }
    }
}

fn write_all(mut output: impl Write, queue: &Receiver<Message>, lost: &Counter) {
    for message in queue {
        match message {
            Message::Line(line) if output.write_all(&line).is_err() => drop(lost.inc()),
            Message::Line(_) => {}
            Message::Flush(flushed) => drop(flushed.send(())),
        }
    }
}

/// Each call writes one line.
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

/// Prints the error that ends the process to standard error; waits no longer than for the log.
pub fn print_error(text: String) {
    let (written, is_written) = sync_channel(1);
    let thread = std::thread::Builder::new().name("print error".to_owned());
    let write = move || {
        let _ = io::stderr().write_all(text.as_bytes());
        drop(written);
    };
    if thread.spawn(write).is_ok() {
        let _: Result<(), _> = is_written.recv_timeout(EXIT_TIMEOUT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        let (buffer, lost) = (Box::leak(Box::new([0; 10])), Counter::default());
        let mut log = Log::to(&mut buffer[..], lost.clone()).expect("thread starts");
        log.write_all(b"short\n").expect("never fails");
        log.write_all(b"too long\n").expect("never fails");
        log.finish();
        assert_eq!(lost.get(), 1);
    }

    /// Blocks on the first line until the sender is dropped.
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
    fn lines_that_nobody_reads_are_dropped_without_blocking() {
        let (stuck, lost) = (sync_channel(0), Counter::default());
        let mut log = Log::to(Stuck(stuck.1), lost.clone()).expect("thread starts");
        let lines = CAPACITY as u64 + 100;
        for _ in 0..lines {
            log.write_all(b"line\n").expect("never fails");
        }
        // The thread may have taken one line from the queue.
        assert!((99..=100).contains(&lost.get()), "{}", lost.get());
        log.finish();
    }
}
