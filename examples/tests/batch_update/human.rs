//! Human-readable output.

use crate::common::{SECRET, run, run_with, temporary_file};

const NO_ARGS: [&str; 0] = [];
const FORCED: (&str, &str) = ("CLICOLOR_FORCE", "1");

/// Returns the outcome of one query, without its line number and the summary.
#[track_caller]
pub fn shown(query: &[u8]) -> String {
    let run = run(&["--token", "t"], &[query, b"\n"].concat());
    assert_eq!(run.err, "");
    let summary = ["\n1 accepted, 0 rejected\n", "\n0 accepted, 1 rejected\n"];
    let status = usize::try_from(run.status).expect("a status of 0 or 1");
    let outcome = run.out.strip_prefix("line 1: ").expect("a line number");
    let outcome = outcome.strip_suffix(summary[status]).expect("a summary");
    outcome.to_owned()
}

#[track_caller]
pub fn carets(query: &[u8], line: &str, carets: &str) {
    let out = shown(query);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[1], format!("  {line}"));
    let (found, _kind) = lines[2]
        .rsplit_once(' ')
        .expect("a name follows the carets");
    assert_eq!(found, format!("  {carets}"), "below {line}");
}

#[test]
fn the_demo_shows_updates_and_rejections() {
    let run = run(&NO_ARGS, b"");
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    for text in [
        "accepted\n  token=***&v1=33&v2=44\n",
        "  v1=33    integer 0..=100\n  v2=44.0  double\n",
        "  v7=Test complete: PASS  string",
        "  v5=30.5234,50.4501  location\n",
        "  v0=100 (max)  integer 0..=100\n",
        "rejected: Value doesn't match the Datastream data type\n",
    ] {
        assert!(run.out.contains(text), "{text}");
    }
    assert!(!run.out.contains(SECRET));
}

#[test]
fn datastreams_are_aligned() {
    let query = "token=t&v1=133&v3=%E6%B8%A9+%22%E2%80%AE&v4=7&v6=0";
    let run = run(&[query], b"");
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    let expected = r#"accepted
  token=***&v1=133&v3=%E6%B8%A9+%22%E2%80%AE&v4=7&v6=0
  v1=100 (max)     integer 0..=100
  v3=温 "\u{202e}  string up to 64 bytes
  v4=0 (fallback)  enumerable [0, 20, 130] or 0
  v6=false         boolean
"#;
    assert_eq!(run.out, expected);
}

#[test]
fn an_empty_line_separates_outcomes() {
    let run = run(&["token=t&v1=1", "token=t&v1=x"], b"");
    let expected = "accepted
  token=***&v1=1
  v1=1  integer 0..=100

rejected: Value doesn't match the Datastream data type
  token=***&v1=x
               ^ not_an_integer
  value is not an integer; v1 is integer 0..=100
";
    assert_eq!((run.out.as_str(), run.status), (expected, 1));
}

#[test]
fn carets_mark_the_span() {
    carets(
        b"token=t&v1=1&v9=2",
        "token=***&v1=1&v9=2",
        "               ^^",
    );
    carets(b"v1=1", "v1=1", "    ^");
    carets(b"", "", "^");
    carets(b"&&", "&&", "  ^");
    carets(b"token=&v1=1", "token=&v1=1", "      ^");
    carets(b"token&v1=1", "token&v1=1", "     ^");
    carets(b"&%74oken=u&&v1=1&", "&%74oken=***&&v1=1&", "         ^^^");
    carets(b"token=t&=1", "token=***&=***", "          ^");
    carets(b"token=t&v1&v2=1", "token=***&v1&v2=1", "            ^");
    carets(
        b"token=t&v5=1&v5=2&v5=3",
        "token=***&v5=1&v5=2&v5=3",
        "                    ^^",
    );
}

#[test]
fn a_rejection_names_its_cause_and_datastream() {
    for (query, reason) in [
        (
            "token=t&v2=1%",
            "`%` is not followed by two hexadecimal digits; v2 is double",
        ),
        (
            "token=t&v5=1&v2=3",
            "longitude is not followed by a latitude; v5 is location",
        ),
        ("token=t&v9=1", "template has no datastream for this pin"),
        ("v2=?", "query contains no `token`"),
        ("&v2=?", "query contains no `token`"),
    ] {
        let out = shown(query.as_bytes());
        assert_eq!(out.lines().nth(3), Some(format!("  {reason}").as_str()));
        assert_eq!(out.lines().count(), 4, "{out}");
    }
}

/// Returns the coloured output, as printed and with the colours removed.
fn coloured(args: &[&str], input: &[u8]) -> (String, String) {
    let out = run_with(args, input, &[FORCED]).out;
    let codes = ["\x1B[0m", "\x1B[1m", "\x1B[31m", "\x1B[32m", "\x1B[33m"];
    let plain = codes
        .iter()
        .fold(out.clone(), |out, code| out.replace(code, ""));
    (out, plain)
}

#[test]
fn colours_do_not_change_the_text() {
    let args = ["token=t&v1=133&v4=7&v6=1", "token=t&v2=hot"];
    let (out, plain) = coloured(&args, b"");
    assert_eq!(plain, run(&args, b"").out);
    for shown in [
        "\x1B[1m\x1B[32maccepted\x1B[0m\n",
        "  \x1B[33mv1=100 (max)\x1B[0m     integer 0..=100\n",
        "\x1B[1m\x1B[31mrejected\x1B[0m: ",
        "\x1B[1m\x1B[31m             ^^^\x1B[0m not_a_double\n",
    ] {
        assert!(out.contains(shown), "{shown:?} in {out:?}");
    }
}

#[test]
fn no_color_and_json_turn_colours_off() {
    let args = ["token=t&v1=133", "token=t&v2=hot"];
    let unwanted = run_with(&args, b"", &[FORCED, ("NO_COLOR", "1")]);
    assert_eq!(unwanted.out, run(&args, b"").out);
    assert!(!unwanted.out.contains('\x1B'));
    let json = run_with(&["--json", "token=t&v1=133"], b"", &[FORCED]);
    assert!(!json.out.contains('\x1B'), "{}", json.out);
}

#[test]
fn everything_but_pins_is_redacted() {
    for name in [
        "token",
        "tokne",
        "Token",
        "%74oken",
        "v256",
        "v01",
        "%zz",
        "\u{202E}token",
    ] {
        let query = format!("{name}={SECRET}&v1=1&{SECRET}&x{SECRET}=a=b&token={SECRET}");
        let out = shown(query.as_bytes());
        assert!(!out.contains(SECRET), "{out}");
        let is_token = matches!(name, "token" | "%74oken");
        assert!(is_token || !out.contains(name), "{out}");
    }
    carets(
        b"token=t&tokne=abc&v1=1",
        "token=***&***=***&v1=1",
        "          ^^^",
    );
    carets(b"token=u&abc=d=e&f", "token=***&***=***&***", "      ^^^");
    carets(
        b"token=t&token=t&v1=1",
        "token=***&token=***&v1=1",
        "          ^^^^^",
    );
    carets(b"token=t&v\xFF=1", "token=***&***=***", "          ^^^");
}

#[test]
fn characters_that_move_the_cursor_are_escaped() {
    let out =
        shown("token=t&v9=\x1B[2J\u{202E}\u{2066}\u{200D}\u{301}\u{85}\r\t\x7F\\\"é".as_bytes());
    let line = out.lines().nth(1);
    let expected = r#"  token=***&v9=\u{1b}[2J…"#;
    assert_eq!(line, Some(expected));

    carets(
        b"token=t&v2=\x1B\x7F\xFF",
        r"token=***&v2=\u{1b}\u{7f}\xFF",
        "             ^^^^^^^^^^^^^^^^",
    );
    carets(
        "token=t&v2=\u{202E}\u{2066}\u{301}".as_bytes(),
        r"token=***&v2=\u{202e}\u{2066}\u{301}",
        "             ^^^^^^^^^^^^^^^^^^^^^^^",
    );
    carets(
        "token=t&v2=\r\t\\\"é温".as_bytes(),
        r#"token=***&v2=\r\t\\"é温"#,
        "             ^^^^^^^^^^",
    );
    for character in ('\0'..='\u{2FFFF}').filter(|c| c.is_control() || is_bidirectional(*c)) {
        if character != '\n' {
            assert!(!is_shown(character), "{character:?}");
        }
    }
}

fn is_bidirectional(character: char) -> bool {
    matches!(character, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Returns whether a character is printed verbatim in a rejection or an update.
fn is_shown(character: char) -> bool {
    let mut bytes = [0; 4];
    let raw = character.encode_utf8(&mut bytes);
    let escaped: String = raw.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let input = format!("token=t&v2={raw}\ntoken=t&v3=a{raw}\ntoken=t&v3=a{escaped}\n");
    // Without forced colours, text that looks like a colour code would be removed.
    let (_, out) = coloured(&["--token", "t"], input.as_bytes());
    out.replace('\n', "").contains(character)
}

#[test]
fn a_long_query_is_truncated_around_the_span() {
    let x = "x".repeat(5000);
    carets(
        format!("token=t&v3={}&v1=1&v1=2&v2={x}", &x[..64]).as_bytes(),
        &format!("…{}&v1=1&v1=2&v2={}…", "x".repeat(24), "x".repeat(10)),
        "                               ^^",
    );
    let run = run(&[format!("token=t&v1={x}&v2={x}")], b"");
    assert!(
        run.out.lines().all(|line| line.chars().count() < 100),
        "{}",
        run.out
    );
    let half = "x".repeat(15);
    assert!(
        run.out
            .contains(&format!("token=***&v1={half}…{half}&v2=xxxxxxxxxxxx…\n"))
    );
    assert!(run.out.contains(&"^".repeat(31)) && !run.out.contains(&"^".repeat(32)));
}

#[test]
fn a_long_string_is_truncated() {
    let file = temporary_file("long.json", br#"{"v3":{"type":"string","max_len":99999}}"#);
    let x = "x".repeat(5000);
    let mark = "%CC%81".repeat(5000);
    for value in [&x, &mark] {
        let query = format!("token=t&v3={value}");
        let run = run(&["--template", &file, &query], b"");
        assert_eq!(run.status, 0);
        let line = run.out.lines().last().expect("a line");
        assert!(line.contains('…') && line.chars().count() < 100, "{line}");
    }
}
