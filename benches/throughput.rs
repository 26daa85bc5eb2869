//! Time per request.
//!
//! `cargo bench -p pinquery-bench --bench throughput` takes a few minutes: criterion compares the
//! library with its previous run here, then interleaved rounds compare all contenders. `-- --table`
//! runs only the rounds; `-- --update` runs more of them, and writes RESULTS.md and the figures in the
//! main README; `-- --test` asserts that all contenders agree, without timing. Other arguments are
//! criterion's.

mod agreement;
mod contender;
mod corpus;
mod device;
mod library;
#[cfg(target_arch = "x86_64")]
mod limit;
mod lineup;
mod report;
mod rivals;
mod rounds;
mod scaling;
mod table;

use std::cell::OnceCell;
use std::time::Duration;

use corpus::{QUERIES, Workload};
use criterion::{Criterion, SamplingMode, Throughput};
use lineup::{ALL, LIBRARY};
use report::{Measured, Measurement};

/// The queries of each workload for `--test`. Unoptimised, comparing all takes longer than compiling.
const TESTED_QUERIES: usize = if cfg!(debug_assertions) {
    QUERIES / 8
} else {
    QUERIES
};

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |flag| arguments.iter().any(|argument| argument == flag);
    if has("--update") {
        let measured = measure(15, Duration::from_secs(7));
        println!("{}", report::tables(&measured));
        return report::update(&measured);
    }
    if has("--test") {
        return agreement::check("throughput", tested());
    }
    if !has("--table") {
        run_criterion();
    }
    if has("--table") || arguments.iter().all(|argument| argument == "--bench") {
        let measured = measure(5, Duration::from_secs(1));
        println!("{}", report::tables(&measured));
    }
}

/// Returns every workload that is measured. Each contender parses those that are timed once more.
fn tested() -> impl Iterator<Item = Workload> {
    let timed = corpus::WORKLOADS.into_iter();
    let timed = timed.map(|(name, _)| corpus::workload(name, TESTED_QUERIES));
    let sizes = scaling::workloads().map(|(_, name)| corpus::workload(&name, QUERIES / 16));
    timed
        .inspect(|workload| {
            lineup::contenders_for(workload).for_each(|entry| (entry.sweep)(workload));
        })
        .chain([corpus::workload("overflow", QUERIES)])
        .chain(sizes)
}

fn run_criterion() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        // A tenth of the default: plotting would take longer than measuring.
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .configure_from_args();
    for (name, _) in corpus::WORKLOADS {
        let workload = corpus::workload(name, QUERIES);
        // Asserted only if the filter lets a contender through.
        let asserted = OnceCell::new();
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat);
        group.throughput(Throughput::Elements(workload.cases.len() as u64));
        for entry in &ALL[..LIBRARY.len()] {
            group.bench_function(entry.name, |bencher| {
                asserted.get_or_init(|| agreement::assert_all(&workload));
                bencher.iter(|| (entry.sweep)(&workload));
            });
        }
        group.finish();
    }
    criterion.final_summary();
}

/// Asserts and measures every workload.
fn measure(min_rounds: usize, time: Duration) -> Measured {
    let results = corpus::WORKLOADS.map(|(name, _)| {
        eprintln!("{name}");
        let workload = corpus::workload(name, QUERIES);
        agreement::assert_all(&workload);
        Measurement {
            name,
            mean_bytes: mean_bytes(&workload),
            rows: rounds::measure(&workload, min_rounds, time),
        }
    });
    Measured {
        results: results.into(),
        scaling: scaling::measure(),
    }
}

fn mean_bytes(workload: &Workload) -> f64 {
    let bytes: usize = workload.cases.iter().map(|case| case.query.len()).sum();
    bytes as f64 / workload.cases.len() as f64
}
