//! Options: errors exit with status 2, and no message repeats a secret.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{SECRET, program, run};

#[test]
fn wrong_usage_points_to_help() {
    for args in [
        &["--jsn"][..],
        &["-j"],
        &["-1"],
        &["--json=1"],
        &["--template"],
        &["--token"],
        &["--token", ""],
        &["--token="],
        &["--token", "a b"],
        &["--token", "é"],
        &["--token", "a", "--token", "a"],
        &["--template", "a", "--template", "a"],
        &["--devices"],
        &["--devices", "--json"],
        &["--template", "--json"],
        &["--devices", "a", "--devices", "a"],
        &["--devices", "a", "--template", "a"],
        &["--devices", "a", "--token", "a"],
        &["token=t&v3=a", "--jsn"],
    ] {
        let run = run(args, b"token=t&v3=a\n");
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{args:?}");
        assert!(run.err.contains("--help"), "{args:?}: {}", run.err);
    }
}

#[test]
fn no_message_repeats_a_secret() {
    let wrong_token = format!("{SECRET} ");
    for args in [
        vec![format!("--token{SECRET}")],
        vec![format!("--json={SECRET}")],
        vec![format!("-{SECRET}")],
        vec!["--template".to_owned(), format!("--token={SECRET}")],
        vec!["--template".to_owned(), format!("token={SECRET}&v1=1")],
        vec!["--devices".to_owned(), format!("--token={SECRET}")],
        vec!["--devices".to_owned(), format!("token={SECRET}&v1=1")],
        vec!["--devices=a".to_owned(), format!("--token={SECRET}")],
        vec![format!("--template=https://localhost/?token={SECRET}")],
        vec!["--token".to_owned(), wrong_token.clone()],
        vec![format!("--token={wrong_token}")],
    ] {
        let run = run(&args, b"");
        assert_eq!(run.status, 2, "{args:?}");
        assert!(!run.err.contains(&SECRET[1..]), "{}", run.err);
    }
}

#[test]
fn help_and_version_are_printed() {
    for arg in ["--help", "-h"] {
        let run = run(&["--json", arg], b"");
        assert_eq!((run.status, run.err.as_str()), (0, ""));
        for option in [
            "--devices FILE",
            "--json",
            "--template FILE",
            "--token TOKEN",
            "--version",
        ] {
            assert!(run.out.contains(option), "{option}");
        }
    }
    let help = run(&["--help"], b"").out;
    assert!(help.lines().all(|line| line.len() <= 80));
    let library = include_str!("../../../Cargo.toml");
    for arg in ["--version", "-V"] {
        let run = run(&[arg], b"");
        assert_eq!((run.status, run.err.as_str()), (0, ""));
        let version = run.out.trim_end().strip_prefix("batch_update ");
        let line = format!(
            "\nversion = \"{}\"\n",
            version.expect("the name comes first")
        );
        assert!(
            library.contains(&line),
            "the library's version differs from {line}"
        );
    }
}

/// Runs a command line that calls the example; returns its last line of output and its status.
#[cfg(unix)]
fn shell(line: &str, directory: &Path) -> (String, i32) {
    let program = program();
    let programs = program.parent().expect("a directory").display();
    let path = std::env::var("PATH").expect("sh is found by it");
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(directory)
        .env("PATH", format!("{programs}:{path}"))
        .output()
        .expect("sh starts");
    let out = String::from_utf8(output.stdout).expect("all output is UTF-8");
    let last = out.lines().last().unwrap_or_default().to_owned();
    (last, output.status.code().expect("no signal ended it"))
}

#[cfg(unix)]
#[test]
fn examples_of_the_help_run() {
    let name = format!("{}-help", std::process::id());
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).expect("the directory is writable");
    let request = r#"::1 "GET /external/api/batch/update?token=t&v1=7 HTTP/1.1" 200 2"#;
    for (name, text) in [
        ("device.json", r#"{"v1":{"type":"integer"}}"#),
        ("devices.json", r#"{"t":{"v1":{"type":"integer"}}}"#),
        ("queries.txt", "token=t&v1=7"),
        (
            "access.log",
            &[request, "GET / HTTP/1.1", request].join("\n"),
        ),
    ] {
        fs::write(directory.join(name), text).expect("the directory is writable");
    }
    let help = run(&["--help"], b"").out;
    let (_, examples) = help.split_once("\nExamples:\n").expect("examples");
    let (examples, _) = examples.split_once("\n\n").expect("a section follows");
    let expected = [
        ("  v2=44.0       double", 0),
        ("  value is not an integer; v1 is integer 0..=100", 1),
        ("1 accepted, 0 rejected", 0),
        ("1 accepted, 0 rejected", 0),
        ("2 accepted, 0 rejected", 0),
        ("", 0),
    ];
    assert_eq!(examples.lines().count(), expected.len());
    for (line, (last, status)) in examples.lines().zip(expected) {
        assert_eq!(shell(line, &directory), (last.to_owned(), status), "{line}");
    }
    let outcomes = fs::read_to_string(directory.join("outcomes.jsonl"));
    assert_eq!(outcomes.expect("it was written").lines().count(), 1);
}
