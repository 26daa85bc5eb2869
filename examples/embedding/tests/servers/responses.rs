//! All examples give the same responses to the same requests.

use std::io::Write;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::common::*;
use crate::example::*;

fn a_batch_is_accepted_and_printed(example: &Example) {
    let server = Server::start(example.name);
    server.check("token=demo&v1=133&v2=-0.5&V3=caf%C3%A9+%31", OK);
    server.prints(&["v1=100 (max)", "v2=-0.5", "v3=café 1"]);
    server.check("v1=5&token=d%65mo", OK);
    server.prints(&["v1=5"]);
}

fn the_printed_curl_command_is_accepted(example: &Example) {
    let server = Server::start(example.name);
    server.check(&server.printed_query, OK);
    server.prints(&["v1=100 (max)", "v2=21.5", "v3=water low"]);
}

fn a_trailing_slash_is_allowed(example: &Example) {
    let server = Server::start(example.name);
    for path in [PATH.to_owned(), format!("{PATH}/")] {
        let response = server.request("GET", format!("{path}?token=demo&v1=1").as_bytes());
        assert_eq!(response.parts(), OK, "{path}");
        let response = server.request("GET", path.as_bytes());
        assert_eq!(
            response.parts(),
            rejected(INVALID_TOKEN),
            "{path}, no query"
        );
    }
}

fn errors_get_blynks_response_bodies(example: &Example) {
    let server = Server::start(example.name);
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
        // Malformed escapes and invalid UTF-8, which a lenient decoder would hide.
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
        server.check(query, rejected(body));
    }
    let (out, _) = server.stop();
    assert_eq!(out, [""; 0], "nothing of a rejected batch is saved");
}

fn other_paths_and_methods_are_rejected(example: &Example) {
    let server = Server::start(example.name);
    let query = "?token=demo&v1=1";
    for path in [
        "/",
        "/external/api/batch",
        "/external/api/batch/updates",
        "/external/api/batch/update/x",
        "/external/api/batch/update//",
        "/external/api/getAll",
    ] {
        let response = server.request("GET", format!("{path}{query}").as_bytes());
        assert_eq!(response.parts(), (404, None, ""), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"] {
        let response = server.request(method, format!("{PATH}{query}").as_bytes());
        assert_eq!(response.parts(), (405, None, ""), "{method}");
        assert_eq!(response.header("allow"), Some("GET"), "{method}");
    }
    let (out, _) = server.stop();
    assert_eq!(out, [""; 0]);
}

fn several_requests_are_served(example: &Example) {
    let server = Server::start(example.name);
    let mut client = server.connect();
    client.send(&batch("token=demo&v1=1"));
    assert_eq!(client.response().parts(), OK);
    if example.keeps_alive {
        client.send(&batch("token=demo&v1=2"));
        assert_eq!(client.response().parts(), OK);
        // Two at once, the error first.
        let two = [batch("token=demo&v1=x"), batch("token=demo&v1=3")].concat();
        client.send(&two);
        assert_eq!(client.response().parts(), rejected(WRONG_VALUE));
        assert_eq!(client.response().parts(), OK);
        server.prints(&["v1=1", "v1=2", "v1=3"]);
        return;
    }
    assert!(client.is_closed());
    // A second request is not served, and the first still gets its response.
    let mut client = server.connect();
    let two = [batch("token=demo&v1=2"), batch("token=demo&v1=3")].concat();
    client.send(&two);
    let response = client.response();
    assert_eq!(response.parts(), OK);
    assert_eq!(response.header("connection"), Some("close"));
    assert!(client.is_closed());
    server.check("token=demo&v1=4", OK);
    server.prints(&["v1=1", "v1=2", "v1=4"]);
}

fn a_request_may_arrive_in_pieces(example: &Example) {
    let server = Server::start(example.name);
    let whole = batch("token=demo&v1=12&v2=3");
    // In the method, the token, a value, the version, and the final line end.
    for cut in [1, 40, 46, whole.len() - 25, whole.len() - 1] {
        let (first, second) = whole.split_at(cut);
        let mut client = server.connect();
        client.send(first);
        thread::sleep(Duration::from_millis(50));
        client.send(second);
        assert_eq!(client.response().parts(), OK, "cut at {cut}");
        server.prints(&["v1=12", "v2=3.0"]);
    }
    let mut client = server.connect();
    for byte in &whole {
        client.send(&[*byte]);
    }
    assert_eq!(client.response().parts(), OK, "byte by byte");
    // A client that disconnects halfway has sent nothing.
    let mut client = server.connect();
    client.send(&whole[..46]);
    drop(client);
    server.check("token=demo&v1=1", OK);
    server.prints(&["v1=12", "v2=3.0", "v1=1"]);
}

fn an_oversized_head_is_rejected(example: &Example) {
    let server = Server::start(example.name);
    let padding = "x".repeat(example.oversized);
    let target = format!("{PATH}?token=demo&v1=1");
    let long_header = request("GET", target.as_bytes(), &format!("X: {padding}\r\n"));
    let long_query = batch(&format!("token=demo&v3={padding}"));
    let endless = format!("GET {PATH}?token=demo&v3={padding}").into_bytes();
    for head in [long_header, long_query, endless] {
        let mut client = server.connect();
        // The server need not read all of it.
        let _ = client.0.get_mut().write_all(&head);
        let status = client.response().status();
        assert!(matches!(status, 414 | 431), "{status}");
        assert!(client.is_closed());
    }
    let headers = "X: y\r\n".repeat(200);
    let mut client = server.connect();
    client.send(&request("GET", target.as_bytes(), &headers));
    assert_eq!(client.response().status(), example.too_many_headers);

    // A browser sends up to thirty headers.
    let mut client = server.connect();
    let headers = "X: y\r\n".repeat(30);
    client.send(&request("GET", target.as_bytes(), &headers));
    assert_eq!(client.response().parts(), OK);
    server.prints(&["v1=1"]);

    // A query with 253 pins is not too long.
    let pins = (4..=255).map(|pin| format!("&v{pin}=123456.789"));
    let query = format!("token=demo&v1=1{}", pins.collect::<String>());
    server.check(&query, rejected(NO_DATASTREAM));
    let (out, _) = server.stop();
    assert_eq!(out, [""; 0]);
}

fn no_token_is_printed(example: &Example) {
    let server = Server::start(example.name);
    server.check("token=demo&v1=1", OK);
    server.check("token=demo&token=demo", rejected(INVALID_TOKEN));
    server.check("token=demo&v1=x", rejected(WRONG_VALUE));
    server.check("v1=1&token=secret", rejected(INVALID_TOKEN));
    server.check("token=sec%20ret", rejected(INVALID_TOKEN));
    server.check("secret=1&token=demo", rejected(WRONG_PIN));
    let response = server.request("GET", b"/secret?token=secret demo");
    assert_eq!(response.status(), 400);
    // The line may be printed after the response.
    server.prints(&["v1=1"]);
    let (out, err) = server.stop();
    assert_eq!(out, [""; 0]);
    let rejections = [
        "rejected: duplicate_token at bytes 11..16: duplicate `token`",
        "rejected: invalid_value of v1 at bytes 14..15: not_an_integer, value is not an integer",
        "rejected: unknown_token at bytes 11..17: no device has this token",
        "rejected: invalid_token at bytes 6..15: token is empty, malformed, or contains a byte outside 0x21..=0x7E",
        "rejected: invalid_pin at bytes 0..6: name is neither `token` nor a virtual pin `v0` to `v255`",
    ];
    let printed: Vec<_> = err.iter().filter(|l| l.starts_with("rejected")).collect();
    assert_eq!(printed, rejections.iter().collect::<Vec<_>>());
    for line in &err {
        assert!(!line.contains("demo") && !line.contains("secret"), "{line}");
    }
}

fn bad_arguments_print_usage(example: &Example) {
    for args in [
        &["x"][..],
        &[""],
        &["65536"],
        &["-1"],
        &["0", "0"],
        &["--help"],
    ] {
        let output = Command::new(program(example.name))
            .args(args)
            .output()
            .expect("the example starts");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(message, "usage: [PORT] (default: 8080)\n", "{args:?}");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(output.stdout, b"");
    }
}

fn closed_output_does_not_stop_the_server(example: &Example) {
    let mut server = Server::start(example.name);
    let both = |server: &Server| {
        server.check("token=demo&v1=1", OK);
        server.check("token=demo&v1=x", rejected(WRONG_VALUE));
    };
    server.close_output(both);
    for _ in 0..3 {
        both(&server);
    }
    let status = server.child.try_wait().expect("the status is available");
    assert!(status.is_none(), "the server has exited");
}

macro_rules! against_each_example {
    ($($case:ident)*) => {
        against_each_example!(@ axum AXUM $($case)*);
        against_each_example!(@ hyper HYPER $($case)*);
        against_each_example!(@ actix_web ACTIX_WEB $($case)*);
        against_each_example!(@ httparse HTTPARSE $($case)*);
    };
    (@ $module:ident $example:ident $($case:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $case() {
                    super::$case(&super::$example);
                }
            )*
        }
    };
}

against_each_example! {
    a_batch_is_accepted_and_printed
    the_printed_curl_command_is_accepted
    a_trailing_slash_is_allowed
    errors_get_blynks_response_bodies
    other_paths_and_methods_are_rejected
    several_requests_are_served
    a_request_may_arrive_in_pieces
    an_oversized_head_is_rejected
    no_token_is_printed
    bad_arguments_print_usage
    closed_output_does_not_stop_the_server
}
