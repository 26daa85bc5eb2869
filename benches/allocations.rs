//! Counts allocations per request, and asserts the library's guarantee: none for up to 8 updates, one
//! for more.
//!
//! A separate bench, because counting slows the allocator down.

mod agreement;
mod contender;
mod corpus;
mod device;
mod library;
#[cfg(target_arch = "x86_64")]
mod limit;
mod lineup;
mod rivals;
mod table;

use allocation_counter::measure;
use corpus::{Case, QUERIES, Workload};
use lineup::{ALL, LIBRARY};

/// The number of updates that the library stores inline.
const INLINE: usize = 8;

fn main() {
    let contenders = ALL.iter().map(|entry| entry.name);
    let header: Vec<_> = ["workload"].into_iter().chain(contenders).collect();
    let workloads = corpus::WORKLOADS.into_iter();
    let workloads = workloads.map(|(name, _)| corpus::workload(name, QUERIES / 8));
    let mut rows = Vec::new();
    agreement::check(
        "allocations",
        workloads.inspect(|workload| rows.push(row(workload))),
    );
    println!(
        "per request, asserted of the library to be none for up to {INLINE} updates and one for more:"
    );
    println!("{}", table::markdown(&header, rows));
}

fn row(workload: &Workload) -> Vec<String> {
    let name = &workload.name;
    let allowed: u64 = workload.cases.iter().map(allowed).sum();
    let cells = ALL.iter().map(|entry| {
        if !lineup::supports(entry, workload) {
            return "n/a".to_owned();
        }
        let count = measure(|| (entry.sweep)(workload)).count_total;
        let is_library = LIBRARY.contains(&entry.name);
        assert!(
            !is_library || count <= allowed,
            "{count} allocations on {name}"
        );
        format!("{:.1}", count as f64 / workload.cases.len() as f64)
    });
    [name.clone()].into_iter().chain(cells).collect()
}

/// Asserts the guarantee on one query, and returns how many allocations it allows.
fn allowed(case: &Case) -> u64 {
    let mut pins = 0;
    let device = case.device.as_deref();
    let allocations = measure(|| {
        let lookup = |_: &_| Some(&device?.library);
        pins = match pinquery::parse(case.query, lookup) {
            Ok(updates) => updates.len(),
            // The pins that were parsed before the error.
            Err(error) => case.query[..error.span().start].matches("&v").count(),
        };
    });
    let allowed = u64::from(pins > INLINE);
    assert!(
        allocations.count_total <= allowed,
        "{allocations:?}: {}",
        case.query
    );
    allowed
}
