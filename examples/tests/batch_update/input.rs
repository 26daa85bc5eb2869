//! Queries from arguments, URLs and standard input.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::common::{SECRET, program, run, run_on, start, temporary_file};

const NO_ARGS: [&str; 0] = [];

fn is_demo(out: &str) -> bool {
    out.starts_with("# ") && out.ends_with("To parse your own queries, see --help.\n")
}

#[track_caller]
fn spans(args: &[&str], expected: &[&str]) {
    let run = run(&[&["--json"], args].concat(), b"");
    let span = |line: &str| match line.split_once("\"span\":[") {
        Some((_, rest)) => rest.split(']').next().expect("a closed list").to_owned(),
        None => "accepted".to_owned(),
    };
    let found: Vec<String> = run.out.lines().map(span).collect();
    assert_eq!(found, expected, "{args:?}");
    assert_eq!(run.err, "");
}

#[test]
fn no_arguments_and_no_input_show_the_demo() {
    for run in [
        run(&NO_ARGS, b""),
        run(&["--"], b""),
        run_on(&NO_ARGS, Stdio::null()),
    ] {
        assert_eq!((run.status, run.err.as_str()), (0, ""));
        assert!(is_demo(&run.out), "{}", run.out);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_without_arguments_shows_the_demo() {
    use std::io::IsTerminal;
    use std::os::unix::fs::OpenOptionsExt;

    /// Lets the example fail instead of waiting if it reads the terminal.
    const O_NONBLOCK: i32 = 0o4000;
    let mut options = File::options();
    options.read(true).write(true).custom_flags(O_NONBLOCK);
    let terminal = options.open("/dev/ptmx");
    let terminal = terminal.expect("pseudoterminals are available");
    assert!(terminal.is_terminal());
    let run = run_on(&NO_ARGS, terminal);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    assert!(is_demo(&run.out), "{}", run.out);
}

#[test]
fn a_pipe_without_arguments_is_read() {
    let bad = run(&NO_ARGS, b"token=t&v1=x");
    let expected = "line 1: rejected: Value doesn't match the Datastream data type
  token=***&v1=x
               ^ not_an_integer
  value is not an integer; v1 is integer 0..=100

0 accepted, 1 rejected
";
    assert_eq!((bad.out.as_str(), bad.status), (expected, 1));
    assert_eq!(bad.err, "");
    for input in [
        "\n",
        "\0",
        " ",
        "\r\n",
        "-",
        "--help",
        "http://h/?token=t&v1=1\n",
    ] {
        let run = run(&NO_ARGS, input.as_bytes());
        assert_eq!(run.status, 1, "{input:?}");
        assert!(run.out.starts_with("line 1: rejected"), "{}", run.out);
    }
    let good = run(&NO_ARGS, b"token=t&v1=1\n");
    let expected = "line 1: accepted
  token=***&v1=1
  v1=1  integer 0..=100

1 accepted, 0 rejected
";
    assert_eq!((good.out.as_str(), good.status), (expected, 0));
}

#[test]
fn a_file_is_read_like_a_pipe() {
    let lines = "token=t&v1=1\n".repeat(10_000) + "token=t&v1=x";
    let path = temporary_file("queries.txt", lines.as_bytes());
    let open = || File::open(&path).expect("the file was written");
    for args in [&NO_ARGS as &[&str], &["-"], &["--token", "t"]] {
        let run = run_on(args, open());
        assert_eq!((run.status, run.err.as_str()), (1, ""));
        assert!(run.out.contains("\nline 10001: rejected: "));
        assert!(run.out.ends_with("\n\n10000 accepted, 1 rejected\n"));
    }
    let json = run_on(&["--json"], open());
    assert_eq!(json.out.lines().count(), 10_001);
    assert_eq!(json.err, "10000 accepted, 1 rejected\n");
    let empty = File::open(temporary_file("none.txt", b"")).expect("the file was written");
    assert!(is_demo(&run_on(&NO_ARGS, empty).out));
}

#[test]
fn line_numbers_count_every_line() {
    let run = run(
        &NO_ARGS,
        b"\n\ntoken=t&v1=1\ntoken=t&v1=1\r\n\xFF\n\ntoken=t&v1=1",
    );
    let lines = run.out.lines().filter(|line| line.starts_with("line "));
    let starts: Vec<String> = lines.map(|line| line[..16].to_owned()).collect();
    let expected = [
        "line 1: rejected",
        "line 2: rejected",
        "line 3: accepted",
        "line 4: accepted",
        "line 5: rejected",
        "line 6: rejected",
        "line 7: accepted",
    ];
    assert_eq!(starts, expected);
    assert!(run.out.ends_with("\n\n3 accepted, 4 rejected\n"));
    assert_eq!(run.status, 1);
}

#[test]
fn input_without_queries_has_a_summary() {
    for args in [&["--token", "t"] as &[_], &["-"], &["-", "-"]] {
        let run = run(args, b"");
        assert_eq!((run.status, run.err.as_str()), (0, ""));
        assert_eq!(run.out, "0 accepted, 0 rejected\n");
    }
    let json = run(&["--json"], b"");
    assert_eq!((json.status, json.out.as_str()), (0, ""));
    assert_eq!(json.err, "0 accepted, 0 rejected\n");
}

#[test]
fn arguments_have_neither_numbers_nor_a_summary() {
    let human = run(&["token=t&v1=1", "token=t"], b"token=t&v1=1\n");
    assert!(human.out.starts_with("accepted\n"), "{}", human.out);
    for unwanted in ["line ", "1 accepted", "1 rejected"] {
        assert!(!human.out.contains(unwanted), "{}", human.out);
    }
    let json = run(&["--json", "token=t&v1=1"], b"");
    assert_eq!(json.err, "");
}

#[test]
fn a_dash_is_standard_input() {
    let args = ["token=t&v1=1", "-", "token=t&v1=x", "-"];
    let run = run(&args, b"token=t&v1=2\ntoken=t&v1=3");
    let expected = "accepted
  token=***&v1=1
  v1=1  integer 0..=100

line 1: accepted
  token=***&v1=2
  v1=2  integer 0..=100

line 2: accepted
  token=***&v1=3
  v1=3  integer 0..=100

rejected: Value doesn't match the Datastream data type
  token=***&v1=x
               ^ not_an_integer
  value is not an integer; v1 is integer 0..=100

3 accepted, 1 rejected
";
    assert_eq!((run.out.as_str(), run.err.as_str()), (expected, ""));
    assert_eq!(run.status, 1);
}

#[test]
fn a_dash_mixes_with_arguments_in_json() {
    let run = run(&["v1", "--json", "-", "", "--", "-"], b"token=t&v1=1\nv\n");
    let ends: Vec<bool> = run
        .out
        .lines()
        .map(|line| line.contains("updates"))
        .collect();
    assert_eq!(ends, [false, true, false, false, false]);
    // The last is the query `-`: standard input would be at its end.
    assert!(run.out.ends_with("\"span\":[1,1]}\n"), "{}", run.out);
    assert_eq!(
        (run.err.as_str(), run.status),
        ("1 accepted, 4 rejected\n", 1)
    );
}

#[test]
fn the_query_of_a_url_is_parsed() {
    for url in [
        "http://h?token=t&v1=1",
        "https://example.com/external/api/batch/update?token=t&v1=1",
        "HTTPS://h/?token=t&v1=1#v1=x",
        "hTTp://user:password@[::1]:8080/a?token=t&v1=1#",
        "http://?token=t&v1=1",
    ] {
        let found = run(&[url], b"");
        let expected = "accepted\n  token=***&v1=1\n  v1=1  integer 0..=100\n";
        assert_eq!((found.out.as_str(), found.status), (expected, 0), "{url}");
        spans(&[url], &["accepted"]);
        spans(&["--", url], &["accepted"]);
    }
}

#[test]
fn spans_refer_to_the_query_of_a_url() {
    for (url, span) in [
        ("https://h/?token=t&v1=x", "11,12"),
        ("https://h/?token=t&v1=x#token", "11,12"),
        ("https://h/?token=t&v1=1?#", "11,13"),
        ("https://h/??token=t&v1=1", "13,13"),
        ("https://h/#?token=t&v1=1", "0,0"),
        ("https://h/", "0,0"),
        ("https://h/?", "0,0"),
        ("https://", "0,0"),
        ("https://h/&token=t&v1=1", "0,0"),
    ] {
        spans(&[url], &[span]);
    }
    let run = run(&["https://h/x?token=t&v1=x"], b"");
    assert!(run.out.contains("\n  token=***&v1=x\n"), "{}", run.out);
    assert!(!run.out.contains("if this is a URL"), "{}", run.out);
}

#[test]
fn only_http_urls_are_recognised() {
    for query in [
        "http:/h?token=t&v1=1",
        "http:",
        "ftp://h/?token=t&v1=1",
        " http://h/?token=t&v1=1",
        "https//h/?token=t&v1=1",
        "httpx://h/?token=t&v1=1",
        "/update?token=t&v1=1",
        "?token=t&v1=1",
    ] {
        // The query has no token, which is reported at its end.
        let end = query.len();
        spans(&[query], &[&format!("{end},{end}")]);
    }
}

#[cfg(unix)]
#[test]
fn a_url_need_not_be_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let url = OsStr::from_bytes(b"http://\xFF/?token=t&v3=\xFF#\xFF");
    let run = run(&[OsStr::new("--json"), url], b"");
    assert!(run.out.contains("\"span\":[11,12],"), "{}", run.out);
    assert!(run.out.contains("invalid_utf8"), "{}", run.out);
}

#[test]
fn lines_are_never_urls() {
    let line = b"http://h/?token=t&v1=1\n";
    let json = run(&["--json"], line);
    let expected =
        r#"{"error":{"message":"Invalid token."},"kind":"missing_token","span":[22,22]}"#;
    assert_eq!((json.out.trim_end(), json.status), (expected, 1));
    let human = run(&["-"], line);
    assert!(
        human
            .out
            .contains("if this is a URL, its query starts at byte 10,")
    );
    assert_eq!(human.status, 1);
}

#[test]
fn a_url_reveals_no_secret() {
    let url = format!("https://{SECRET}@{SECRET}/{SECRET}?token={SECRET}&v1=x&{SECRET}#{SECRET}");
    for args in [
        &[url.as_str()] as &[_],
        &["--json", &url],
        &["--token", "t", &url],
    ] {
        let run = run(args, b"");
        assert_eq!(run.status, 1);
        assert!(!(run.out + &run.err).contains(&SECRET[..8]));
    }
}

#[test]
fn outcomes_do_not_wait_for_the_next_line() {
    let mut child = start(&NO_ARGS, Stdio::piped(), &[]);
    let mut input = child.stdin.take().expect("the pipe has not been taken");
    let output = BufReader::new(child.stdout.take().expect("the pipe has not been taken"));
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || output.lines().try_for_each(|line| sender.send(line)));
    for (start, text) in [
        ("line 1: accepted\n", "token=t&v6=1\nto"),
        ("\nline 2: accepted\n", "ken=t&v6=1\n"),
    ] {
        input.write_all(text.as_bytes()).expect("the example reads");
        let mut outcome = String::new();
        while !outcome.ends_with("boolean\n") {
            let line = lines.recv_timeout(Duration::from_secs(30));
            outcome += &line.expect("a line in time").expect("the example writes");
            outcome.push('\n');
        }
        assert!(outcome.starts_with(start), "{outcome}");
    }
    drop(input);
    assert_eq!(child.wait().expect("the example ends").code(), Some(0));
}

#[cfg(unix)]
#[test]
fn an_unreadable_input_is_reported_without_a_summary() {
    for args in [
        &NO_ARGS as &[&str],
        &["-"],
        &["--json"],
        &["token=t&v1=1", "-"],
    ] {
        let directory = File::open("/").expect("the root is readable");
        let run = run_on(args, directory);
        assert_eq!(run.status, 2, "{args:?}");
        assert!(run.err.starts_with("batch_update: standard input: "));
        assert!(!(run.out + &run.err).contains(" rejected"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_summary_follows_only_what_was_written() {
    let full = || {
        File::options()
            .write(true)
            .open("/dev/full")
            .expect("the device exists")
    };
    let example = || {
        let mut example = Command::new(program());
        example
            .args(["--json", "-", "token=t&v1=2"])
            .stdin(Stdio::null());
        example
    };
    let output = example()
        .stdout(full())
        .output()
        .expect("the example starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("accepted"));

    let unsummarized = example()
        .stderr(full())
        .output()
        .expect("the example starts");
    assert_eq!(unsummarized.status.code(), Some(0));
    assert_eq!(unsummarized.stdout.split(|byte| *byte == b'\n').count(), 2);
}
