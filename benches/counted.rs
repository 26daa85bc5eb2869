//! The counted functions: each contender parses all queries of a workload. The setup has parsed them
//! once, because a first call costs twice as much as later ones and is not typical of a server.

use std::thread;

use gungraun::{Callgrind, prelude::*};

use crate::contender::Entry;
use crate::corpus::{self, QUERIES, Workload};
use crate::lineup::ALL;

/// Generates a workload that is counted quickly: the count does not vary.
pub fn workload(name: &str) -> Workload {
    let queries = match name {
        "pins_32" | "pins_100" | "pins_200" | "alternating" | "long_text" => QUERIES / 64,
        _ => QUERIES / 8,
    };
    corpus::workload(name, queries)
}

/// Returns the contender that one of the functions below counts.
pub fn contender(function: &str) -> &'static Entry {
    ALL.iter()
        .find(|entry| entry.name.replace('-', "_") == function)
        .expect("the functions are named after the contenders")
}

fn prepare(function: &str, name: &'static str) -> (&'static Entry, &'static Workload) {
    let entry = contender(function);
    // Leaked, or dropping it would be counted. Generated in another thread, which has another heap:
    // what it frees would make an allocation here cost up to 300 instructions more or fewer.
    let made = thread::spawn(move || &*Box::leak(Box::new(workload(name))));
    let workload = made.join().expect("a workload can be generated");
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

count!(updates_into parse: (vendor_page vendor_example doubles_4 real_numbers real mixed_1_12 alternating
    pins_1 pins_4 pins_9_16 pins_32 pins_100 pins_200 random_types location location_pairs escaped cyrillic
    cyrillic_raw texts_1_40 texts_40_192 texts_200_1000 mixed_text long_text refused refused_escapes
    refused_first));

count!(form_urlencoded: (vendor_example doubles_4 real_numbers real mixed_1_12 alternating pins_9_16 pins_32
    pins_200 random_types location location_pairs escaped cyrillic cyrillic_raw texts_1_40 texts_40_192
    texts_200_1000 mixed_text long_text refused));

count!(form_net xocomil: (vendor_example doubles_4 real_numbers real mixed_1_12 alternating pins_9_16 pins_32
    pins_200 random_types location location_pairs escaped cyrillic cyrillic_raw texts_1_40 texts_40_192
    texts_200_1000 mixed_text long_text refused refused_escapes refused_first));

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

/// Runs the harness, which reads the process's arguments.
pub fn run() {
    main();
}
