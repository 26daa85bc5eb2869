//! Every error of a rejected query, in human-readable output.

use crate::common::{SECRET, run};
use crate::human::{carets, shown};

/// Returns the names that follow the carets.
fn names(out: &str) -> Vec<&str> {
    let is_caret = |line: &&str| line.trim_start().starts_with('^');
    let lines = out.lines().filter(is_caret);
    lines.filter_map(|line| line.rsplit(' ').next()).collect()
}

#[test]
fn every_error_is_shown_the_servers_first() {
    let run = run(&["token=t&v1=x&v2=44&v9=1&v6=7"], b"");
    let expected = "rejected: Value doesn't match the Datastream data type
  token=***&v1=x&v2=44&v9=1&v6=7
               ^ not_an_integer
  value is not an integer; v1 is integer 0..=100
  token=***&v1=x&v2=44&v9=1&v6=7
                       ^^ unknown_pin
  template has no datastream for this pin
  token=***&v1=x&v2=44&v9=1&v6=7
                               ^ not_a_boolean
  value is not `true`, `false`, `1` or `0`; v6 is boolean
";
    assert_eq!((run.out.as_str(), run.status), (expected, 1));

    let wrong_pin_first = shown(b"token=t&x=1&v1=x");
    assert!(wrong_pin_first.starts_with("rejected: Wrong pin format.\n"));
    assert_eq!(names(&wrong_pin_first), ["invalid_pin", "not_an_integer"]);
}

#[test]
fn later_errors_are_those_of_results() {
    for (query, expected) in [
        (
            "token=t&v5=1&v1=x",
            &["no_latitude", "not_an_integer"] as &[_],
        ),
        ("token=t&v5=200&v5=1", &["out_of_range", "duplicate_pin"]),
        ("token=t&v1=x&V1=1", &["not_an_integer", "duplicate_pin"]),
        (
            "v1=x&token=t&token=t",
            &["not_an_integer", "duplicate_token"],
        ),
        ("token=t&token=u&token=", &["duplicate_token"; 2]),
        ("token=t&&", &["no_pins"]),
        ("token=t&v2=1&v2=%", &["duplicate_pin"]),
    ] {
        assert_eq!(names(&shown(query.as_bytes())), expected, "{query}");
    }
}

#[test]
fn an_invalid_token_hides_all_other_errors() {
    for (query, name) in [
        ("v1=x&v256=1", "missing_token"),
        ("v1=x&token=&v256=1", "invalid_token"),
        ("v1=x&token=u&v256=1&v7=1", "unknown_token"),
        ("v1=x&token=u&token=t", "unknown_token"),
    ] {
        let out = shown(query.as_bytes());
        assert!(out.starts_with("rejected: Invalid token.\n"), "{out}");
        assert_eq!(names(&out), [name], "{query}");
        assert_eq!(out.lines().count(), 4, "{out}");
        assert!(!out.contains("integer"), "{out}");
    }
}

#[test]
fn at_most_ten_errors_are_shown_and_the_others_counted() {
    let rejected = |count: usize| shown(("token=t".to_owned() + &"&v=".repeat(count)).as_bytes());
    let shown_errors = |out: &str| names(out).len();
    for (count, last) in [
        (11, "  and 1 more"),
        (12, "  and 2 more"),
        (5_000, "  and 4990 more"),
    ] {
        let out = rejected(count);
        assert_eq!((shown_errors(&out), out.lines().count()), (10, 32));
        assert_eq!(out.lines().last(), Some(last));
    }
    let out = rejected(10);
    assert_eq!(shown_errors(&out), 10);
    assert!(!out.contains(" more"), "{out}");
}

#[test]
fn every_error_has_its_own_carets_in_a_long_query() {
    let x = "x".repeat(5_000);
    let out = shown(format!("token=t&v1={x}&v3={x}&v9=1").as_bytes());
    assert_eq!(names(&out), ["too_long", "too_long", "unknown_pin"]);
    assert!(out.lines().all(|line| line.chars().count() < 100), "{out}");
    let lines: Vec<&str> = out.lines().skip(7).collect();
    assert_eq!(lines[0], format!("  …{}&v9=1", "x".repeat(29)));
    assert_eq!(lines[1], format!("{}^^ unknown_pin", " ".repeat(33)));
}

#[test]
fn later_errors_reveal_no_secret() {
    let pin = format!("v1=x&{SECRET}&{SECRET}=1&token={SECRET}&tokne={SECRET}&v256={SECRET}");
    for query in [
        format!("token=t&{pin}"),
        format!("token=t&v1=x&{}", format!("{SECRET}&").repeat(50)),
        format!("https:{SECRET}?x&token=t&{pin}"),
    ] {
        let out = shown(query.as_bytes());
        assert!(names(&out).len() > 2, "{out}");
        assert!(!out.contains(&SECRET[..8]), "{out}");
    }
    let out = shown(b"token=t&v1=x&v2=\x1B[2J\xFF&v6=\r&v3=%00\x07");
    assert_eq!(names(&out).len(), 4, "{out}");
    assert!(!out.contains(['\x1B', '\r', '\x07']), "{out:?}");
    carets(
        b"token=t&k=s&v1=x",
        "token=***&***=***&v1=x",
        "          ^^^",
    );
}

#[test]
fn a_line_that_is_a_url_is_recognised() {
    for (url, reason) in [
        (
            "https://example.com/update?token=t&v1=1",
            "query contains no `token`",
        ),
        (
            "https://example.com/update?v1=1&token=t",
            "name is neither `token` nor a virtual pin `v0` to `v255`",
        ),
        (
            "https://example.com/update?&token=u&v1=1",
            "no device has this token",
        ),
    ] {
        let out = shown(url.as_bytes());
        let lines: Vec<&str> = out.lines().skip(3).collect();
        let hint = "  if this is a URL, its query starts at byte 27, after the `?`";
        assert_eq!(lines, [&format!("  {reason}"), hint]);
        assert!(!out.contains("example"), "{out}");
        assert_eq!(url.find('?'), Some(26));
    }
}

#[test]
fn advice_about_a_url_follows_the_last_error() {
    let advice = "if this is a URL, its query starts at byte 27, after the `?`";
    let out = shown(b"/external/api/batch/update?v1=1&token=t&v2=hot");
    assert_eq!(names(&out), ["invalid_pin", "not_a_double"]);
    assert_eq!(out.matches(advice).count(), 1, "{out}");
    assert_eq!(out.lines().last(), Some(format!("  {advice}").as_str()));
}
