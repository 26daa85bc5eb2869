//! The cost of a pin by the number of pins, and of a byte by the length of a string: both should be
//! constant.

use crate::agreement;
use crate::corpus::{self, QUERIES};
use crate::lineup;
use crate::rounds::sweep_ns;

/// The workloads `pins_N` and `bytes_N`.
const KINDS: [(&str, &[usize]); 2] = [
    ("pins", &[1, 2, 4, 8, 16, 32, 64, 128, 256]),
    ("bytes", &[16, 64, 256, 1_024, 4_096, 16_384]),
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
    let sizes = workloads().map(|(size, name)| {
        let workload = corpus::workload(&name, QUERIES);
        agreement::assert_all(&workload);
        let times = (0..ROUNDS).map(|_| sweep_ns(&lineup::ALL[0], &workload));
        Size {
            name,
            size,
            min_ns: times.fold(f64::INFINITY, f64::min),
        }
    });
    sizes.collect()
}
