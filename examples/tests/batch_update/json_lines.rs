//! JSON Lines output (`--json`): input, output and exit status.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::common::{program, run, temporary_file};

/// Checks outcomes of arguments.
#[track_caller]
fn json(args: &[&str], status: i32, out: &str) {
    let run = run(&[&["--json"], args].concat(), b"never read\n");
    assert_eq!((run.out.as_str(), run.status), (out, status));
    assert_eq!(run.err, "");
}

/// Checks outcomes of lines and their summary.
#[track_caller]
fn lines(options: &[&str], input: &[u8], status: i32, out: &str) {
    let run = run(&[&["--json"], options].concat(), input);
    assert_eq!((run.out.as_str(), run.status), (out, status));
    let outcomes = out.lines().map(|line| line.starts_with("{\"updates\":"));
    let (accepted, rejected): (Vec<bool>, Vec<bool>) = outcomes.partition(|accepted| *accepted);
    let summary = format!("{} accepted, {} rejected\n", accepted.len(), rejected.len());
    assert_eq!(run.err, summary);
}

fn rejected(message: &str, kind: &str, start: usize, end: usize) -> String {
    format!(r#"{{"error":{{"message":"{message}"}},"kind":"{kind}","span":[{start},{end}]}}"#)
        + "\n"
}

/// Appends fields to a rejection.
fn with_fields(rejected: &str, more: &str) -> String {
    rejected.trim_end().trim_end_matches('}').to_owned() + more + "}\n"
}

fn wrong_text(reason: &str, end: usize) -> String {
    let message = "Value doesn't match the Datastream data type";
    let rejected = rejected(message, "invalid_value", 11, end);
    with_fields(&rejected, &format!(r#","pin":3,"reason":"{reason}""#))
}

fn updated(value: &str) -> String {
    format!(r#"{{"updates":[{{"pin":3,"value":"{value}","adjusted":null}}]}}"#) + "\n"
}

#[test]
fn the_readmes_example_has_the_documented_output() {
    lines(
        &[],
        b"token=t&v1=133&v2=44\ntoken=t&v1=1&v256=2\n",
        1,
        concat!(
            r#"{"updates":[{"pin":1,"value":100,"adjusted":"max"},{"pin":2,"value":44.0,"adjusted":null}]}"#,
            "\n",
            r#"{"error":{"message":"Wrong pin format."},"kind":"invalid_pin","span":[13,17]}"#,
            "\n",
        ),
    );
}

#[test]
fn every_type_has_its_json_form() {
    json(
        &["token=t&v1=33&v2=-0&v3=a%22%0A%C3%A9&v4=7&v5=12.5,-3&v6=TRUE"],
        0,
        concat!(
            r#"{"updates":[{"pin":1,"value":33,"adjusted":null},{"pin":2,"value":-0.0,"adjusted":null},"#,
            r#"{"pin":3,"value":"a\"\né","adjusted":null},{"pin":4,"value":0,"adjusted":"fallback"},"#,
            r#"{"pin":5,"value":[12.5,-3.0],"adjusted":null},{"pin":6,"value":true,"adjusted":null}]}"#,
            "\n",
        ),
    );
    json(
        &["token=t&v1=-1&v2=1e300"],
        0,
        "{\"updates\":[{\"pin\":1,\"value\":0,\"adjusted\":\"min\"},\
         {\"pin\":2,\"value\":1e+300,\"adjusted\":null}]}\n",
    );
}

#[test]
fn the_contracts_example_has_the_documented_output() {
    json(
        &["token=t&v2=hot"],
        1,
        concat!(
            r#"{"error":{"message":"Value doesn't match the Datastream data type"},"#,
            r#""kind":"invalid_value","span":[11,14],"pin":2,"reason":"not_a_double"}"#,
            "\n",
        ),
    );
}

#[test]
fn every_rejection_has_its_message_kind_and_span() {
    let token = "Invalid token.";
    let pin = "Wrong pin format.";
    for (query, message, kind, (start, end), more) in [
        ("v1=1", token, "missing_token", (4, 4), ""),
        ("token=&v1=1", token, "invalid_token", (6, 6), ""),
        ("token=u&v1=1", token, "unknown_token", (6, 7), ""),
        ("token=t&token=t", token, "duplicate_token", (8, 13), ""),
        ("token=t&pin=v1", pin, "invalid_pin", (8, 11), ""),
        (
            "token=t&v9=1",
            "No datastream setup for that pin.",
            "unknown_pin",
            (8, 10),
            r#","pin":9"#,
        ),
        (
            "token=t&v1=1&V1=1",
            pin,
            "duplicate_pin",
            (13, 15),
            r#","pin":1"#,
        ),
        (
            "token=t&v1=1.0",
            "Value doesn't match the Datastream data type",
            "invalid_value",
            (11, 14),
            r#","pin":1,"reason":"not_an_integer""#,
        ),
        ("token=t&", pin, "no_pins", (8, 8), ""),
    ] {
        let expected = with_fields(&rejected(message, kind, start, end), more);
        json(&["--token", "t", query], 1, &expected);
    }
}

#[test]
fn only_lf_ends_a_line() {
    let no_token = rejected("Invalid token.", "missing_token", 0, 0);
    let ok = updated("a");
    lines(&[], b"", 0, "");
    lines(&[], b"\n", 1, &no_token);
    lines(&[], b"\n\ntoken=t&v3=a", 1, &(no_token.repeat(2) + &ok));
    lines(&[], b"token=t&v3=a\n", 0, &ok);
    lines(&[], b"token=t&v3=a\ntoken=t&v3=a", 0, &ok.repeat(2));
    lines(&[], b"token=t&v3=a\r\n", 0, &updated(r"a\r"));
    lines(
        &[],
        b"\r",
        1,
        &rejected("Invalid token.", "missing_token", 1, 1),
    );
    lines(
        &[],
        "token=t&v3=\u{2028}\u{85}\x0B\x0C\n".as_bytes(),
        0,
        &updated("\u{2028}\u{85}\\u000b\\f"),
    );
}

/// Removing terminal codes would remove DEL as well.
#[test]
fn text_is_written_in_full() {
    let text = "a\u{7F}b\u{9B}31mc\u{202E}d\u{FEFF}";
    let line = format!("token=t&v3={text}\n");
    lines(&[], line.as_bytes(), 0, &updated(text));
    lines(&[], b"token=t&v3=%1B[31m\n", 0, &updated(r"\u001b[31m"));
}

#[test]
fn standard_input_need_not_be_utf8() {
    lines(
        &[],
        b"token=t&v3=\xFF\n",
        1,
        &wrong_text("invalid_utf8", 12),
    );
    lines(&[], b"token=t&v3=\0\n", 1, &wrong_text("nul", 12));
    lines(&[], b"token=t&v3=\xC3\xA9\n", 0, &updated("é"));
}

#[cfg(unix)]
#[test]
fn arguments_need_not_be_utf8() {
    use std::os::unix::ffi::OsStrExt;

    let query = OsStr::from_bytes(b"token=t&v3=a\nb&v\xFF=1");
    let run = run(&[OsStr::new("--json"), query], b"");
    assert_eq!(
        run.out,
        rejected("Wrong pin format.", "invalid_pin", 15, 17)
    );
    assert_eq!(run.status, 1);
}

#[test]
fn standard_input_is_ignored_if_there_are_queries() {
    json(&["token=t&v3=a"], 0, &updated("a"));
    json(
        &["token=t&v3=a", "", "token=t&v3=b"],
        1,
        &[
            updated("a"),
            rejected("Invalid token.", "missing_token", 0, 0),
            updated("b"),
        ]
        .concat(),
    );
    let dashed = rejected("Invalid token.", "missing_token", 8, 8);
    json(&["--", "--json=1"], 1, &dashed);
    let outcomes = [
        updated("a"),
        rejected("Invalid token.", "missing_token", 2, 2),
        rejected("Invalid token.", "missing_token", 1, 1),
    ];
    json(&["token=t&v3=a", "--", "--", "-"], 1, &outcomes.concat());
}

#[test]
fn only_the_given_token_is_known() {
    let unknown = rejected("Invalid token.", "unknown_token", 6, 7);
    lines(&["--token", "-t"], b"token=-t&v3=a\n", 0, &updated("a"));
    lines(&["--token=%t"], b"token=%25t&v3=a\n", 0, &updated("a"));
    json(&["--token", "T", "token=t&v3=a"], 1, &unknown);
    json(&["token=anything&v3=a"], 0, &updated("a"));
}

#[test]
fn long_lines_and_many_lines_are_parsed() {
    let mut long = b"token=t&v3=".to_vec();
    long.resize(1 << 20, b'x');
    lines(&[], &long, 1, &wrong_text("too_long", long.len()));

    let many = b"token=t&v3=a\n".repeat(100_000);
    lines(&[], &many, 0, &updated("a").repeat(100_000));
}

#[test]
fn output_does_not_wait_for_the_next_query() {
    use std::io::{BufRead, BufReader};

    let mut child = Command::new(program())
        .arg("--json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the example starts");
    let mut input = child.stdin.take().expect("the pipe has not been taken");
    let mut output = BufReader::new(child.stdout.take().expect("the pipe has not been taken"));
    for _ in 0..2 {
        input
            .write_all(b"token=t&v3=a\ntok")
            .expect("the example reads");
        input.flush().expect("the example reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("the example writes");
        assert_eq!(line, updated("a"));
        input.write_all(b"en=t&v3=a\n").expect("the example reads");
        line.clear();
        output.read_line(&mut line).expect("the example writes");
        assert_eq!(line, updated("a"));
    }
    drop(input);
    assert_eq!(child.wait().expect("the example exits").code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_closed_output_ends_the_program_silently() {
    let mut child = Command::new(program())
        .arg("--json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example starts");
    drop(child.stdout.take());
    let mut input = child.stdin.take().expect("the pipe has not been taken");
    let _ = input.write_all(&b"token=t&v3=a\n".repeat(10_000));
    drop(input);
    let output = child.wait_with_output().expect("the example exits");
    assert_eq!(output.status.code(), Some(141));
    assert!(output.stderr.is_empty());
}

#[test]
fn a_template_replaces_the_default_one() {
    let file = temporary_file(
        "small.json",
        br#" {"v255" : {"min":-5,"max":-1,"type":"integer"}} "#,
    );
    json(
        &["--template", &file, "token=t&v255=0"],
        0,
        "{\"updates\":[{\"pin\":255,\"value\":-1,\"adjusted\":\"max\"}]}\n",
    );
    let unknown = rejected("No datastream setup for that pin.", "unknown_pin", 8, 10);
    let unknown = with_fields(&unknown, r#","pin":1"#);
    json(&["--template", &file, "token=t&v1=0"], 1, &unknown);

    let empty = temporary_file("empty.json", b"{}");
    json(&["--template", &empty, "token=t&v1=0"], 1, &unknown);
}
