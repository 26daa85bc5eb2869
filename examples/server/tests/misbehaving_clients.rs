//! Clients that are slow, send malformed requests or never read must not affect other clients.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{Client, INCOMPLETE, Scratch, Server, TIMEOUT, eventually, update_target};

/// The longest a well-behaved client may wait during an attack, even on a busy machine.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Many systems allow a process 1024 open files.
const MANY: usize = 900;

/// Batches that a well-behaved client must complete during an attack.
const MIN_BATCHES: usize = 20;

/// Sends batches on one connection until `stop` is set, and counts them. Returns the longest wait.
fn well_behaved_client(server: &Server, stop: &AtomicBool, count: &AtomicUsize) -> Duration {
    let mut longest = Duration::ZERO;
    let mut client = server.connect();
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        let number = count.load(Ordering::Relaxed);
        let response = client
            .get(&update_target(&format!("v10={number}")))
            .expect("a response");
        assert_eq!(response.summary(), (200, "OK"));
        longest = longest.max(start.elapsed());
        count.fetch_add(1, Ordering::Relaxed);
    }
    longest
}

/// Runs an attack while a well-behaved client is sending, which must not be affected.
///
/// The attack is repeated until the client has sent enough, because a busy disk may need longer for
/// a commit than the attack lasts.
fn without_impact(server: &Server, attack: impl Fn()) {
    let (stop, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let client = scope.spawn(|| well_behaved_client(server, &stop, &count));
        attack();
        while count.load(Ordering::Relaxed) < MIN_BATCHES && !client.is_finished() {
            attack();
        }
        stop.store(true, Ordering::Relaxed);
        let longest = client.join().expect("every response is OK");
        let count = count.load(Ordering::Relaxed);
        println!("meanwhile {count} batches were acknowledged, each within {longest:?}");
        assert!(longest < MAX_WAIT, "{count} batches, {longest:?}");
    });
}

/// Sends endless headers, a byte at a time, until the server closes each connection.
fn send_endless_headers(server: &Server, count: usize) {
    let head = format!("GET {} HTTP/1.1\r\nHost: slow\r\n", update_target("v1=1"));
    let mut slow: Vec<TcpStream> = Vec::new();
    for number in 0..count {
        let mut client = server.connect().0;
        let length = number % head.len();
        client
            .write_all(&head.as_bytes()[..length])
            .expect("the beginning is sent");
        client.set_nonblocking(true).expect("non-blocking mode");
        slow.push(client);
    }
    let start = Instant::now();
    while !slow.is_empty() {
        assert!(start.elapsed() < TIMEOUT, "{} still open", slow.len());
        thread::sleep(Duration::from_millis(100));
        slow.retain_mut(|client| client.write_all(b"x").is_ok() && !is_closed(client));
    }
}

fn is_closed(client: &mut TcpStream) -> bool {
    match client.read(&mut [0; 512]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

#[test]
fn slow_clients_are_disconnected_without_impact() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--header-timeout", "2"]);
    without_impact(&server, || send_endless_headers(&server, MANY));
    eventually("all are closed", || {
        server.metric("pinquery_connections") == 1.0
    });
}

#[test]
#[ignore = "needs 10000 open files"]
fn thousands_of_slow_clients_have_no_impact() {
    let scratch = Scratch::new();
    let server = Server::start(
        &scratch,
        &["--header-timeout", "4", "--connections", "8192"],
    );
    without_impact(&server, || send_endless_headers(&server, 4000));
}

fn malformed() -> Vec<(Vec<u8>, &'static [u16])> {
    let long = "x".repeat(20_000);
    let many = "a: b\r\n".repeat(100);
    let line = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes();
    vec![
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(),
            &[400],
        ),
        (b"nonsense\r\n\r\n".to_vec(), &[400]),
        (b"GET / HTTP/9.9\r\n\r\n".to_vec(), &[400]),
        (b"GET / HTTP/1.1\r\n: x\r\n\r\n".to_vec(), &[400]),
        (
            b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n".to_vec(),
            &[400],
        ),
        (
            b"POST /page/state HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_vec(),
            &[400],
        ),
        (b"\0\0\0\0\r\n\r\n".to_vec(), &[400]),
        (line(&update_target("v3=water low")), &[400]),
        (line(&update_target(&format!("v3={long}"))), &[414, 431]),
        (
            format!("GET / HTTP/1.1\r\nX: {long}\r\n\r\n").into_bytes(),
            &[431],
        ),
        (format!("GET / HTTP/1.1\r\n{many}\r\n").into_bytes(), &[431]),
        (line(&update_target("v1=%zz")), &[400]),
        (line("http://[::1/"), &[400]),
    ]
}

/// Returns the status of the response, or `None` if the connection is closed without one.
fn status(server: &Server, request: &[u8]) -> Option<u16> {
    let mut client = server.connect();
    // The server may reject the request and close the connection before all of it is sent.
    let _ = client.send(request);
    client
        .read_response(false)
        .ok()
        .map(|response| response.status)
}

#[test]
fn thousands_of_malformed_requests_are_rejected_without_impact() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for (request, expected) in malformed() {
        let status = status(&server, &request);
        let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        assert!(
            status.is_some_and(|status| expected.contains(&status)),
            "{shown}: {status:?}"
        );
    }
    let rounds = 2000 / malformed().len();
    without_impact(&server, || {
        for _ in 0..rounds {
            for (request, expected) in malformed() {
                let status = status(&server, &request);
                assert!(
                    status.is_none_or(|status| expected.contains(&status)),
                    "{status:?}"
                );
            }
        }
    });
    assert!(server.metric("pinquery_connections_broken_total{kind=\"malformed\"}") > 1000.0);
}

#[test]
fn incomplete_requests_have_no_impact() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", update_target("v1=1"));
    without_impact(&server, || {
        for number in 0..5000 {
            let mut client = server.connect();
            let _ = client.send(&request.as_bytes()[..number % request.len()]);
        }
    });
    eventually("all are closed", || {
        server.metric("pinquery_connections") == 1.0
    });
}

#[test]
fn a_client_that_shuts_down_its_side_gets_its_responses() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for number in 0..20 {
        let target = update_target(&format!("v1={number}"));
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut client = server.connect();
        client.send(request.repeat(2).as_bytes()).unwrap();
        client.0.shutdown(Shutdown::Write).unwrap();
        for _ in 0..2 {
            let response = client.read_response(false).unwrap();
            assert_eq!(response.summary(), (200, "OK"));
        }
        assert!(client.closed());
    }
    assert_eq!(server.metric("pinquery_batches_accepted_total"), 40.0);
}

#[test]
fn connections_beyond_the_limit_get_503_until_others_close() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--connections", "8", "--header-timeout", "3"]);
    let silent: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    let start = Instant::now();
    let mut rejected = server.connect();
    let response = rejected.get(&update_target("v1=1")).unwrap();
    assert_eq!(response.status, 503);
    assert_eq!(
        response.body,
        r#"{"error":{"message":"Too many connections are open. Try again."}}"#
    );
    assert_eq!(response.header("retry-after"), Some("1"));
    assert!(rejected.closed());
    assert!(start.elapsed() < MAX_WAIT);
    for mut client in silent {
        assert!(client.closed());
    }
    eventually("a connection is accepted", || {
        server.update("v1=1").summary() == (200, "OK")
    });
    assert!(server.metric("pinquery_connections_turned_away_total") >= 1.0);
}

#[test]
fn a_client_that_never_reads_is_disconnected() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--write-timeout", "1"]);
    let mut deaf = server.connect().0;
    deaf.set_nonblocking(true).unwrap();
    let request = b"GET /page.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    let start = Instant::now();
    loop {
        match deaf.write(&request) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(10));
            }
            Err(_) => break,
        }
        assert!(start.elapsed() < TIMEOUT, "the connection is still open");
    }
    eventually("the connection is closed", || {
        server.metric("pinquery_connections") == 1.0
    });
}

#[test]
fn idle_connections_are_closed_and_active_ones_are_kept() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--header-timeout", "3"]);
    let mut client = server.connect();
    for _ in 0..5 {
        assert_eq!(client.get(&update_target("v1=1")).unwrap().status, 200);
        thread::sleep(Duration::from_secs(1));
    }
    assert!(client.closed());
}

#[test]
fn a_request_whose_body_never_arrives_times_out() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--request-timeout", "0.3"]);
    let mut client = server.connect();
    client.send(INCOMPLETE).unwrap();
    assert_eq!(client.read_response(false).unwrap().status, 503);
    assert!(client.closed());
}
