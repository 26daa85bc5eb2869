//! The measured times as text: on the terminal, in RESULTS.md and in the main README.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::corpus::WORKLOADS;
use crate::lineup::{ALL, EXCLUSIONS};
use crate::rounds::Row;
use crate::scaling::Size;
use crate::table;

const COMMAND: &str = "cargo bench -p pinquery-bench --bench throughput -- --update";

/// The main README has the figures between these two lines.
const MARKERS: [&str; 2] = ["<!-- figures: begin -->", "<!-- figures: end -->"];

/// Everything that was measured in one run.
pub struct Measured {
    /// Every workload.
    pub results: Vec<Measurement>,
    /// The cost by size.
    pub scaling: Vec<Size>,
}

/// The measurements of one workload.
pub struct Measurement {
    /// The workload's name.
    pub name: &'static str,
    /// The mean length of its queries.
    pub mean_bytes: f64,
    /// The contenders that support it, `updates_into` first.
    pub rows: Vec<Row>,
}

impl Measurement {
    fn ratio(&self, contender: &str) -> Option<f64> {
        let mut rows = self.rows.iter();
        Some(rows.find(|row| row.entry.name == contender)?.ratio)
    }
}

/// Writes RESULTS.md, and the figures in the main README.
///
/// # Panics
///
/// If a file cannot be written, or the README lacks the markers.
pub fn update(measured: &Measured) {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let results = format!("{}\n{}", head(), tables(measured));
    fs::write(benches.join("RESULTS.md"), results).expect("RESULTS.md is writable");
    let readme = benches.join("../README.md");
    let page = fs::read_to_string(&readme).expect("README.md is readable");
    let (before, rest) = page.split_once(MARKERS[0]).expect("a first marker");
    let (_, after) = rest.split_once(MARKERS[1]).expect("a last marker");
    let [begin, end] = MARKERS;
    let page = format!(
        "{before}{begin}\n{}\n{end}{after}",
        readme_figures(measured)
    );
    fs::write(readme, page).expect("README.md is writable");
}

fn readme_figures(measured: &Measured) -> String {
    let mut results = measured.results.iter();
    let real = results.find(|result| result.name == "real_numbers");
    let times = |contender| {
        let ratio = real.and_then(|result| result.ratio(contender));
        format!("{:.1}", ratio.expect("every rival supports this workload"))
    };
    format!(
        "On the numeric queries of real clients, `form-net` with the standard library's parsers takes {} times as\n\
         long as `updates_into`, `form_urlencoded` {} times, axum's query extractor {} times, and `parse` {} times.",
        times("form-net"),
        times("form_urlencoded"),
        times("axum"),
        times("parse"),
    )
}

fn head() -> String {
    let workloads = WORKLOADS.iter();
    let workloads = workloads.map(|(name, about)| format!("- `{name}`: {about}\n"));
    format!(
        "# Results\n\n\
         Written by `{COMMAND}`. Times vary from day to day and from machine to machine; ratios are more \
         stable, because all contenders take turns in one run. [README.md](README.md) explains why the \
         comparison is fair; [instructions.tsv](instructions.tsv) contains the instruction counts.\n\n\
         Measured {}, with {}, on {}.\n\n\
         Each workload consists of 4,096 different queries:\n\n{}",
        httpdate::fmt_http_date(SystemTime::now()),
        compiler(),
        machine(),
        workloads.collect::<String>(),
    )
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
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
    format!("{model}, {cores} cores, {}", std::env::consts::OS)
}

/// Formats all tables as Markdown.
#[must_use]
pub fn tables(measured: &Measured) -> String {
    format!(
        "Time relative to `updates_into`, which is faster where the ratio is above 1 (median over \
         interleaved rounds).\n`parse` also belongs to the library; the rivals fill a buffer, as \
         `updates_into` does:\n\n{}\n\n\
         n/a: the contender does not support the workload:\n\n{}\n\
         CPU time of `updates_into` per request:\n\n{}\n\n\
         CPU time of `updates_into` per request, by size. The slope is the time per additional pin or \
         byte, compared with the previous row:\n\n{}\n",
        ratios(measured),
        exclusions(),
        times(measured),
        scaling(measured),
    )
}

fn ratios(measured: &Measured) -> String {
    let contenders = ALL[1..].iter().map(|entry| entry.name);
    let header: Vec<_> = ["workload"].into_iter().chain(contenders).collect();
    let rows = measured.results.iter().map(|result| {
        let ratios = ALL[1..].iter().map(|entry| {
            let ratio = result.ratio(entry.name);
            ratio.map_or_else(|| "n/a".to_owned(), |ratio| format!("{ratio:.2}"))
        });
        [result.name.to_owned()].into_iter().chain(ratios).collect()
    });
    table::markdown(&header, rows)
}

fn exclusions() -> String {
    let lines = EXCLUSIONS.iter().map(|(contenders, workloads, why)| {
        let contenders = contenders.join(", ");
        format!("- {contenders}: {why} ({workloads})\n")
    });
    lines.collect()
}

fn times(measured: &Measured) -> String {
    let header = ["workload", "bytes", "min ns", "median ns", "requests/s"];
    let rows = measured.results.iter().map(|result| {
        let Row {
            min_ns, median_ns, ..
        } = result.rows[0];
        vec![
            result.name.to_owned(),
            format!("{:.0}", result.mean_bytes),
            format!("{min_ns:.1}"),
            format!("{median_ns:.1}"),
            format!("{:.0}", 1e9 / median_ns),
        ]
    });
    table::markdown(&header, rows)
}

fn scaling(measured: &Measured) -> String {
    let header = ["workload", "min ns", "ns per pin or byte", "slope"];
    let sizes = &measured.scaling;
    let rows = sizes.iter().enumerate().map(|(at, size)| {
        let before = at.checked_sub(1).map(|at| &sizes[at]);
        // A smaller size is the first of the next kind.
        let before = before.filter(|before| before.size < size.size);
        let slope = before.map(|before| {
            let slope = (size.min_ns - before.min_ns) / (size.size - before.size) as f64;
            format!("{slope:.3}")
        });
        let ns = format!("{:.1}", size.min_ns);
        let each = format!("{:.3}", size.min_ns / size.size as f64);
        vec![size.name.clone(), ns, each, slope.unwrap_or_default()]
    });
    table::markdown(&header, rows)
}
