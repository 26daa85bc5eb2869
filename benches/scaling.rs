//! The cost of a pin by the number of pins, and of a byte by the length of a string: both should be
//! constant.

use crate::agreement;
use crate::corpus::{self, QUERIES};
use crate::lineup;
use crate::rounds::sweep_ns;

/// The workloads `pins_N` and `bytes_N`.
const KINDS: [(&str, &[usize]); 2] = [
    (
        "pins",
        &[1, 2, 4, 6, 8, 9, 10, 12, 14, 16, 24, 32, 64, 128, 256],
    ),
    (
        "bytes",
        &[
            10, 32, 64, 96, 128, 256, 1_024, 4_096, 16_384, 65_536, 1_048_576,
        ],
    ),
];

const ROUNDS: usize = 15;

/// The library's time at one size.
pub struct Size {
    /// The name of the workload.
    pub name: String,
    /// The number of pins or bytes.
    pub size: usize,
    /// The minimum nanoseconds per request.
    pub min_ns: f64,
}

/// Returns the sizes and the names of these workloads.
pub fn workloads() -> impl Iterator<Item = (usize, String)> {
    KINDS.into_iter().flat_map(|(kind, sizes)| {
        sizes
            .iter()
            .map(move |&size| (size, format!("{kind}_{size}")))
    })
}

/// Measures `updates_into` on each.
#[must_use]
pub fn measure() -> Vec<Size> {
    let entry = &lineup::ALL[0];
    let sizes = workloads().map(|(size, name)| {
        let workload = corpus::workload(&name, QUERIES);
        agreement::assert_all(&workload);
        let min_ns = f64::INFINITY;
        (Size { name, size, min_ns }, workload)
    });
    let mut sizes: Vec<_> = sizes.collect();
    for _ in 0..ROUNDS {
        // The sizes take turns, so that a slow second does not look like a jump.
        for (size, workload) in &mut sizes {
            (entry.sweep)(workload);
            size.min_ns = size.min_ns.min(sweep_ns(entry, workload));
        }
    }
    sizes.into_iter().map(|(size, _)| size).collect()
}
