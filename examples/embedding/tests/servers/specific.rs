//! Behaviour of individual examples.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use pinquery::ErrorKind;

use crate::common::*;
use crate::example::*;

/// Tests the examples in parallel, because each waits for a deadline. axum's `serve` has none.
#[test]
fn slow_clients_are_disconnected() {
    thread::scope(|scope| {
        for example in [&HYPER, &ACTIX_WEB, &HTTPARSE] {
            scope.spawn(|| a_slow_client_is_disconnected(example));
        }
    });
}

fn a_slow_client_is_disconnected(example: &Example) {
    let server = Server::start(example.name);
    let mut client = server.connect();
    let socket = client
        .0
        .get_ref()
        .try_clone()
        .expect("the socket can be cloned");
    thread::scope(|scope| {
        let trickle = scope.spawn(|| trickle(&socket));
        // Other clients are served meanwhile.
        server.check("token=demo&v1=2", OK);
        match client.try_response() {
            Ok(response) => assert_eq!(response.status(), 408, "{}", example.name),
            // Or the connection is closed without a response.
            Err(error) => assert_ne!(error.kind(), io::ErrorKind::WouldBlock),
        }
        let sent = trickle.join().expect("sending ends");
        assert!((5..300).contains(&sent), "{sent} bytes were accepted");
    });
    server.prints(&["v1=2"]);
    let (out, _) = server.stop();
    assert_eq!(out, [""; 0]);
}

/// Sends a byte now and then, which would restart a per-read timeout. The head never ends. Returns
/// how many bytes were sent until the server closed the connection.
fn trickle(mut socket: &TcpStream) -> usize {
    let target = format!("{PATH}?token=demo&v1=1");
    let head = request("GET", target.as_bytes(), "X: ");
    let endless = head.trim_ascii_end().iter().chain(&[b'x'; 300]);
    endless
        .take_while(|byte| {
            let sent = socket.write_all(&[**byte]).is_ok();
            thread::sleep(Duration::from_millis(300));
            sent
        })
        .count()
}

#[test]
fn a_client_may_close_its_sending_side() {
    for example in [&HYPER, &HTTPARSE] {
        let server = Server::start(example.name);
        // Repeated, because the server may read the request before or after the end of the stream.
        for _ in 0..50 {
            let mut client = server.connect();
            client.send(&batch("token=demo&v1=1"));
            let closed = client.0.get_ref().shutdown(Shutdown::Write);
            closed.expect("the socket is open");
            assert_eq!(client.response().parts(), OK, "{}", example.name);
        }
    }
}

#[test]
fn axum_counts_every_kind_from_zero() {
    let server = Server::start(AXUM.name);
    let counts = || -> Vec<(String, u64)> {
        let response = server.request("GET", b"/metrics");
        assert_eq!(
            (response.status(), response.header("content-type")),
            (200, TEXT)
        );
        let mut lines = response.body.lines();
        assert_eq!(lines.next(), Some("# TYPE batches_rejected_total counter"));
        lines
            .map(|line| count(line).expect("a kind and its count"))
            .collect()
    };
    let before = counts();
    let kinds: Vec<&str> = before.iter().map(|(kind, _)| kind.as_str()).collect();
    let names: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(kinds, names);
    assert!(before.iter().all(|(_, count)| *count == 0));

    server.check("token=demo&v1=1", OK);
    server.check("token=demo&v1=x", rejected(WRONG_VALUE));
    server.check("token=demo&v1=y", rejected(WRONG_VALUE));
    server.check("token=demo", rejected(WRONG_PIN));
    assert_eq!(server.request("GET", b"/nowhere").status(), 404);
    // Rejections of the other endpoints are counted too.
    for path in ["/external/api/update", "/external/api/get"] {
        server.check_at(path, "token=demo&v4", rejected(NO_DATASTREAM));
    }
    for (kind, count) in counts() {
        let expected = match kind.as_str() {
            "invalid_value" => 2,
            "no_pins" => 1,
            "unknown_pin" => 2,
            _ => 0,
        };
        assert_eq!(count, expected, "{kind}");
    }
}

fn count(line: &str) -> Option<(String, u64)> {
    let rest = line.strip_prefix("batches_rejected_total{kind=\"")?;
    let (kind, count) = rest.split_once("\"} ")?;
    Some((kind.to_owned(), count.parse().ok()?))
}

/// `httparse.rs` writes the response itself, so all of it is compared.
#[test]
fn httparse_writes_complete_responses() {
    let server = Server::start(HTTPARSE.name);
    for (query, expected) in [
        (
            "token=demo&v1=1",
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\nOK",
        ),
        (
            "token=demo&w1=1",
            "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 41\r\n\
             Content-Type: application/json\r\n\r\n{\"error\":{\"message\":\"Wrong pin format.\"}}",
        ),
    ] {
        assert_eq!(server.exchange(&batch(query)), expected);
    }
    // Most of this is never read, but the connection is not reset.
    let endless = b"x".repeat(HTTPARSE.oversized);
    assert_eq!(
        server.exchange(&endless),
        "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\
         Content-Length: 0\r\n\r\n",
    );
}
