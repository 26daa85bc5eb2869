//! What a pin costs by the number of pins, and a byte of text by its length: both should be
//! straight lines.

use crate::agreement;
use crate::contender::ALL;
use crate::corpus::{self, QUERIES};
use crate::rounds::sweep_ns;

/// The workloads `pins_N` and `bytes_N`.
pub const KINDS: [(&str, &[usize]); 2] = [
    ("pins", &[1, 2, 4, 8, 16, 32, 64, 128, 256]),
    ("bytes", &[16, 64, 256, 1_024, 4_096, 16_384]),
];

const ROUNDS: usize = 15;

/// The nanoseconds a request for each size, of one kind.
pub struct Line {
    /// `pins` or `bytes`.
    pub kind: &'static str,
    /// Sizes and nanoseconds.
    pub points: Vec<(usize, f64)>,
}

/// The names of all these workloads.
pub fn names() -> impl Iterator<Item = String> {
    KINDS
        .into_iter()
        .flat_map(|(kind, sizes)| sizes.iter().map(move |size| format!("{kind}_{size}")))
}

/// Measures the library on all of them.
pub fn measure() -> Vec<Line> {
    let lines = KINDS.into_iter().map(|(kind, sizes)| Line {
        kind,
        points: sizes
            .iter()
            .map(|&size| (size, min_ns(&format!("{kind}_{size}"))))
            .collect(),
    });
    lines.collect()
}

fn min_ns(name: &str) -> f64 {
    let workload = corpus::workload(name, QUERIES);
    agreement::assert_all(&workload);
    (0..ROUNDS)
        .map(|_| sweep_ns(&ALL[0], &workload))
        .fold(f64::INFINITY, f64::min)
}
