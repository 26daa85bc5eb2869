//! Blynk's endpoints other than `batch/update`, and rules that hold for all of them.

mod common;

use common::{Response, Scratch, Server, TOKEN};

const INVALID_TOKEN: &str = r#"{"error":{"message":"Invalid token."}}"#;
const WRONG_PIN: &str = r#"{"error":{"message":"Wrong pin format."}}"#;
const NO_DATASTREAM: &str = r#"{"error":{"message":"No datastream setup for that pin."}}"#;
const WRONG_VALUE: &str = r#"{"error":{"message":"Value doesn't match the Datastream data type"}}"#;

/// Returns the target of an endpoint; `{}` in the query is the token.
fn target(endpoint_and_query: &str) -> String {
    format!("/external/api/{}", endpoint_and_query.replace("{}", TOKEN))
}

fn get(server: &Server, endpoint_and_query: &str) -> Response {
    server.get(&target(endpoint_and_query))
}

fn get_with_header(server: &Server, endpoint_and_query: &str, header: &str) -> Response {
    let mut client = server.connect();
    let target = target(endpoint_and_query);
    let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\n{header}\r\n\r\n");
    client.send(request.as_bytes()).unwrap();
    client.read_response(false).unwrap()
}

#[test]
fn both_forms_of_update_are_saved() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for (query, expected) in [
        ("v1=5", r#"{"v1":5}"#),
        ("pin=V1&value=133", r#"{"v1":100}"#),
        ("value=7&pin=v1", r#"{"v1":7}"#),
        (
            "pin=V5&value=24.94&value=60.17",
            r#"{"v1":7,"v5":[24.94,60.17]}"#,
        ),
        ("v5=1&v5=2", r#"{"v1":7,"v5":[1.0,2.0]}"#),
        ("v1=1&v6=true", r#"{"v1":1,"v5":[1.0,2.0],"v6":true}"#),
    ] {
        let response = get(&server, &format!("update?token={{}}&{query}"));
        assert_eq!(response.summary(), (200, "OK"), "{query}");
        assert_eq!(get(&server, "getAll?token={}").body, expected, "{query}");
    }
    assert_eq!(server.metric("pinquery_batches_accepted_total"), 6.0);
    assert_eq!(server.metric("pinquery_updates_accepted_total"), 7.0);
}

#[test]
fn invalid_updates_save_nothing_and_are_counted() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for (kind, query, body) in [
        ("missing_token", "pin=V1&value=5", INVALID_TOKEN),
        (
            "duplicate_token",
            "token={}&pin=V1&value=5&token={}",
            INVALID_TOKEN,
        ),
        ("invalid_pin", "token={}&dataStreamId=1&value=5", WRONG_PIN),
        ("invalid_pin", "token={}&pin=V1&v2=5", WRONG_PIN),
        (
            "duplicate_pin",
            "token={}&pin=V1&value=5&value=6",
            WRONG_PIN,
        ),
        ("no_pins", "token={}&pin=V1", WRONG_PIN),
        ("unknown_pin", "token={}&pin=V99&value=5", NO_DATASTREAM),
        ("invalid_value", "token={}&pin=V1&value=hot", WRONG_VALUE),
        ("invalid_value", "token={}&pin=V5&value=24.94", WRONG_VALUE),
        ("invalid_value", "token={}&v1=1&v2=hot", WRONG_VALUE),
    ] {
        let metric = format!("pinquery_batches_rejected_total{{kind=\"{kind}\"}}");
        let before = server.metric(&metric);
        let response = get(&server, &format!("update?{query}"));
        assert_eq!(response.summary(), (400, body), "{query}");
        assert_eq!(server.metric(&metric), before + 1.0, "{query}");
    }
    assert_eq!(get(&server, "getAll?token={}").summary(), (200, "{}"));
}

#[test]
fn both_forms_of_get_are_accepted() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    server.update("v1=5&v2=1.5");
    for (query, expected) in [
        ("token={}&pin=V1", (200, "5")),
        ("pin=v2&token={}", (200, "1.5")),
        ("token={}&pin=V6", (204, "")),
        ("token={}&pin=V2&pin=V1", (200, r#"{"v2":1.5,"v1":5}"#)),
        ("token={}&pin=1", (400, WRONG_PIN)),
        ("token={}&pin=V1&v1", (400, WRONG_PIN)),
        ("token={}&pin=V99", (400, NO_DATASTREAM)),
        ("token={}&dataStreamId=1", (400, WRONG_PIN)),
    ] {
        let response = get(&server, &format!("get?{query}"));
        assert_eq!(response.summary(), expected, "{query}");
    }
}

#[test]
fn a_device_is_connected_for_some_time_after_a_batch() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--offline-after", "3600"]);
    let connected = || get(&server, "isHardwareConnected?token={}").body;
    let move_batches = |seconds: i64| {
        let sql = format!("UPDATE batch SET at_us = at_us + {seconds} * 1000000");
        scratch.database().execute_batch(&sql).unwrap();
    };
    assert_eq!(connected(), "false");
    server.update("v1=hot");
    assert_eq!(connected(), "false");
    server.update("v1=5");
    let response = get(&server, "isHardwareConnected?token={}");
    assert_eq!(response.summary(), (200, "true"));
    assert_eq!(response.header("content-type"), Some("application/json"));
    let another = get(&server, "isHardwareConnected?token=another-device");
    assert_eq!(another.body, "false");

    move_batches(-1800);
    assert_eq!(connected(), "true");
    move_batches(-1800);
    assert_eq!(connected(), "false");
    // The clock has been set back since, or another server's clock differs.
    move_batches(3600 + 1800);
    assert_eq!(connected(), "true");
    move_batches(3600);
    assert_eq!(connected(), "false");
    server.update("v1=hot");
    assert_eq!(connected(), "false");
    server.update("v1=6");
    assert_eq!(connected(), "true");

    for (query, body) in [
        ("", INVALID_TOKEN),
        ("token=unknown", INVALID_TOKEN),
        ("token={}&token={}", INVALID_TOKEN),
        ("token={}&v1", WRONG_PIN),
    ] {
        let response = get(&server, &format!("isHardwareConnected?{query}"));
        assert_eq!(response.summary(), (400, body), "{query}");
    }
}

#[test]
fn every_endpoint_accepts_a_slash_before_the_query() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for (endpoint, query, body) in [
        ("external/api/batch/update", "&v1=5", "OK"),
        ("external/api/update", "&pin=V1&value=5", "OK"),
        ("external/api/get", "&v1", "5"),
        ("external/api/getAll", "", r#"{"v1":5}"#),
        ("external/api/isHardwareConnected", "", "true"),
        ("health", "", r#"{"status":"ok"}"#),
    ] {
        for slash in ["", "/"] {
            let target = format!("/{endpoint}{slash}?token={TOKEN}{query}");
            assert_eq!(server.get(&target).summary(), (200, body), "{target}");
        }
        let target = format!("/{endpoint}//?token={TOKEN}{query}");
        assert_eq!(server.get(&target).status, 404, "{target}");
    }
    assert_eq!(server.get("/metrics/").status, 200);
    let state = server.post("/page/state/", &format!("token={TOKEN}"));
    assert_eq!(state.status, 200);
}

#[test]
fn prefetched_updates_are_not_saved() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let message = r#"{"error":{"message":"A prefetched update is not saved."}}"#;
    let updates = [
        "batch/update?token={}&v1=5",
        "batch/update/?token={}&v1=5",
        "update?token={}&v1=5",
        "update/?token={}&pin=V1&value=5",
    ];
    for purpose in [
        "Sec-Purpose: prefetch",
        "sec-purpose: prefetch;prerender",
        "Sec-Purpose: prefetch ; anonymous-client-ip",
        "Sec-Purpose: x\r\nSec-Purpose: prefetch",
        "Purpose: prefetch",
        "Purpose: Prefetch",
    ] {
        for update in updates {
            let response = get_with_header(&server, update, purpose);
            assert_eq!(response.summary(), (403, message), "{purpose}, {update}");
        }
        let read = get_with_header(&server, "getAll?token={}", purpose);
        assert_eq!(read.summary(), (200, "{}"), "{purpose}");
    }
    for purpose in ["Sec-Purpose: prefetched", "Purpose: preview", "Purpose:"] {
        let response = get_with_header(&server, updates[0], purpose);
        assert_eq!(response.summary(), (200, "OK"), "{purpose}");
    }
}

#[test]
fn update_is_only_saved_by_get() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for method in ["HEAD", "POST", "OPTIONS"] {
        let mut client = server.connect();
        let target = target("update?token={}&v1=5");
        let request = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        client.send(request.as_bytes()).unwrap();
        let response = client.read_response(method == "HEAD").unwrap();
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("allow"), Some("GET"), "{method}");
    }
    assert_eq!(get(&server, "getAll?token={}").body, "{}");
}

#[test]
fn an_update_that_times_out_counts_as_a_batch() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--request-timeout", "0.3", "--lock-wait", "60"]);
    let locked = scratch.database();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let timed_out = |name: &str| {
        let metric = format!("pinquery_{name}_unavailable_total{{kind=\"timed_out\"}}");
        server.metric(&metric)
    };
    for (update, count) in [("update", 1.0), ("update/", 2.0)] {
        let response = get(&server, &format!("{update}?token={{}}&pin=V1&value=5"));
        assert_eq!(response.status, 503);
        assert_eq!((timed_out("batches"), timed_out("reads")), (count, 0.0));
    }
}
