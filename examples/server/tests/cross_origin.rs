//! Which pages of other origins may read responses.

mod common;

use common::{Response, Scratch, Server, TOKEN};

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const PAGE: &str = "https://example.com";
const OTHER_PAGE: &str = "https://other.example";

fn request(server: &Server, method: &str, target: &str, headers: &str) -> Response {
    let mut client = server.connect();
    let request = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{headers}\r\n");
    client.send(request.as_bytes()).unwrap();
    client.read_response(false).unwrap()
}

fn get_from(server: &Server, origin: &str, target: &str) -> Response {
    request(server, "GET", target, &format!("Origin: {origin}\r\n"))
}

fn preflight_from(server: &Server, origin: &str, target: &str) -> Response {
    let headers = format!(
        "Origin: {origin}\r\nAccess-Control-Request-Method: GET\r\n\
         Access-Control-Request-Headers: x-custom\r\n"
    );
    request(server, "OPTIONS", target, &headers)
}

fn get_all() -> String {
    format!("/external/api/getAll?token={TOKEN}")
}

fn update() -> String {
    format!("/external/api/update/?token={TOKEN}&v1=5")
}

#[test]
fn no_origin_is_allowed_by_default() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let response = get_from(&server, PAGE, &get_all());
    assert_eq!(response.summary(), (200, "{}"));
    assert_eq!(response.header(ALLOW_ORIGIN), None);
    assert_eq!(response.header("vary"), None);
    let response = preflight_from(&server, PAGE, &get_all());
    assert_eq!(response.status, 405);
    assert_eq!(response.header(ALLOW_ORIGIN), None);
}

#[test]
fn listed_origins_are_allowed() {
    let scratch = Scratch::new();
    let local = "http://localhost:3000";
    let server = Server::start(&scratch, &["--allow-origin", PAGE, "--allow-origin", local]);
    for origin in [PAGE, local] {
        let response = get_from(&server, origin, &get_all());
        assert_eq!(response.header(ALLOW_ORIGIN), Some(origin));
        assert_eq!(response.header("vary"), Some("origin"));
    }
    for origin in [
        OTHER_PAGE,
        "http://example.com",
        "null",
        "https://example.com.evil",
    ] {
        let response = get_from(&server, origin, &get_all());
        assert_eq!(response.summary(), (200, "{}"), "{origin}");
        assert_eq!(response.header(ALLOW_ORIGIN), None, "{origin}");
        assert_eq!(response.header("vary"), Some("origin"), "{origin}");
    }
    let without_origin = server.get(&get_all());
    assert_eq!(without_origin.header(ALLOW_ORIGIN), None);
    assert_eq!(without_origin.header("vary"), Some("origin"));
}

#[test]
fn errors_can_be_read_too() {
    let scratch = Scratch::new();
    let timeouts = ["--request-timeout", "0.3", "--lock-wait", "60"];
    let args = [&["--allow-origin", PAGE], &timeouts[..]].concat();
    let server = Server::start(&scratch, &args);
    let locked = scratch.database();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    for (target, status) in [
        ("/external/api/getAll", 400),
        ("/external/api/nothing", 404),
        (&update(), 503),
    ] {
        let response = get_from(&server, PAGE, target);
        assert_eq!(response.status, status);
        assert_eq!(response.header(ALLOW_ORIGIN), Some(PAGE), "{target}");
    }
}

#[test]
fn a_preflight_gets_a_response_and_saves_nothing() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--allow-origin", PAGE]);
    let response = preflight_from(&server, PAGE, &update());
    assert_eq!(response.summary(), (204, ""));
    for (name, value) in [
        (ALLOW_ORIGIN, PAGE),
        ("access-control-allow-methods", "GET"),
        ("access-control-allow-headers", "*"),
        ("access-control-max-age", "7200"),
        ("vary", "origin"),
    ] {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    let response = preflight_from(&server, OTHER_PAGE, &update());
    assert_eq!(response.header(ALLOW_ORIGIN), None);
    // Not a preflight.
    assert_eq!(request(&server, "OPTIONS", &update(), "").status, 405);
    assert_eq!(server.get(&get_all()).body, "{}");
}

#[test]
fn a_star_allows_all_origins() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--allow-origin", "*"]);
    for origin in [PAGE, "null"] {
        let response = get_from(&server, origin, &get_all());
        assert_eq!(response.header(ALLOW_ORIGIN), Some("*"));
        assert_eq!(response.header("vary"), None);
        let response = preflight_from(&server, origin, &update());
        assert_eq!(response.header(ALLOW_ORIGIN), Some("*"));
    }
}

/// The page and the metrics are not Blynk's endpoints.
#[test]
fn other_paths_stay_same_origin() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--allow-origin", "*"]);
    for path in ["/", "/health", "/metrics", "/page/state", "/external"] {
        let response = get_from(&server, PAGE, path);
        assert_eq!(response.header(ALLOW_ORIGIN), None, "{path}");
        let response = preflight_from(&server, PAGE, path);
        assert_eq!(response.header(ALLOW_ORIGIN), None, "{path}");
    }
}
