//! What only some of the examples do.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use pinquery::ErrorKind;

use crate::common::*;
use crate::traits::*;

/// One test for these three, as it waits for most of its time; axum's `serve` has no deadline.
#[test]
fn slow_clients_are_not_waited_for() {
    thread::scope(|scope| {
        for traits in [&HYPER, &ACTIX_WEB, &HTTPARSE] {
            scope.spawn(|| a_slow_client_is_not_waited_for(traits));
        }
    });
}

fn a_slow_client_is_not_waited_for(traits: &Traits) {
    let server = Server::start(traits.example);
    let started = Instant::now();
    let mut client = server.connect();
    let socket = client.0.get_ref().try_clone().expect("it is a socket");
    thread::scope(|scope| {
        // A byte now and then, which begins a timeout of single reads anew. The head never ends.
        scope.spawn(|| {
            let target = format!("{PATH}?token=demo&v1=1");
            let head = request("GET", target.as_bytes(), "X: ");
            for byte in head.trim_ascii_end().iter().chain(&[b'x'; 300]) {
                if (&socket).write_all(&[*byte]).is_err() {
                    break;
                }
                thread::sleep(Duration::from_millis(300));
            }
        });
        // Others are served meanwhile.
        server.check("token=demo&v1=2", OK);
        match client.try_answer() {
            Ok(answer) => assert_eq!(answer.status(), 408, "{}", traits.example),
            // Or it is closed without an answer.
            Err(error) => assert_ne!(error.kind(), io::ErrorKind::WouldBlock),
        }
        assert!(started.elapsed() > HEAD_TIMEOUT.mul_f32(0.8));
    });
    server.prints(&["v1 = Integer(2), adjusted: None"]);
    let (out, _) = server.stop();
    assert_eq!(out, [""; 0]);
}

#[test]
fn axum_counts_every_kind_from_zero_on() {
    let server = Server::start(AXUM.example);
    let counts = || -> Vec<(String, u64)> {
        let answer = server.ask("GET", b"/metrics");
        assert_eq!(
            (answer.status(), answer.header("content-type")),
            (200, TEXT)
        );
        let mut lines = answer.body.lines();
        assert_eq!(lines.next(), Some("# TYPE batches_refused_total counter"));
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
    server.check("token=demo&v1=x", refused(WRONG_VALUE));
    server.check("token=demo&v1=y", refused(WRONG_VALUE));
    server.check("token=demo", refused(WRONG_PIN));
    assert_eq!(server.ask("GET", b"/nowhere").status(), 404);
    for (kind, count) in counts() {
        let expected = match kind.as_str() {
            "invalid_value" => 2,
            "no_pins" => 1,
            _ => 0,
        };
        assert_eq!(count, expected, "{kind}");
    }
}

fn count(line: &str) -> Option<(String, u64)> {
    let rest = line.strip_prefix("batches_refused_total{kind=\"")?;
    let (kind, count) = rest.split_once("\"} ")?;
    Some((kind.to_owned(), count.parse().ok()?))
}

/// Where the example writes the answer itself, all of it is compared.
#[test]
fn httparse_writes_whole_answers() {
    let server = Server::start(HTTPARSE.example);
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
        assert_eq!(server.ask_for_all(&batch(query)), expected);
    }
    // It leaves most of this unread, and yet the connection is not reset.
    let endless = b"x".repeat(HTTPARSE.oversized);
    assert_eq!(
        server.ask_for_all(&endless),
        "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\
         Content-Length: 0\r\n\r\n",
    );
}
