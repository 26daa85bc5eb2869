//! What is counted: for each contender, all queries of a workload in a row, after they were judged
//! once in the set-up. A first call costs twice a later one, and is not what a server runs.

use std::thread;

use gungraun::{Callgrind, prelude::*};

use crate::contender::{ALL, Entry};
use crate::corpus::{self, QUERIES, Workload};

/// A workload that is small enough to be counted quickly: what is counted does not vary.
pub fn workload(name: &str) -> Workload {
    let queries = match name {
        "pins_32" | "pins_100" | "pins_200" | "long_text" => QUERIES / 64,
        _ => QUERIES / 8,
    };
    corpus::workload(name, queries)
}

/// Who is counted by one of the functions below.
pub fn contender(function: &str) -> &'static Entry {
    ALL.iter()
        .find(|entry| entry.name.replace('-', "_") == function)
        .expect("the functions are named after the contenders")
}

fn prepare(function: &str, name: &'static str) -> (&'static Entry, &'static Workload) {
    let entry = contender(function);
    // Leaked, or dropping it would be counted. In a thread of its own, which has a heap of its own:
    // what is freed there would change what an allocation takes here, by up to 300 instructions.
    let made = thread::spawn(move || &*Box::leak(Box::new(workload(name))));
    let workload = made.join().expect("a workload can be made");
    (entry.sweep)(workload);
    (entry, workload)
}

macro_rules! count {
    ($($function:ident)*: $workloads:tt) => {
        $(count!(@$function $workloads);)*
    };
    (@$function:ident ($($workload:ident)*)) => {
        #[library_benchmark]
        $(#[bench::$workload(prepare(stringify!($function), stringify!($workload)))])*
        fn $function((entry, workload): (&'static Entry, &'static Workload)) {
            (entry.sweep)(workload);
        }
    };
}

count!(updates_into parse: (vendor_page vendor_example doubles_4 real_numbers real mixed_1_12 pins_1 pins_4
    pins_32 pins_100 pins_200 location location_pairs escaped long_text refused refused_escapes));

count!(form_urlencoded: (vendor_example doubles_4 real_numbers real mixed_1_12 pins_32 pins_200
    location location_pairs escaped long_text refused));

count!(form_net xocomil: (vendor_example doubles_4 real_numbers real mixed_1_12 pins_32 pins_200
    location location_pairs escaped long_text refused refused_escapes));

library_benchmark_group!(name = library, benchmarks = [updates_into, parse]);
library_benchmark_group!(
    name = rivals,
    benchmarks = [form_urlencoded, form_net, xocomil]
);

gungraun::main!(
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::with_args(["--cache-sim=no"]));
    library_benchmark_groups = library, rivals
);

/// Runs the harness, which reads the arguments of the process.
pub fn run() {
    main();
}
