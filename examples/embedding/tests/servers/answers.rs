//! What all of the examples do: sent the same requests, each has to give the same answers.

use std::io::Write;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::common::*;
use crate::traits::*;

fn a_batch_is_accepted_and_printed(traits: &Traits) {
    let server = Server::start(traits.example);
    server.check("token=demo&v1=133&v2=-0.5&V3=caf%C3%A9+%31", OK);
    server.prints(&[
        "v1 = Integer(100), adjusted: Some(Max)",
        "v2 = Double(-0.5), adjusted: None",
        r#"v3 = String("café 1"), adjusted: None"#,
    ]);
    server.check("v1=5&token=d%65mo", OK);
    server.prints(&["v1 = Integer(5), adjusted: None"]);
}

fn the_printed_line_is_accepted(traits: &Traits) {
    let server = Server::start(traits.example);
    server.check(&server.own_query, OK);
    server.prints(&[
        "v1 = Integer(100), adjusted: Some(Max)",
        "v2 = Double(21.5), adjusted: None",
        r#"v3 = String("water low"), adjusted: None"#,
    ]);
}

fn a_slash_before_the_question_mark_is_allowed(traits: &Traits) {
    let server = Server::start(traits.example);
    for path in [PATH.to_owned(), format!("{PATH}/")] {
        let answer = server.ask("GET", format!("{path}?token=demo&v1=1").as_bytes());
        assert_eq!(answer.parts(), OK, "{path}");
        let answer = server.ask("GET", path.as_bytes());
        assert_eq!(answer.parts(), refused(INVALID_TOKEN), "{path}, no query");
    }
}

fn errors_are_answered_byte_for_byte(traits: &Traits) {
    let server = Server::start(traits.example);
    for (query, body) in [
        ("", INVALID_TOKEN),
        ("v1=1", INVALID_TOKEN),
        ("token=&v1=1", INVALID_TOKEN),
        ("token=other&v1=1", INVALID_TOKEN),
        ("token=demo&v1=1&token=demo", INVALID_TOKEN),
        ("token=demo", WRONG_PIN),
        ("token=demo&v256=1", WRONG_PIN),
        ("token=demo&v1=1&V1=1", WRONG_PIN),
        ("token=demo&v4=1", NO_DATASTREAM),
        ("token=demo&v1=hot", WRONG_VALUE),
        ("token=demo&v1=", WRONG_VALUE),
        // A bad escape, and escapes that are not UTF-8: a lenient decoder has passed neither on.
        ("token=demo&v3=50%", WRONG_VALUE),
        ("token=demo&v3=%zz", WRONG_VALUE),
        ("token=demo&v3=%FF", WRONG_VALUE),
        ("token=demo&v3=%00", WRONG_VALUE),
        // Decoded once.
        ("token=demo&v1=%2531", WRONG_VALUE),
        // A second `?` is part of the query.
        ("token=demo&v1=1?", WRONG_VALUE),
        // All or nothing.
        ("token=demo&v1=1&v2=2&v3=a&v4=1", NO_DATASTREAM),
    ] {
        server.check(query, refused(body));
    }
    let (out, _) = server.stop();
    assert_eq!(out, [""; 0], "nothing of a refused batch is saved");
}

fn other_paths_and_methods_are_not_served(traits: &Traits) {
    let server = Server::start(traits.example);
    let query = "?token=demo&v1=1";
    for path in [
        "/",
        "/external/api/batch",
        "/external/api/batch/updates",
        "/external/api/batch/update/x",
        "/external/api/batch/update//",
        "/external/api/get",
    ] {
        let answer = server.ask("GET", format!("{path}{query}").as_bytes());
        assert_eq!(answer.parts(), (404, None, ""), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"] {
        let answer = server.ask(method, format!("{PATH}{query}").as_bytes());
        assert_eq!(answer.parts(), (405, None, ""), "{method}");
        assert_eq!(answer.header("allow"), Some("GET"), "{method}");
    }
    let (out, _) = server.stop();
    assert_eq!(out, [""; 0]);
}

fn requests_follow_one_another(traits: &Traits) {
    let server = Server::start(traits.example);
    let mut client = server.connect();
    client.send(&batch("token=demo&v1=1"));
    assert_eq!(client.answer().parts(), OK);
    if traits.keeps_alive {
        client.send(&batch("token=demo&v1=2"));
        assert_eq!(client.answer().parts(), OK);
        // Two at once, and the error first.
        let two = [batch("token=demo&v1=x"), batch("token=demo&v1=3")].concat();
        client.send(&two);
        assert_eq!(client.answer().parts(), refused(WRONG_VALUE));
        assert_eq!(client.answer().parts(), OK);
        server.prints(&[
            "v1 = Integer(1), adjusted: None",
            "v1 = Integer(2), adjusted: None",
            "v1 = Integer(3), adjusted: None",
        ]);
        return;
    }
    assert!(client.is_closed());
    // What comes behind a request is not served, and does not cost the answer before it.
    let mut client = server.connect();
    let two = [batch("token=demo&v1=2"), batch("token=demo&v1=3")].concat();
    client.send(&two);
    let answer = client.answer();
    assert_eq!(answer.parts(), OK);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(client.is_closed());
    server.check("token=demo&v1=4", OK);
    server.prints(&[
        "v1 = Integer(1), adjusted: None",
        "v1 = Integer(2), adjusted: None",
        "v1 = Integer(4), adjusted: None",
    ]);
}

fn a_request_may_come_in_pieces(traits: &Traits) {
    let server = Server::start(traits.example);
    let whole = batch("token=demo&v1=12&v2=3");
    // Within the method, the token, a value, the version, and the last line's end.
    for cut in [1, 40, 46, whole.len() - 25, whole.len() - 1] {
        let (first, second) = whole.split_at(cut);
        let mut client = server.connect();
        client.send(first);
        thread::sleep(Duration::from_millis(50));
        client.send(second);
        assert_eq!(client.answer().parts(), OK, "cut at {cut}");
        server.prints(&[
            "v1 = Integer(12), adjusted: None",
            "v2 = Double(3.0), adjusted: None",
        ]);
    }
    let mut client = server.connect();
    for byte in &whole {
        client.send(&[*byte]);
    }
    assert_eq!(client.answer().parts(), OK, "byte by byte");
    // Who leaves halfway has sent nothing.
    let mut client = server.connect();
    client.send(&whole[..46]);
    drop(client);
    server.check("token=demo&v1=1", OK);
    server.prints(&[
        "v1 = Integer(12), adjusted: None",
        "v2 = Double(3.0), adjusted: None",
        "v1 = Integer(1), adjusted: None",
    ]);
}

fn an_oversized_head_is_refused(traits: &Traits) {
    let server = Server::start(traits.example);
    let padding = "x".repeat(traits.oversized);
    let target = format!("{PATH}?token=demo&v1=1");
    let long_header = request("GET", target.as_bytes(), &format!("X: {padding}\r\n"));
    let long_query = batch(&format!("token=demo&v3={padding}"));
    let endless = format!("GET {PATH}?token=demo&v3={padding}").into_bytes();
    for head in [long_header, long_query, endless] {
        let mut client = server.connect();
        // It need not read all of it.
        let _ = client.0.get_mut().write_all(&head);
        let status = client.answer().status();
        assert!(matches!(status, 414 | 431), "{status}");
        assert!(client.is_closed());
    }
    let headers = "X: y\r\n".repeat(200);
    let mut client = server.connect();
    client.send(&request("GET", target.as_bytes(), &headers));
    assert_eq!(client.answer().status(), traits.many_headers);

    // And all 256 pins' worth of a query is not too long.
    let pins = (4..=255).map(|pin| format!("&v{pin}=123456.789"));
    let query = format!("token=demo&v1=1{}", pins.collect::<String>());
    server.check(&query, refused(NO_DATASTREAM));
    let (out, _) = server.stop();
    assert_eq!(out, [""; 0]);
}

fn what_is_not_escaped_is_mostly_refused(traits: &Traits) {
    let server = Server::start(traits.example);
    let latin_1 = [PATH.as_bytes(), b"?token=demo&v3=caf\xE9"].concat();
    let answer = server.ask("GET", &latin_1);
    assert_eq!(answer.parts(), (400, None, ""), "Latin-1");
    for text in ["water low", " 5", "5 ", "café", "\"", "<", "{}|^`"] {
        let query = format!("token=demo&v3={text}");
        if traits.unescaped.contains(&text) {
            server.check(&query, OK);
            server.prints(&[&format!("v3 = String({text:?}), adjusted: None")]);
        } else {
            server.check(&query, (400, None, ""));
        }
    }
    server.check("token=demo&v3=no#5&v1=5", OK);
    if traits.sees_behind_number_sign {
        server.prints(&[r#"v3 = String("no#5"), adjusted: None"#]);
        server.prints(&["v1 = Integer(5), adjusted: None"]);
    } else {
        server.prints(&[r#"v3 = String("no"), adjusted: None"#]);
    }
    let (out, _) = server.stop();
    assert_eq!(out, [""; 0]);
}

fn no_token_is_printed(traits: &Traits) {
    let server = Server::start(traits.example);
    server.check("token=demo&v1=1", OK);
    server.check("token=demo&token=demo", refused(INVALID_TOKEN));
    server.check("token=demo&v1=x", refused(WRONG_VALUE));
    server.check("v1=1&token=secret", refused(INVALID_TOKEN));
    server.check("token=sec%20ret", refused(INVALID_TOKEN));
    server.check("secret=1&token=demo", refused(WRONG_PIN));
    let answer = server.ask("GET", b"/secret?token=secret demo");
    assert_eq!(answer.status(), 400);
    // A writer of its own may print after the answer.
    server.prints(&["v1 = Integer(1), adjusted: None"]);
    let (out, err) = server.stop();
    assert_eq!(out, [""; 0]);
    let rejections = [
        "refused: duplicate_token at bytes 11..16: duplicate `token`",
        "refused: invalid_value of v1 at bytes 14..15: not_an_integer, value is not an integer",
        "refused: unknown_token at bytes 11..17: no device has this token",
        "refused: invalid_token at bytes 6..15: token is empty, malformed, or contains a byte outside 0x21..=0x7E",
        "refused: invalid_pin at bytes 0..6: name is neither `token` nor a virtual pin `v0` to `v255`",
    ];
    let printed: Vec<_> = err.iter().filter(|l| l.starts_with("refused")).collect();
    assert_eq!(printed, rejections.iter().collect::<Vec<_>>());
    for line in &err {
        assert!(!line.contains("demo") && !line.contains("secret"), "{line}");
    }
}

fn bad_arguments_get_usage(traits: &Traits) {
    for args in [
        &["x"][..],
        &[""],
        &["65536"],
        &["-1"],
        &["0", "0"],
        &["--help"],
    ] {
        let output = Command::new(program(traits.example))
            .args(args)
            .output()
            .expect("the example starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            said, "usage: [PORT], 8080 where it is left out\n",
            "{args:?}"
        );
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(output.stdout, b"");
    }
}

/// Whoever read what it prints and logs has gone.
fn nobody_has_to_listen(traits: &Traits) {
    let mut server = Server::start(traits.example);
    let both = |server: &Server| {
        server.check("token=demo&v1=1", OK);
        server.check("token=demo&v1=x", refused(WRONG_VALUE));
    };
    server.stop_listening(both);
    for _ in 0..3 {
        both(&server);
    }
    let status = server.child.try_wait().expect("it is ours");
    assert!(status.is_none(), "it runs");
}

macro_rules! against_each_example {
    ($($case:ident)*) => {
        against_each_example!(@ axum AXUM $($case)*);
        against_each_example!(@ hyper HYPER $($case)*);
        against_each_example!(@ actix_web ACTIX_WEB $($case)*);
        against_each_example!(@ httparse HTTPARSE $($case)*);
    };
    (@ $module:ident $traits:ident $($case:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $case() {
                    super::$case(&super::$traits);
                }
            )*
        }
    };
}

against_each_example! {
    a_batch_is_accepted_and_printed
    the_printed_line_is_accepted
    a_slash_before_the_question_mark_is_allowed
    errors_are_answered_byte_for_byte
    other_paths_and_methods_are_not_served
    requests_follow_one_another
    a_request_may_come_in_pieces
    an_oversized_head_is_refused
    what_is_not_escaped_is_mostly_refused
    no_token_is_printed
    bad_arguments_get_usage
    nobody_has_to_listen
}
