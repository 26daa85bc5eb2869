//! Whether a second thread doubles the throughput: whether the threads share anything.

use std::sync::Barrier;

use crate::contender::Entry;
use crate::corpus::Workload;
use crate::rounds::{median, sweep_ns};

const ROUNDS: usize = 15;

/// What two threads do together through what one does alone, by the time that each has had a core.
///
/// It is 2 where they share nothing. What they share of the machine counts, too: two cores that
/// are one in truth give less.
pub fn two_through_one(entry: &Entry, workload: &Workload) -> f64 {
    let mut ratios: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let [alone] = rates::<1>(entry, workload);
            let [first, second] = rates::<2>(entry, workload);
            (first + second) / alone
        })
        .collect();
    median(&mut ratios)
}

/// The requests a second of core time of so many threads at once.
fn rates<const THREADS: usize>(entry: &Entry, workload: &Workload) -> [f64; THREADS] {
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let threads: [_; THREADS] = std::array::from_fn(|_| {
            scope.spawn(|| {
                (entry.sweep)(workload);
                barrier.wait();
                let mut times: Vec<_> = (0..20).map(|_| sweep_ns(entry, workload)).collect();
                1e9 / median(&mut times)
            })
        });
        threads.map(|thread| thread.join().expect("a sweep does not panic"))
    })
}
