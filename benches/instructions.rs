//! Counts instructions a request with callgrind. They hardly drift, so that a small change for the
//! worse is seen on any machine, however busy.
//!
//! It needs valgrind, and `cargo install gungraun-runner` in the version of the `gungraun` in
//! Cargo.lock. Without them it says so and does nothing, unless it is given `--require`. Names of
//! workloads, as in `-- vendor_example 'pins_*' real/parse`, count these alone. `--renew` counts
//! everything, the rivals, too, and writes benches/instructions.tsv; `--against=FILE` compares the
//! library with the figures of another version in such a file.

mod agreement;
mod check;
mod compare;
mod contender;
mod corpus;
mod counted;
mod device;
mod figures;
mod rivals;

use std::process::{Command, ExitCode, Stdio};

use figures::Figures;
use serde_json::Value;

const INSTRUCTIONS: check::Sort = check::Sort {
    file: "instructions.tsv",
    bench: "instructions",
    unit: "instructions",
    // Another build of the standard library moves the figures by about one in a hundred.
    tolerance: 0.03,
    // The same binary takes twelve more or fewer to copy the updates of `parse` out, by where the
    // length of the environment happens to put the stack.
    slack: 16.0,
};

/// What the harness is asked for, and what tells its own run of this binary from a person's.
const MACHINE_READABLE: &str = "--output-format=json";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |flag| arguments.iter().any(|argument| argument == flag);
    if has("--gungraun-run") || has(MACHINE_READABLE) {
        counted::run();
        return ExitCode::SUCCESS;
    }
    if has("--test") {
        corpus::NAMES.into_iter().for_each(assert_agreement);
        return ExitCode::SUCCESS;
    }
    if let Some(missing) = ["valgrind", "gungraun-runner"]
        .iter()
        .find(|tool| !runs(tool))
    {
        println!("instructions are not counted: {missing} is not installed");
        return ExitCode::from(u8::from(has("--require")));
    }
    let renew = has("--renew");
    let mut figures = Figures::default();
    for pattern in patterns(&arguments, renew) {
        let before = figures.0.len();
        if count(&pattern, &mut figures).is_none() {
            return ExitCode::FAILURE;
        }
        if figures.0.len() == before {
            println!("nothing that is counted is called {pattern}");
            return ExitCode::from(u8::from(has("--require")));
        }
    }
    figures.workloads().into_iter().for_each(assert_agreement);
    let against = |argument: &String| Some(argument.strip_prefix("--against=")?.to_owned());
    match (renew, arguments.iter().find_map(against)) {
        (true, _) => INSTRUCTIONS.renew(&figures),
        (_, Some(file)) => compare::print_changes(&Figures::read(&file), &figures),
        _ => INSTRUCTIONS.check(&figures),
    }
}

/// What the harness calls the workloads, or `WORKLOAD/CONTENDER`, that are asked for.
fn patterns(arguments: &[String], renew: bool) -> Vec<String> {
    let names = arguments.iter().filter(|name| !name.starts_with('-'));
    let named: Vec<_> = names
        .map(|name| {
            let (workload, contender) = name.split_once('/').unwrap_or((name, "*"));
            format!("*::library::{contender}::{workload}")
        })
        .collect();
    match (renew, named.is_empty()) {
        (true, _) => vec!["*".to_owned()],
        (_, true) => vec!["*::library::*".to_owned()],
        _ => named,
    }
}

/// Nothing is printed or written of what was not asserted.
fn assert_agreement(workload: &str) {
    agreement::assert_all(&counted::workload(workload));
}

fn runs(tool: &str) -> bool {
    let mut command = Command::new(tool);
    let output = command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    output.status().is_ok()
}

/// Runs itself under the harness, which runs it under callgrind once for each figure.
fn count(pattern: &str, figures: &mut Figures) -> Option<()> {
    let this = std::env::current_exe().expect("a bench knows its own path");
    let output = Command::new(this)
        .args(["--bench", pattern, MACHINE_READABLE])
        .stderr(Stdio::inherit())
        .output()
        .expect("a bench can run itself");
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
