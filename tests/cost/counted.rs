//! Counts instructions with valgrind, which runs this test binary again.

use std::process::{Command, Stdio};
use std::{env, fs};

pub enum Counted {
    /// The instructions of each call, in order.
    Instructions(Vec<u64>),
    NoValgrind,
}

/// Runs an ignored test of this binary under valgrind and counts each call of a function.
pub fn count(test: &str, function: &str) -> Counted {
    if !has_valgrind() {
        let is_required = env::var_os("REQUIRE_VALGRIND").is_some();
        assert!(
            !is_required,
            "REQUIRE_VALGRIND is set, but valgrind does not run"
        );
        // The test harness would capture the output of `eprintln!`.
        let note = "not counted: valgrind is not installed\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes());
        return Counted::NoValgrind;
    }
    let (folder, process) = (env!("CARGO_TARGET_TMPDIR"), std::process::id());
    let file = format!("{folder}/{test}.{process}.callgrind");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--combine-dumps=yes"])
        .arg(format!("--callgrind-out-file={file}"))
        .arg(format!("--toggle-collect={function}"))
        .arg(format!("--dump-after={function}"))
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--test-threads=1"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let counts = totals(&fs::read_to_string(&file).unwrap());
    fs::remove_file(file).unwrap();
    Counted::Instructions(counts)
}

fn has_valgrind() -> bool {
    let mut version = Command::new("valgrind");
    version.arg("--version").stdout(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// Returns the total of each dump. The last dump is empty: it follows the last call.
fn totals(file: &str) -> Vec<u64> {
    let lines = file.lines();
    let totals = lines.filter_map(|line| line.strip_prefix("totals: "));
    let counts = totals.map(|total| total.parse().expect("a count"));
    counts.filter(|&count| count > 0).collect()
}
