//! Timing by interleaved rounds: every contender runs once per round, in rotating order.
//!
//! A machine's speed drifts from second to second. The times of two contenders within *one* round
//! drift together, so the median of their ratios is stable where times from two runs are not.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::contender::Entry;
use crate::corpus::Workload;
use crate::lineup;

/// The time of one contender on one workload.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The contender.
    pub entry: &'static Entry,
    /// The minimum over all rounds, in nanoseconds per request.
    pub min_ns: f64,
    /// The median.
    pub median_ns: f64,
    /// The median ratio to the time of `updates_into` in the same round.
    pub ratio: f64,
}

/// Measures every contender that supports the workload, for `min_rounds` rounds and at least `time`.
/// `updates_into` is the first row.
#[must_use]
pub fn measure(workload: &Workload, min_rounds: usize, time: Duration) -> Vec<Row> {
    let entries: Vec<_> = lineup::contenders_for(workload).collect();
    let rounds = rounds(&entries, workload, min_rounds, time);
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

/// Returns every contender's nanoseconds per request, round by round.
fn rounds(
    entries: &[&Entry],
    workload: &Workload,
    min_rounds: usize,
    time: Duration,
) -> Vec<Vec<f64>> {
    for entry in entries {
        (entry.sweep)(workload);
    }
    let start = thread_time();
    let mut rounds = Vec::new();
    while rounds.len() < min_rounds || thread_time() - start < time {
        let mut round = vec![0.0; entries.len()];
        for turn in 0..entries.len() {
            let forwards = (turn + rounds.len()) % entries.len();
            // Every other round runs backwards, so that no contender always follows the same one,
            // whose reads may have warmed the caches for it.
            let index = match rounds.len() % 2 {
                0 => forwards,
                _ => entries.len() - 1 - forwards,
            };
            // An untimed warm-up: otherwise only contenders that follow a similar one would find their
            // data in the cache.
            (entries[index].sweep)(workload);
            round[index] = sweep_ns(entries[index], workload);
        }
        rounds.push(round);
    }
    rounds
}

/// Returns the nanoseconds per request of one sweep.
#[must_use]
pub fn sweep_ns(entry: &Entry, workload: &Workload) -> f64 {
    let start = thread_time();
    (entry.sweep)(workload);
    let time = thread_time() - start;
    time.as_nanos() as f64 / workload.cases.len() as f64
}

/// Returns the CPU time of this thread, which other programs do not affect.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("CPU time is not negative")
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}
