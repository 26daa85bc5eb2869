//! The committed results: RESULTS.md, results.tsv and results.svg, all from one run.

use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::time::SystemTime;

use crate::chart;
use crate::contender::LIBRARY;
use crate::figures::path;
use crate::table::{self, Measured};

const COMMAND: &str = "cargo bench -p pinquery-bench --bench throughput -- --report";

/// What the workloads are, for people.
const ABOUT: [(&str, &str); 14] = [
    ("vendor_example", "two integers, like the vendor's example"),
    ("doubles_4", "four doubles"),
    (
        "real_numbers",
        "public programs' queries with other digits, those of numbers only",
    ),
    (
        "real",
        "public programs' queries with other digits, all types",
    ),
    (
        "mixed_1_12",
        "1 to 12 pins: integers, doubles, booleans, enumerables, short strings",
    ),
    ("pins_32", "32 pins, integers and doubles"),
    ("pins_200", "200 pins, integers and doubles"),
    ("location", "a place as `lon,lat`, and two doubles"),
    (
        "location_pairs",
        "a place as two segments of one pin, and two doubles",
    ),
    ("escaped", "three texts with `%20`, `+` and escaped UTF-8"),
    ("long_text", "16 texts of 128 bytes"),
    (
        "refused",
        "every kind of error, early and late in a query of 12 pins",
    ),
    (
        "refused_escapes",
        "three texts, one with a malformed escape or broken UTF-8",
    ),
    (
        "server_like",
        "1 to 12 mixed pins for one of 10,000 devices, its look-up in a `HashMap` included",
    ),
];

/// Writes all three.
pub fn write(measured: &Measured) {
    let tables = table::text(measured);
    println!("{tables}");
    let write = |name, text: String| {
        fs::write(path(name), text).expect("the package's folder can be written to");
    };
    write("results.tsv", tsv(measured));
    write("RESULTS.md", format!("{}\n{tables}", head()));
    chart::draw(measured, &path("results.svg")).expect("the chart can be drawn");
}

fn head() -> String {
    let mut text = format!(
        "# Results\n\n\
         Written by `{COMMAND}`; the counts are those of `allocations.tsv` and \
         `instructions.tsv`. Absolute figures drift from day to day and from machine to machine; \
         ratios hold better, as all contenders take turns in one run.\n\n\
         Measured {}, with {}, on {}.\n\n\
         `updates_into` and `parse` are the library's two ways. The rivals fill a variable, as \
         `updates_into` does.\n\n\
         ![How many times as long as updates_into each takes](results.svg)\n\n\
         Each workload is 4,096 different queries:\n\n",
        httpdate::fmt_http_date(SystemTime::now()),
        compiler(),
        machine(),
    );
    for (name, about) in ABOUT {
        writeln!(text, "- `{name}`: {about}").expect("a string takes everything");
    }
    text
}

fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    version.unwrap_or_else(|_| "an unknown compiler".to_owned())
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "model name").then(|| value.trim())
    });
    let model = model.unwrap_or(std::env::consts::ARCH);
    format!("{model}, {cores} cores seen, {}", std::env::consts::OS)
}

fn tsv(measured: &Measured) -> String {
    let mut text =
        format!("# {COMMAND}\n# workload, contender, bytes, least ns, median ns, times\n");
    for result in &measured.results {
        for row in &result.rows {
            writeln!(
                text,
                "{}\t{}\t{:.1}\t{:.1}\t{:.1}\t{:.3}",
                result.name,
                row.entry.name,
                result.mean_bytes,
                row.min_ns,
                row.median_ns,
                row.ratio
            )
            .expect("a string takes everything");
        }
    }
    for line in &measured.scaling {
        for (size, ns) in &line.points {
            writeln!(
                text,
                "size_{}_{size}\t{}\t\t{ns:.1}\t\t",
                line.kind, LIBRARY[0]
            )
            .expect("as above");
        }
    }
    text
}
