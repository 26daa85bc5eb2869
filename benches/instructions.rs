//! Counts instructions per request with callgrind. The count hardly varies, so that a small
//! regression is visible on any machine, however busy. See `--help`.

mod agreement;
mod contender;
mod corpus;
mod counted;
mod device;
mod figures;
mod library;
#[cfg(target_arch = "x86_64")]
mod limit;
mod lineup;
mod rivals;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Parser;
use figures::Figures;
use serde_json::Value;

/// Counts instructions per request; fails if the library exceeds instructions.tsv.
#[derive(Parser)]
struct Options {
    /// What to count, such as `vendor_example 'pins_*' real/parse`; default: the whole library
    workloads: Vec<String>,
    /// Count the whole library and the rivals, and write instructions.tsv
    #[arg(long)]
    update: bool,
    /// Compare with another version's instructions.tsv instead
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Fail if valgrind or gungraun-runner is missing
    #[arg(long)]
    require: bool,
    /// Only assert that all contenders agree
    #[arg(long)]
    test: bool,
    #[arg(long, hide = true)]
    bench: bool,
}

const COMMITTED: &str = "instructions.tsv";

/// Selects the harness's output format, and makes this binary run the harness instead of `main`.
const MACHINE_READABLE: &str = "--output-format=json";

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == "--gungraun-run" || arg == MACHINE_READABLE) {
        counted::run();
        return ExitCode::SUCCESS;
    }
    let options = Options::parse();
    if options.test {
        let workloads = corpus::WORKLOADS.into_iter();
        agreement::check(
            "instructions",
            workloads.map(|(name, _)| counted::workload(name)),
        );
        return ExitCode::SUCCESS;
    }
    let mut tools = ["valgrind", "gungraun-runner"].into_iter();
    if let Some(missing) = tools.find(|tool| !runs(tool)) {
        println!("instructions are not counted: {missing} is not installed");
        return ExitCode::from(u8::from(options.require));
    }
    let mut figures = Figures::default();
    for pattern in patterns(&options) {
        let before = figures.len();
        if count(&pattern, &mut figures).is_none() {
            return ExitCode::FAILURE;
        }
        if figures.len() == before {
            // Possibly a filter for another bench: cargo passes it to all of them.
            println!("nothing matches {pattern}");
            return ExitCode::from(u8::from(options.require));
        }
    }
    for name in figures.workloads() {
        agreement::assert_all(&counted::workload(name));
    }
    report(&options, &figures)
}

fn report(options: &Options, figures: &Figures) -> ExitCode {
    let committed = Path::new(COMMITTED);
    if options.update {
        figures.write(committed);
    } else if let Some(file) = &options.against {
        figures.print_changes_since(&Figures::read(file));
    } else {
        let failures = figures.compare_with_committed(&Figures::read(committed));
        if failures > 0 {
            println!(
                "{failures} exceed {COMMITTED} or are not in it; if intended, run with --update"
            );
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Returns the harness's names of what is to be counted: `*::GROUP::CONTENDER::WORKLOAD`.
fn patterns(options: &Options) -> Vec<String> {
    if options.update {
        return vec!["*".to_owned()];
    }
    if options.workloads.is_empty() {
        return vec!["*::library::*".to_owned()];
    }
    let names = options.workloads.iter().map(|name| {
        let (workload, contender) = name.split_once('/').unwrap_or((name, "*"));
        format!("*::library::{contender}::{workload}")
    });
    names.collect()
}

fn runs(tool: &str) -> bool {
    let mut command = Command::new(tool);
    let output = command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    output.status().is_ok()
}

/// Runs this binary under the harness, which runs it under callgrind once for each figure.
fn count(pattern: &str, figures: &mut Figures) -> Option<()> {
    let this = std::env::current_exe().expect("the path of this binary is known");
    let output = Command::new(this)
        .args(["--bench", pattern, MACHINE_READABLE])
        .stderr(Stdio::inherit())
        .output()
        .expect("this binary can run itself");
    let text = String::from_utf8_lossy(&output.stdout);
    for line in text.lines() {
        let summary: Value = serde_json::from_str(line).ok()?;
        let workload = summary["id"].as_str()?;
        let contender = counted::contender(summary["function_name"].as_str()?).name;
        let metrics = &summary["profiles"][0]["data"]["total"]["metrics"];
        let instructions = metrics["Ir"]["values"]["new"].as_u64()?;
        let requests = counted::workload(workload).cases.len();
        figures.push(workload, contender, instructions as f64 / requests as f64);
    }
    output.status.success().then_some(())
}
