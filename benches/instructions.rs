//! Counts instructions a request with callgrind. They hardly drift, so that a small change for the
//! worse is seen on any machine, however busy.
//!
//! It needs valgrind, and `cargo install gungraun-runner` in the version of the `gungraun` in
//! Cargo.lock. Without them it says so and does nothing, unless it is given `--require`. With
//! `--renew` it counts the rivals, too, and writes benches/instructions.tsv.

mod agreement;
mod check;
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
    // The same binary takes twelve more or fewer to copy the updates out, by where the length of
    // the environment happens to put the stack.
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
    for name in corpus::NAMES {
        agreement::assert_all(&counted::workload(name));
    }
    if has("--test") {
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
    let Some(figures) = count(if renew { "*" } else { "*::library::*" }) else {
        return ExitCode::FAILURE;
    };
    match renew {
        true => INSTRUCTIONS.renew(&figures),
        false => INSTRUCTIONS.check(&figures),
    }
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
fn count(filter: &str) -> Option<Figures> {
    let this = std::env::current_exe().expect("a bench knows its own path");
    let output = Command::new(this)
        .args(["--bench", filter, MACHINE_READABLE])
        .stderr(Stdio::inherit())
        .output()
        .expect("a bench can run itself");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut figures = Figures::default();
    for line in text.lines() {
        let summary: Value = serde_json::from_str(line).ok()?;
        let workload = summary["id"].as_str()?;
        let contender = counted::contender(summary["function_name"].as_str()?).name;
        let metrics = &summary["profiles"][0]["data"]["total"]["metrics"];
        let instructions = metrics["Ir"]["values"]["new"].as_u64()?;
        let requests = counted::workload(workload).cases.len();
        figures.push(workload, contender, instructions as f64 / requests as f64);
    }
    let counted = output.status.success() && figures.iter().next().is_some();
    counted.then_some(figures)
}
