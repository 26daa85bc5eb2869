//! Common HTTP clients: each encodes the same batches in its own way and gets the same responses.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::{Scratch, Server, TOKEN, update_target};
use serde_json::{Value, json};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
}

fn cases() -> Vec<Value> {
    let text = std::fs::read_to_string(file("cases.json")).expect("cases.json");
    serde_json::from_str(&text).expect("JSON")
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("the client starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs a script that prints a response for each case.
fn check(script: impl FnOnce(&str) -> Command) {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let output = output(&mut script(&format!("http://{}", server.address)));
    let cases = cases();
    assert_eq!(output.lines().count(), cases.len());
    for (line, case) in output.lines().zip(cases) {
        let response: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(response, case["response"], "{}", case["pins"]);
    }
}

fn python(library: &str, url: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg(file("client.py")).args([library, url, TOKEN]);
    command
}

#[test]
#[ignore = "needs python3 with requests"]
fn python_requests() {
    check(|url| python("requests", url));
}

#[test]
#[ignore = "needs python3"]
fn python_urllib() {
    check(|url| python("urllib", url));
}

#[test]
#[ignore = "needs node"]
fn node_fetch() {
    check(|url| {
        let mut command = Command::new("node");
        command.arg(file("client.mjs")).args([url, TOKEN]);
        command
    });
}

#[test]
#[ignore = "needs curl"]
fn curl() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for case in cases() {
        let path = case["path"].as_str().expect("path");
        let mut command = Command::new("curl");
        command.args(["-sS", "--get", "-w", "\n%{http_code}"]);
        command.args(["--data-urlencode", &format!("token={TOKEN}")]);
        for pin in case["pins"].as_array().expect("pins") {
            let text = |index: usize| pin[index].as_str().expect("text");
            let (name, value) = (text(0), text(1));
            command.args(["--data-urlencode", &format!("{name}={value}")]);
        }
        command.arg(format!("http://{}{path}", server.address));
        let output = output(&mut command);
        let (body, status) = output.rsplit_once('\n').expect("a status");
        let status: u16 = status.parse().expect("a status");
        assert_eq!(json!([status, body]), case["response"], "{}", case["pins"]);
    }
}

/// Prints a request piece by piece, as firmware does, one request per connection.
#[test]
fn firmware_that_escapes_nothing_works() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let send = |pieces: &[&str]| {
        let mut client = server.connect();
        for piece in pieces {
            client.send(piece.as_bytes()).unwrap();
        }
        let response = client.read_response(false).unwrap();
        assert!(client.closed());
        response
    };
    let end = [
        " HTTP/1.1\r\n",
        "Host: 127.0.0.1\r\n",
        "Connection: close\r\n\r\n",
    ];
    let print = |pieces: &[&str]| send(&[pieces, &end].concat());
    let start = format!("GET {}", update_target("V1="));
    assert_eq!(
        print(&[&start, "255", "&V2=", "21.50", "&V6=", "1"]).summary(),
        (200, "OK")
    );
    assert_eq!(
        print(&[&start, "1", "&V3=", "21°C;'ok'", "&V5=", "24.94,60.17"]).summary(),
        (200, "OK")
    );
    assert_eq!(
        server
            .get(&format!("/external/api/get?token={TOKEN}&v3"))
            .body,
        "21°C;'ok'"
    );
    // `dtostrf` pads with spaces, which are not allowed in a request target. Sent at once, because the
    // server closes the connection at the first one.
    let padded = [&start, "   7&V2= 21.50", &end.concat()].concat();
    assert_eq!(send(&[&padded]).summary(), (400, ""));
    assert_eq!(print(&[&start, "%20%20%207"]).summary(), (200, "OK"));
}

#[test]
fn connections_are_kept_alive() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let mut client = server.connect();
    for number in 0..100 {
        let response = client
            .get(&update_target(&format!("v10={number}")))
            .unwrap();
        assert_eq!(response.summary(), (200, "OK"));
        // An error does not close it.
        assert_eq!(client.get(&update_target("v10=hot")).unwrap().status, 400);
    }
    let last = client
        .get(&format!("/external/api/get?token={TOKEN}&v10"))
        .unwrap();
    assert_eq!(last.summary(), (200, "99"));
}
