//! From measurements to a table.

use std::time::Duration;

use crate::child::{Kept, Kind, Spent};
use crate::client::Sample;

/// One measurement; times in microseconds.
pub struct Round {
    pub errors: usize,
    /// Batches that were answered OK and that a page did not see.
    pub missed: usize,
    rate: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    p999: f64,
    max: f64,
    processor: f64,
    judging: f64,
    group: f64,
}

impl Round {
    pub fn new(mut sample: Sample, missed: usize, before: Spent, after: Spent) -> Self {
        sample.latencies.sort_unstable();
        let count = sample.latencies.len();
        let at = |share: f64| {
            let place = ((count as f64 * share) as usize).min(count.saturating_sub(1));
            sample
                .latencies
                .get(place)
                .map_or(f64::NAN, |&latency| micros(latency))
        };
        let each = |time: Duration| micros(time) / count as f64;
        let processor = after.processor.zip(before.processor);
        Self {
            errors: sample.errors,
            missed,
            rate: count as f64 / sample.time.as_secs_f64(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: at(1.0),
            processor: processor.map_or(f64::NAN, |(after, before)| each(after - before)),
            judging: each(after.judging - before.judging),
            group: (after.committed - before.committed) / (after.commits - before.commits),
        }
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn median(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints the median of each figure over the rounds.
pub fn print(rows: &[(Kind, Vec<Round>)]) {
    println!(
        "medians; latency, processor and judging in µs, the last two for each request; group: batches in a commit\n"
    );
    println!(
        "{:<31} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>10} {:>8} {:>6} {:>6}",
        "judge, store",
        "requests/s",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "max",
        "errors",
        "processor",
        "judging",
        "group",
        "missed"
    );
    for (kind, rounds) in rows {
        let of = |figure: fn(&Round) -> f64| median(rounds, figure);
        println!(
            "{:<31} {:>10.0} {:>8.0} {:>8.0} {:>8.0} {:>8.0} {:>8.0} {:>6} {:>10.1} {:>8.2} {:>6.1} {:>6}",
            kind.name(),
            of(|round| round.rate),
            of(|round| round.p50),
            of(|round| round.p90),
            of(|round| round.p99),
            of(|round| round.p999),
            of(|round| round.max),
            rounds.iter().map(|round| round.errors).sum::<usize>(),
            of(|round| round.processor),
            of(|round| round.judging),
            of(|round| round.group),
            rounds.iter().map(|round| round.missed).sum::<usize>(),
        );
    }
    println!();
}

/// Prints the one beside the other.
pub fn compare(kept: Kept, ours: &[Round], theirs: &[Round]) {
    let ratio = median(ours, |round| round.rate) / median(theirs, |round| round.rate);
    let share = |rounds: &[Round], of: fn(&Round) -> f64| {
        100.0 * median(rounds, |round| round.judging) / median(rounds, of)
    };
    println!(
        "{}: {ratio:.3} times the framework's requests/s; judging is {:.1} % of the server's processor time \
         for a request and {:.2} % of its latency (the framework's: {:.1} %, {:.2} %)",
        kept.name(),
        share(ours, |round| round.processor),
        share(ours, |round| round.p50),
        share(theirs, |round| round.processor),
        share(theirs, |round| round.p50),
    );
}
