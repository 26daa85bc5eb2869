//! Options and templates: errors exit with status 2, and no message repeats a secret.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{SECRET, program, run, temporary_file};

/// A template, the pin in its error and a part of the reason.
#[rustfmt::skip]
const BAD_TEMPLATES: &[(&str, &str, &str)] = &[
    (r#"{"v1":{"type":"integer","mn":0}}"#, "v1", "unknown field"),
    (r#"{"v1":{"type":"boolean","min":0}}"#, "v1", "unknown field"),
    (r#"{"v1":{"type":"boolean"},"v1":{"type":"boolean"}}"#, "v1", "duplicate pin"),
    (r#"{"v1":{"type":"integer","min":0,"min":0}}"#, "v1", "duplicate field"),
    (r#"{"v1":null}"#, "v1", "null"),
    (r#"{"v1":{"type":"integer","min":null}}"#, "v1", "min: expected"),
    (r#"{"v1":{"type":"string","max_len":null}}"#, "v1", "max_len: expected"),
    (r#"{"v1":{"type":"integer","min":"0"}}"#, "v1", "min: expected"),
    (r#"{"v1":{"type":"string","max_len":-1}}"#, "v1", "non-negative integer"),
    (r#"{"v1":{"type":7}}"#, "v1", "type"),
    (r#"{"v1":{"type":"int"}}"#, "v1", "unknown type"),
    (r#"{"v1":{}}"#, "v1", "type"),
    (r#"{"v1":[]}"#, "v1", "sequence"),
    (r#"{"v1":{"type":"integer","min":0.5}}"#, "v1", "64-bit integer"),
    (r#"{"v1":{"type":"integer","max":9223372036854775808}}"#, "v1", "64-bit integer"),
    (r#"{"v2":{"type":"double","max":1e999}}"#, "v2", "finite"),
    (r#"{"v2":{"type":"double","min":1,"max":0}}"#, "v2", "min is above max"),
    (r#"{"v1":{"type":"integer","min":3000000000}}"#, "v1", "min is above max"),
    (r#"{"v4":{"type":"enumerable"}}"#, "v4", "values"),
    (r#"{"v4":{"type":"enumerable","values":[]}}"#, "v4", "values"),
    (r#"{"v4":{"type":"enumerable","values":[1],"fallback":0}}"#, "v4", "fallback"),
    (r#"{"v256":{"type":"boolean"}}"#, "", "not a pin"),
    (r#"{"V1":{"type":"boolean"}}"#, "", "not a pin"),
    (r#"{"v01":{"type":"boolean"}}"#, "", "not a pin"),
    (r#"{"v1":{"type":"boolean"}"#, "", "EOF"),
    (r#"{"v1":{"type":"boolean"}} {}"#, "", "trailing"),
    ("[]", "", "sequence"),
    ("", "", "EOF"),
];

#[test]
fn an_invalid_template_is_reported_with_pin_and_reason() {
    for (index, (text, pin, reason)) in BAD_TEMPLATES.iter().enumerate() {
        let file = temporary_file(&format!("bad{index}.json"), text.as_bytes());
        let run = run(&["--json", "--template", &file], b"token=t&v1=1\n");
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{text}");
        let (_, message) = run.err.split_once(".json\": ").expect("the file is named");
        assert!(
            message.trim_start_matches('"').starts_with(pin) && message.contains(reason),
            "{text}: {message}"
        );
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
    }
}

#[test]
fn an_unreadable_template_is_reported() {
    let latin = temporary_file("latin.json", b"{\"v1\":{\"type\":\"\xE9\"}}");
    let directory = env!("CARGO_TARGET_TMPDIR");
    for file in [&latin, directory, "no/such/file", "", "-"] {
        let run = run(&["--json", "--template", file, "token=t&v1=1"], b"");
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{file}");
        assert!(run.err.contains("template"), "{}", run.err);
    }
}

#[test]
fn a_byte_order_mark_before_a_template_is_skipped() {
    let template = r#"{"v9":{"type":"boolean"}}"#;
    let file = temporary_file("bom.json", format!("\u{FEFF}{template}").as_bytes());
    let read = run(&["--json", "--template", &file, "token=t&v9=1"], b"");
    assert_eq!((read.status, read.err.as_str()), (0, ""));

    for (name, text) in [
        (
            "two.json",
            format!("\u{FEFF}\u{FEFF}{template}").into_bytes(),
        ),
        ("late.json", format!(" \u{FEFF}{template}").into_bytes()),
        ("only.json", "\u{FEFF}".into()),
        ("utf16.json", b"\xFF\xFE{\0}\0".into()),
    ] {
        let file = temporary_file(name, &text);
        let run = run(&["--template", &file, "token=t&v9=1"], b"");
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{name}");
    }
    // A line of standard input is raw bytes.
    let line = run(&["--template", &file], "\u{FEFF}token=t&v9=1".as_bytes());
    assert_eq!(line.status, 1);
}

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
        for option in ["--json", "--template FILE", "--token TOKEN", "--version"] {
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
