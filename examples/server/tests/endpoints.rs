//! Every documented response, byte for byte.

mod common;

use common::{Response, Scratch, Server, TOKEN, update_target};

const INVALID_TOKEN: &str = r#"{"error":{"message":"Invalid token."}}"#;
const WRONG_PIN: &str = r#"{"error":{"message":"Wrong pin format."}}"#;
const NO_DATASTREAM: &str = r#"{"error":{"message":"No datastream setup for that pin."}}"#;
const WRONG_VALUE: &str = r#"{"error":{"message":"Value doesn't match the Datastream data type"}}"#;
const NOT_ALLOWED: &str = r#"{"error":{"message":"Method not allowed."}}"#;

const REJECTED: [(&str, &str, &str); 11] = [
    ("missing_token", "v1=33", INVALID_TOKEN),
    ("missing_token", "", INVALID_TOKEN),
    ("invalid_token", "token=&v1=33", INVALID_TOKEN),
    ("unknown_token", "token=unknown&v1=33", INVALID_TOKEN),
    ("duplicate_token", "token={}&token={}&v1=33", INVALID_TOKEN),
    ("invalid_pin", "token={}&v256=1", WRONG_PIN),
    ("duplicate_pin", "token={}&v1=1&V1=1", WRONG_PIN),
    ("no_pins", "token={}&", WRONG_PIN),
    ("unknown_pin", "token={}&v99=1", NO_DATASTREAM),
    ("invalid_value", "token={}&v1=hot", WRONG_VALUE),
    ("invalid_value", "token={}&v1=1&v2=%zz", WRONG_VALUE),
];

#[track_caller]
fn assert_nothing_saved(server: &Server) {
    let all = server.get(&format!("/external/api/getAll?token={TOKEN}"));
    assert_eq!(all.summary(), (200, "{}"));
}

#[test]
fn accepted_batches_are_acknowledged() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for path in ["/external/api/batch/update", "/external/api/batch/update/"] {
        let response = server.get(&format!("{path}?token={TOKEN}&v1=33&v2=44"));
        assert_eq!(response.summary(), (200, "OK"));
        assert_eq!(
            response.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    assert_eq!(server.metric("pinquery_batches_accepted_total"), 2.0);
    assert_eq!(server.metric("pinquery_updates_accepted_total"), 4.0);
}

#[test]
fn rejected_batches_get_blynks_bodies_and_are_counted() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for path in ["/external/api/batch/update", "/external/api/batch/update/"] {
        for (kind, query, body) in REJECTED {
            let metric = format!("pinquery_batches_rejected_total{{kind=\"{kind}\"}}");
            let before = server.metric(&metric);
            let response = server.get(&format!("{path}?{}", query.replace("{}", TOKEN)));
            assert_eq!(response.summary(), (400, body), "{query}");
            assert_eq!(response.header("content-type"), Some("application/json"));
            assert_eq!(server.metric(&metric), before + 1.0, "{query}");
        }
        assert_eq!(server.get(path).summary(), (400, INVALID_TOKEN));
    }
    assert_nothing_saved(&server);
}

#[test]
fn values_are_read_back_as_parsed() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let batch = "v6=TRUE&v5=12&v5=11&v4=7&v3=caf%C3%A9+%22%3C1%3E&v2=-0&v1=133&v7=-41";
    assert_eq!(server.update(batch).summary(), (200, "OK"));

    let get = |pins: &str| server.get(&format!("/external/api/get?token={TOKEN}&{pins}"));
    for (pin, value) in [
        ("v1", "100"),
        ("V2", "-0.0"),
        ("v3", "café \"<1>"),
        ("v4=", "0"),
        ("v5", "[12.0,11.0]"),
        ("v6", "true"),
        ("v7", "-40.0"),
    ] {
        let response = get(pin);
        assert_eq!(response.summary(), (200, value));
        assert_eq!(
            response.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    }
    let several = get("v3&v10&v1");
    assert_eq!(several.summary(), (200, r#"{"v3":"café \"<1>","v1":100}"#));
    assert_eq!(several.header("content-type"), Some("application/json"));
    assert_eq!(get("v10&v11").summary(), (200, "{}"));

    let all = server.get(&format!("/external/api/getAll?token={TOKEN}"));
    let expected =
        r#"{"v1":100,"v2":-0.0,"v3":"café \"<1>","v4":0,"v5":[12.0,11.0],"v6":true,"v7":-40.0}"#;
    assert_eq!(all.summary(), (200, expected));
    for (kind, count) in [("min", 1.0), ("max", 1.0), ("fallback", 1.0)] {
        let metric = format!("pinquery_updates_adjusted_total{{kind=\"{kind}\"}}");
        assert_eq!(server.metric(&metric), count, "{kind}");
    }
}

#[test]
fn a_missing_value_differs_from_an_empty_string() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let target = format!("/external/api/get?token={TOKEN}&v3");
    assert_eq!(server.get(&target).summary(), (204, ""));
    assert_eq!(server.update("v3=").summary(), (200, "OK"));
    assert_eq!(server.get(&target).summary(), (200, ""));
}

#[test]
fn devices_are_isolated() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    server.update("v1=5");
    assert_eq!(
        server.get("/external/api/getAll?token=another-device").body,
        "{}"
    );
    assert_eq!(
        server.get("/external/api/get?token=another-device&v2").body,
        NO_DATASTREAM
    );
}

#[test]
fn invalid_reads_get_the_same_errors_as_updates() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for (query, body) in [
        ("get?v1", INVALID_TOKEN),
        ("get?token=unknown&x", INVALID_TOKEN),
        ("get?x&token=", INVALID_TOKEN),
        ("get?token={}&v1&token={}", INVALID_TOKEN),
        ("get?token={}", WRONG_PIN),
        ("get?token={}&x", WRONG_PIN),
        ("get?token={}&v1&v1", WRONG_PIN),
        ("get?token={}&v1=33", WRONG_PIN),
        ("get?token={}&v99", NO_DATASTREAM),
        ("getAll", INVALID_TOKEN),
        ("getAll?token=unknown", INVALID_TOKEN),
        ("getAll?token={}&token={}", INVALID_TOKEN),
        ("getAll?token={}&v1", WRONG_PIN),
    ] {
        let response = server.get(&format!("/external/api/{}", query.replace("{}", TOKEN)));
        assert_eq!(response.summary(), (400, body), "{query}");
        assert_eq!(response.header("content-type"), Some("application/json"));
    }
}

#[test]
fn other_methods_and_paths_save_nothing() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for method in ["HEAD", "POST", "PUT", "DELETE"] {
        let mut client = server.connect();
        let target = update_target("v1=33");
        let request =
            format!("{method} {target} HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
        client.send(request.as_bytes()).unwrap();
        let response = client.read_response(method == "HEAD").unwrap();
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("allow"), Some("GET"), "{method}");
        if method != "HEAD" {
            assert_eq!(response.body, NOT_ALLOWED, "{method}");
        }
    }
    for path in [
        "/external/api/batch/update//",
        "/external/api/updates",
        "/EXTERNAL/api/batch/update",
    ] {
        assert_eq!(
            server.get(&format!("{path}?token={TOKEN}&v1=33")).status,
            404
        );
    }
    assert_nothing_saved(&server);
}

/// Sends a value without escaping it.
fn send_raw(server: &Server, value: &[u8]) -> Response {
    let mut client = server.connect();
    let target = update_target("v3=");
    let request = [
        b"GET ",
        target.as_bytes(),
        value,
        b" HTTP/1.1\r\nHost: test\r\n\r\n",
    ];
    client.send(&request.concat()).unwrap();
    client.read_response(false).unwrap()
}

/// The HTTP library parses the request line before this server sees it.
#[test]
fn the_http_library_accepts_or_rejects_unescaped_bytes() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let stored = || {
        server
            .get(&format!("/external/api/get?token={TOKEN}&v3"))
            .body
    };
    for (value, received) in [
        ("\\{}|^`[];,'()!*@:/?", "\\{}|^`[];,'()!*@:/?"),
        ("é中🌱", "é中🌱"),
        // The library drops fragments, which request targets must not have.
        ("warm#ff0000", "warm"),
    ] {
        let response = send_raw(&server, value.as_bytes());
        assert_eq!(response.summary(), (200, "OK"), "{value}");
        assert_eq!(stored(), received);
    }
    for value in [
        &b"water low"[..],
        b"a\"b",
        b"<a>",
        b"\xFF",
        b"a\tb",
        b"\x01",
        b"\x7F",
    ] {
        assert_eq!(send_raw(&server, value).summary(), (400, ""), "{value:?}");
    }
    assert_eq!(stored(), "warm");
}

/// Sends valid, invalid and malformed requests that all contain a token.
fn send_requests_with_tokens(server: &Server) {
    server.update("v1=33");
    for (_, query, _) in REJECTED {
        server.get(&format!(
            "/external/api/batch/update?{}",
            query.replace("{}", TOKEN)
        ));
    }
    server.get(&format!("/external/api/nothing?token={TOKEN}"));
    server.get(&format!("/external/api/getAll?token={TOKEN}"));
    let mut client = server.connect();
    client
        .send(format!("GET {} \"\r\n\r\n", update_target("v1=1")).as_bytes())
        .unwrap();
    assert!(client.read_response(false).is_ok());
}

#[test]
fn tokens_do_not_appear_in_logs_metrics_or_the_database() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, &["--log", "debug"]);
    send_requests_with_tokens(&server);
    let metrics = server.get("/metrics");
    assert!(metrics.body.ends_with("# EOF\n"));
    assert_eq!(
        metrics.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    server.signal("TERM");
    assert!(server.wait().success());

    let log = scratch.log();
    assert!(log.contains("\"kind\":\"duplicate_token\""), "{log}");
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{log}"
    );
    let database = std::fs::read(scratch.path("test.db")).unwrap();
    for text in [
        log,
        metrics.body,
        server.banner.clone(),
        String::from_utf8_lossy(&database).into_owned(),
    ] {
        assert!(
            !text.contains("SECRET") && !text.contains("another-device"),
            "{text}"
        );
    }
}

#[test]
fn the_page_loads_nothing_from_other_origins() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/draw.js", "text/javascript; charset=utf-8"),
        ("/charts.js", "text/javascript; charset=utf-8"),
        ("/table.js", "text/javascript; charset=utf-8"),
    ] {
        let response = server.get(path);
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some(content_type));
        let policy = response.header("content-security-policy").unwrap();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(
                policy.split("; ").any(|found| found == directive),
                "{policy}"
            );
        }
        assert!(!response.body.contains("http://www") || path == "/draw.js");
        assert!(!response.body.contains("https://"));
    }
    // Tokens of the devices file are not revealed.
    assert!(
        server
            .get("/")
            .body
            .contains(r#"<input id="token" type="password" value="""#)
    );
}

#[test]
fn the_page_state_requires_a_token() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    server.update("v1=133&v3=%3Cimg%3E");
    server.update("v1=7");
    let post = |body: &str| {
        let mut client = server.connect();
        let length = body.len();
        let head =
            format!("POST /page/state HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n");
        client.send(format!("{head}{body}").as_bytes()).unwrap();
        client.read_response(false).unwrap()
    };
    for body in ["", "token=", "token=unknown", "after=1"] {
        assert_eq!(post(body).summary(), (400, INVALID_TOKEN));
    }
    let state = post(&format!("token={TOKEN}")).body;
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["datastreams"][0]["datastream"], "integer 0..=100");
    assert_eq!(state["datastreams"][0]["value"], "7");
    assert_eq!(state["datastreams"][2]["value"], "<img>");
    assert_eq!(state["batches"][0]["updates"][0]["adjusted"], "max");
    assert_eq!(state["batches"][1]["updates"][0]["value"], 7);

    let seen = state["batches"][0]["id"].as_i64().unwrap();
    let state = post(&format!("token={TOKEN}&after={seen}")).body;
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["batches"].as_array().unwrap().len(), 1);
    assert_eq!(post(&"x".repeat(5000)).status, 413);
}

#[test]
fn a_page_that_was_suspended_catches_up() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let mut client = server.connect();
    for value in 0..1001 {
        let saved = client.get(&update_target(&format!("v10={value}"))).unwrap();
        assert_eq!(saved.summary(), (200, "OK"));
    }
    let state = |after: &str| -> (Vec<i64>, i64, bool) {
        let state = server
            .post("/page/state", &format!("token={TOKEN}{after}"))
            .body;
        let state: serde_json::Value = serde_json::from_str(&state).unwrap();
        let batches = state["batches"].as_array().unwrap();
        let values = batches
            .iter()
            .map(|batch| batch["updates"][0]["value"].as_i64().unwrap());
        let last = batches.last().unwrap()["id"].as_i64().unwrap();
        (values.collect(), last, state["more"].as_bool().unwrap())
    };
    assert_eq!(state("").0, (501..1001).collect::<Vec<_>>());
    let (mut seen, mut after, mut more) = (Vec::new(), 0, true);
    while more {
        let values;
        (values, after, more) = state(&format!("&after={after}"));
        seen.extend(values);
    }
    assert_eq!(seen, (0..1001).collect::<Vec<_>>());
}
