//! Time a request.
//!
//! `cargo bench -p pinquery-bench --bench throughput` takes a few minutes: criterion compares the
//! library with its own last run, then interleaved rounds compare everyone in one table. With
//! `-- --table` it is the table alone, with `-- --report` longer rounds, written to
//! benches/RESULTS.md, results.tsv and results.svg, and with `-- --test` everything once, asserted
//! and not timed. Any other arguments are criterion's.

mod agreement;
mod chart;
mod contender;
mod corpus;
mod device;
mod figures;
mod report;
mod rivals;
mod rounds;
mod scaling;
mod table;
mod threads;

use std::cell::OnceCell;
use std::time::Duration;

use contender::{ALL, LIBRARY};
use corpus::{QUERIES, Workload};
use criterion::{Criterion, SamplingMode, Throughput};
use rounds::Effort;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |flag| arguments.iter().any(|argument| argument == flag);
    let plain = arguments.iter().all(|argument| argument == "--bench");
    if has("--report") {
        return report::write(&measure(Effort {
            least_rounds: 15,
            time: Duration::from_secs(8),
        }));
    }
    if has("--test") {
        test_everything();
    }
    if !has("--table") {
        run_criterion();
    }
    if plain || has("--table") {
        let measured = measure(Effort {
            least_rounds: 5,
            time: Duration::from_secs(1),
        });
        println!("{}", table::text(&measured));
    }
}

/// Asserts that all contenders agree, and runs each over each workload once.
fn test_everything() {
    for name in corpus::NAMES {
        let workload = corpus::workload(name, QUERIES);
        agreement::assert_all(&workload);
        for entry in ALL.iter().filter(|entry| entry.can(&workload)) {
            (entry.sweep)(&workload);
        }
    }
    agreement::assert_all(&corpus::workload("overflow", QUERIES));
    for name in scaling::names() {
        agreement::assert_all(&corpus::workload(&name, QUERIES / 16));
    }
}

fn run_criterion() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        // A tenth of what is usual: the plots would take longer than the measuring.
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .configure_from_args();
    for name in corpus::NAMES {
        let workload = corpus::workload(name, QUERIES);
        // Only what the filter lets through.
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
fn measure(effort: Effort) -> table::Measured {
    let results = corpus::NAMES.map(|name| {
        eprintln!("{name}");
        let workload = corpus::workload(name, QUERIES);
        agreement::assert_all(&workload);
        table::Result {
            name,
            mean_bytes: mean_bytes(&workload),
            rows: rounds::measure(&workload, effort),
        }
    });
    let vendor_example = corpus::workload("vendor_example", QUERIES);
    table::Measured {
        results: results.into(),
        scaling: scaling::measure(),
        two_threads: threads::two_through_one(&ALL[0], &vendor_example),
    }
}

fn mean_bytes(workload: &Workload) -> f64 {
    let bytes: usize = workload.cases.iter().map(|case| case.query.len()).sum();
    bytes as f64 / workload.cases.len() as f64
}
