//! Runs the example.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

pub const SECRET: &str = "bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg";

pub struct Run {
    pub status: i32,
    pub out: String,
    pub err: String,
}

/// Returns the path of the example, for which Cargo sets no `CARGO_BIN_EXE_…`.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2).expect("a test is in target/…/deps");
    let name = format!("batch_update{}", std::env::consts::EXE_SUFFIX);
    let program = profile.join("examples").join(name);
    assert!(
        program.exists(),
        "not built: cargo build -p pinquery-examples --examples"
    );
    program
}

pub fn run(args: &[impl AsRef<OsStr>], input: &[u8]) -> Run {
    run_with(args, input, &[])
}

/// Runs the example with these environment variables and no others that affect colours.
pub fn run_with(args: &[impl AsRef<OsStr>], input: &[u8], variables: &[(&str, &str)]) -> Run {
    let mut child = start(args, Stdio::piped(), variables);
    let mut stdin = child.stdin.take().expect("the pipe has not been taken");
    thread::scope(|scope| {
        // Ignored: an example that does not read its input closes it.
        scope.spawn(move || drop(stdin.write_all(input)));
        end(child)
    })
}

/// Runs the example on a standard input that is not a pipe.
pub fn run_on(args: &[impl AsRef<OsStr>], stdin: impl Into<Stdio>) -> Run {
    end(start(args, stdin.into(), &[]))
}

pub fn start(args: &[impl AsRef<OsStr>], stdin: Stdio, variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(program());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
        .envs(variables.iter().copied())
        .args(args)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example starts")
}

fn end(child: Child) -> Run {
    let output = child.wait_with_output().expect("the example ends");
    let text = |bytes| String::from_utf8(bytes).expect("all output is UTF-8");
    Run {
        status: output.status.code().expect("no signal ended it"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Writes a file. Its name contains the process id, so that concurrent test runs do not share it.
pub fn temporary_file(name: &str, text: &[u8]) -> String {
    let name = format!("{}-{name}", std::process::id());
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("the directory is writable");
    path.into_os_string()
        .into_string()
        .expect("the path is UTF-8")
}
