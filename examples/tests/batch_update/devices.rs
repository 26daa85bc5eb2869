//! Templates and devices from files.

use crate::common::{SECRET, run, temporary_file};

const DEVICES: &str = r#"{
    "one": {"v1": {"type": "integer", "max": 100}},
    "two": {"v1": {"type": "boolean"}, "id": "roof", "v2": {"type": "double"}}
}"#;

#[test]
fn the_token_selects_the_template() {
    let file = temporary_file("devices.json", DEVICES.as_bytes());
    let queries = [
        "token=one&v1=101",
        "token=%74wo&v1=1",
        "v2=1&token=one",
        "token=other&v1=x",
    ];
    let json = run(
        &[&["--json", "--devices", &file], &queries[..]].concat(),
        b"",
    );
    let expected = r#"{"updates":[{"pin":1,"value":100,"adjusted":"max"}]}
{"updates":[{"pin":1,"value":true,"adjusted":null}]}
{"error":{"message":"No datastream setup for that pin."},"kind":"unknown_pin","span":[0,2],"pin":2}
{"error":{"message":"Invalid token."},"kind":"unknown_token","span":[6,11]}
"#;
    assert_eq!((json.out.as_str(), json.err.as_str()), (expected, ""));
    assert_eq!(json.status, 1);
    let lines = queries.join("\n");
    let from_stdin = run(&["--json", "--devices", &file], lines.as_bytes());
    assert_eq!((from_stdin.out.as_str(), from_stdin.status), (expected, 1));
}

#[test]
fn human_readable_output_describes_the_datastreams_of_the_device() {
    let file = temporary_file("human.json", DEVICES.as_bytes());
    let queries = [
        "token=one&v1=101",
        "token=two&v1=7&v2=x&v3=1",
        "token=other&v1=7&v2=x",
        "token=&v1=7&v2=x",
    ];
    let human = run(&[&["--devices", &file], &queries[..]].concat(), b"");
    let expected = "accepted
  token=***&v1=101
  v1=100 (max)  integer ..=100

rejected: Value doesn't match the Datastream data type
  token=***&v1=7&v2=x&v3=1
               ^ not_a_boolean
  value is not `true`, `false`, `1` or `0`; v1 is boolean
  token=***&v1=7&v2=x&v3=1
                    ^ not_a_double
  value is not a decimal number; v2 is double
  token=***&v1=7&v2=x&v3=1
                      ^^ unknown_pin
  template has no datastream for this pin

rejected: Invalid token.
  token=***&v1=7&v2=x
        ^^^ unknown_token
  no device has this token

rejected: Invalid token.
  token=&v1=7&v2=x
        ^ invalid_token
  token is empty, malformed, or contains a byte outside 0x21..=0x7E
";
    assert_eq!(human.out, expected);
    assert_eq!((human.err.as_str(), human.status), ("", 1));
}

#[test]
fn an_invalid_file_is_reported_without_repeating_a_secret() {
    let device = r#"{"v1":{"type":"integer","min":9,"max":1}}"#;
    let devices = format!(r#"{{"{SECRET}":{device}}}"#);
    let secret = format!("{SECRET:?}");
    for (option, json, reason) in [
        ("--template", device, "v1: min is above max"),
        ("--template", &secret, "invalid type"),
        ("--template", &devices, "key is not a pin"),
        ("--devices", &devices, "device 1: v1: min is above max"),
        ("--devices", &secret, "invalid type"),
        ("--devices", "{}", "no devices"),
    ] {
        let file = temporary_file("invalid.json", json.as_bytes());
        for mode in [&["--json"] as &[&str], &[]] {
            let run = run(&[mode, &[option, &file, "token=t&v1=1"]].concat(), b"");
            assert_eq!((run.status, run.out.as_str()), (2, ""), "{json}");
            let (name, message) = run.err.split_once(".json\": ").expect("the file is named");
            assert!(name.contains(&option[2..]), "{name}");
            assert!(message.starts_with(reason), "{json}: {message}");
            assert_eq!(message.lines().count(), 1, "{message}");
            assert!(!message.contains(SECRET), "{message}");
        }
    }
}

#[test]
fn an_unreadable_file_is_reported() {
    let latin = temporary_file("latin.json", b"{\"v1\":{\"type\":\"\xE9\"}}");
    let directory = env!("CARGO_TARGET_TMPDIR");
    for option in ["--template", "--devices"] {
        for file in [&latin, directory, SECRET, "token=t&v1=1", "", "-"] {
            let run = run(&["--json", option, file, "token=t&v1=1"], b"");
            assert_eq!((run.status, run.out.as_str()), (2, ""), "{file}");
            assert!(run.err.contains(&option[2..]), "{}", run.err);
            assert!(
                !run.err.contains(SECRET) && !run.err.contains('='),
                "{}",
                run.err
            );
        }
    }
}

#[test]
fn a_byte_order_mark_before_a_file_is_skipped() {
    let template = r#"{"v9":{"type":"boolean"}}"#;
    for (option, json) in [
        ("--template", template.to_owned()),
        ("--devices", format!(r#"{{"t":{template}}}"#)),
    ] {
        let json = format!("\u{FEFF}{json}");
        let file = temporary_file(&format!("bom{option}.json"), json.as_bytes());
        let accepted = run(&["--json", option, &file, "token=t&v9=1"], b"");
        assert_eq!((accepted.status, accepted.err.as_str()), (0, ""));
        // A line of standard input is raw bytes.
        let line = run(&[option, &file], "\u{FEFF}token=t&v9=1".as_bytes());
        assert_eq!(line.status, 1);
    }
}
