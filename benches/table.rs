//! What was measured, as text.

use std::fmt::Write;

use crate::contender::{ALL, Entry};
use crate::figures::Figures;
use crate::rounds::Row;
use crate::scaling::Line;

/// Everything that was measured in one run.
pub struct Measured {
    /// Workload by workload.
    pub results: Vec<Result>,
    /// The costs by size.
    pub scaling: Vec<Line>,
    /// What two threads do through what one does.
    pub two_threads: f64,
}

/// What was measured on one workload.
pub struct Result {
    /// The workload.
    pub name: &'static str,
    /// The mean length of its queries.
    pub mean_bytes: f64,
    /// Contender by contender, `updates_into` first.
    pub rows: Vec<Row>,
}

impl Result {
    /// A contender's row.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.entry.name == name)
    }
}

/// All tables, as Markdown that is aligned for a terminal.
pub fn text(measured: &Measured) -> String {
    [
        ratios(measured),
        details(measured),
        scaling(measured),
        threads(measured),
        cannot(),
    ]
    .join("\n")
}

/// How many times as long as `updates_into` each takes.
pub fn ratios(measured: &Measured) -> String {
    let mut text = String::from(
        "How many times as long as the library's `updates_into` each takes; `parse` is the library's, too\n\
         (medians over rounds in which everyone ran):\n\n",
    );
    let mut rule = format!("| {:-<16} | ----: |", "");
    write!(text, "| {:16} | bytes |", "workload").expect(WRITES);
    for Entry { name, .. } in &ALL[1..] {
        write!(text, " {name:>5} |").expect(WRITES);
        write!(rule, " {:->1$}: |", "", name.len().max(5) - 1).expect(WRITES);
    }
    write!(text, "\n{rule}\n").expect(WRITES);
    for result in &measured.results {
        write!(text, "| {:16} | {:5.0} |", result.name, result.mean_bytes).expect(WRITES);
        for entry in &ALL[1..] {
            let ratio = result.row(entry.name);
            let ratio = ratio.map_or_else(|| "n/a".to_owned(), |row| format!("{:.2}", row.ratio));
            write!(text, " {ratio:>0$} |", entry.name.len().max(5)).expect(WRITES);
        }
        text.push('\n');
    }
    text
}

const WRITES: &str = "a string takes everything";

/// One line for each contender on each workload.
pub fn details(measured: &Measured) -> String {
    let mut text = String::from(
        "One line each; the nanoseconds are the least and the median of all rounds, by the time \
         that the thread had a core:\n\n\
         | workload         | contender        | requests/s a core |   ns min |   median | times \
         | allocations | instructions |\n\
         | ---------------- | ---------------- | ----------------: | -------: | -------: | ----: \
         | ----------: | -----------: |\n",
    );
    let allocations = Figures::read("allocations.tsv");
    let instructions = Figures::read("instructions.tsv");
    for result in &measured.results {
        for row in &result.rows {
            let name = row.entry.name;
            writeln!(
                text,
                "| {:16} | {name:16} | {:17.0} | {:8.1} | {:8.1} | {:5.2} | {:>11} | {:>12} |",
                result.name,
                1e9 / row.median_ns,
                row.min_ns,
                row.median_ns,
                row.ratio,
                or_blank(allocations.get(result.name, name), 1),
                or_blank(instructions.get(result.name, name), 0),
            )
            .expect(WRITES);
        }
    }
    text
}

fn or_blank(figure: Option<f64>, decimals: usize) -> String {
    figure.map_or_else(String::new, |figure| format!("{figure:.decimals$}"))
}

/// The library against itself.
pub fn scaling(measured: &Measured) -> String {
    let mut text = String::from("What size costs `updates_into`, by the least of its rounds:\n\n");
    for line in &measured.scaling {
        let kind = line.kind;
        let one = kind.trim_end_matches('s');
        writeln!(text, "| {kind:>6} | ns a request | ns a {one:4} |").expect(WRITES);
        writeln!(text, "| -----: | -----------: | --------: |").expect(WRITES);
        for (size, ns) in &line.points {
            let each = ns / *size as f64;
            writeln!(text, "| {size:6} | {ns:12.1} | {each:9.3} |").expect(WRITES);
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

fn threads(measured: &Measured) -> String {
    let times = measured.two_threads;
    format!("Two threads do {times:.2} times the work of one, by the time that each had a core.\n")
}

/// What some cannot do, and why.
pub fn cannot() -> String {
    let mut text = String::from(
        "n/a: what a contender cannot do. On all else, its answers were asserted to be the library's; those of\n\
         serde_urlencoded, axum and actix-web sorted by pin, as a map keeps no order.\n\n\
         | contender        | workload         | why |\n\
         | ---------------- | ---------------- | --- |\n",
    );
    for entry in &ALL {
        for (workload, why) in entry.cannot {
            writeln!(text, "| {:16} | {workload:16} | {why} |", entry.name).expect(WRITES);
        }
    }
    text
}
