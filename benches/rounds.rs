//! Timing by interleaved rounds: all contenders in one run, each once a round, in rotating order.
//!
//! A machine's speed drifts from second to second. What two contenders take in the *same* round
//! drifts together, so that the median of their ratios holds where figures of two runs do not.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::contender::{ALL, Entry};
use crate::corpus::Workload;

/// How long a workload is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// No workload has fewer rounds.
    pub least_rounds: usize,
    /// After this there are no more.
    pub time: Duration,
}

/// What one contender took on one workload.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Who.
    pub entry: &'static Entry,
    /// The fewest nanoseconds a request of all rounds.
    pub min_ns: f64,
    /// The median.
    pub median_ns: f64,
    /// The median of its time through that of `updates_into` in the same round.
    pub ratio: f64,
}

/// Measures everyone who can do the workload; `updates_into` is the first row.
#[must_use]
pub fn measure(workload: &Workload, effort: Effort) -> Vec<Row> {
    let entries: Vec<_> = ALL.iter().filter(|entry| entry.can(workload)).collect();
    let rounds = rounds(&entries, workload, effort);
    let rows = entries.iter().enumerate().map(|(index, entry)| {
        let mut times: Vec<_> = rounds.iter().map(|round| round[index]).collect();
        let mut ratios: Vec<_> = rounds.iter().map(|round| round[index] / round[0]).collect();
        Row {
            entry,
            median_ns: median(&mut times),
            min_ns: times[0],
            ratio: median(&mut ratios),
        }
    });
    rows.collect()
}

/// The nanoseconds a request of every contender, round by round.
fn rounds(entries: &[&Entry], workload: &Workload, effort: Effort) -> Vec<Vec<f64>> {
    for entry in entries {
        (entry.sweep)(workload);
    }
    let start = thread_time();
    let mut rounds = Vec::new();
    while rounds.len() < effort.least_rounds || thread_time() - start < effort.time {
        let mut round = vec![0.0; entries.len()];
        for turn in 0..entries.len() {
            let place = (turn + rounds.len()) % entries.len();
            // Every other round goes backwards, so that nobody always comes behind the same one:
            // where memory is what is waited for, as in `server_like`, who comes behind one that
            // reads the same has the warmer caches.
            let index = match rounds.len() % 2 {
                0 => place,
                _ => entries.len() - 1 - place,
            };
            // Once before, not timed: else who comes behind one that reads the same memory finds it
            // in the cache, and who does not waits for it.
            (entries[index].sweep)(workload);
            round[index] = sweep_ns(entries[index], workload);
        }
        rounds.push(round);
    }
    rounds
}

/// The nanoseconds a request of one sweep.
#[must_use]
pub fn sweep_ns(entry: &Entry, workload: &Workload) -> f64 {
    let start = thread_time();
    (entry.sweep)(workload);
    let time = thread_time() - start;
    time.as_nanos() as f64 / workload.cases.len() as f64
}

/// The time that this thread has had a core. What other programs take does not count.
#[must_use]
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("time goes on")
}

/// The median; sorts the figures.
///
/// # Panics
///
/// If there is none.
pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}
