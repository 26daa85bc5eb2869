//! Clients that are slow, or speak nonsense, or never listen, and what the others notice of them.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{Client, PATIENCE, Scratch, Server, eventually, update_target};

/// What a good client may wait at most while the others misbehave, on a machine that is busy.
const BOUND: Duration = Duration::from_secs(10);

/// Below the 1024 files that many systems allow a process.
const MANY: usize = 900;

/// Sends batches on one connection until it is told to stop: how many, and the longest wait.
fn good_client(server: &Server, stop: &AtomicBool) -> (usize, Duration) {
    let (mut count, mut longest) = (0, Duration::ZERO);
    let mut client = server.connect();
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        let answer = client
            .get(&update_target(&format!("v10={count}")))
            .expect("an answer");
        assert_eq!(answer.told(), (200, "OK"));
        longest = longest.max(start.elapsed());
        count += 1;
    }
    (count, longest)
}

/// Runs the mischief beside a good client, which must not notice.
fn unnoticed(server: &Server, mischief: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let good = scope.spawn(|| good_client(server, &stop));
        mischief();
        stop.store(true, Ordering::Relaxed);
        let (count, longest) = good.join().expect("good answers");
        println!("meanwhile {count} batches were answered OK, each within {longest:?}");
        assert!(
            count > 20 && longest < BOUND,
            "{count} batches, {longest:?}"
        );
    });
}

/// Headers that never end, a byte at a time, until the server closes each connection.
fn never_finish(server: &Server, count: usize) {
    let head = format!("GET {} HTTP/1.1\r\nHost: slow\r\n", update_target("v1=1"));
    let mut slow: Vec<TcpStream> = Vec::new();
    for number in 0..count {
        let mut client = server.connect().0;
        let begun = number % head.len();
        client
            .write_all(&head.as_bytes()[..begun])
            .expect("the beginning is taken");
        client.set_nonblocking(true).expect("no blocking");
        slow.push(client);
    }
    let start = Instant::now();
    while !slow.is_empty() {
        assert!(start.elapsed() < PATIENCE, "{} are not closed", slow.len());
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
fn slow_clients_are_closed_and_not_noticed() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--header-timeout", "2"]);
    unnoticed(&server, || never_finish(&server, MANY));
    eventually("all are closed", || {
        server.metric("pinquery_connections") == 1.0
    });
}

#[test]
#[ignore = "needs 10000 open files"]
fn slow_clients_by_the_thousand() {
    let scratch = Scratch::new();
    let server = Server::start(
        &scratch,
        &["--header-timeout", "4", "--connections", "8192"],
    );
    unnoticed(&server, || never_finish(&server, 4000));
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

/// The status of the answer, if there is one before the connection ends.
fn status(server: &Server, request: &[u8]) -> Option<u16> {
    let mut client = server.connect();
    // The server may have refused, and closed, before all is sent.
    let _ = client.send(request);
    client.answer(false).ok().map(|answer| answer.status)
}

#[test]
fn malformed_requests_by_the_thousand_are_refused_and_not_noticed() {
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
    unnoticed(&server, || {
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
fn requests_that_break_off_are_not_noticed() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", update_target("v1=1"));
    unnoticed(&server, || {
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
fn a_client_that_closes_its_side_is_answered() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for number in 0..20 {
        let target = update_target(&format!("v1={number}"));
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut client = server.connect();
        client.send(request.repeat(2).as_bytes()).unwrap();
        client.0.shutdown(Shutdown::Write).unwrap();
        for _ in 0..2 {
            let answer = client.answer(false).unwrap();
            assert_eq!(answer.told(), (200, "OK"));
        }
        assert!(client.closed());
    }
    assert_eq!(server.metric("pinquery_batches_accepted_total"), 40.0);
}

#[test]
fn one_connection_too_many_is_told_and_there_is_room_later() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--connections", "8", "--header-timeout", "3"]);
    let silent: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    let start = Instant::now();
    let mut refused = server.connect();
    let answer = refused.get(&update_target("v1=1")).unwrap();
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.body,
        r#"{"error":{"message":"Too many connections are open. Try again."}}"#
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(refused.closed());
    assert!(start.elapsed() < BOUND);
    for mut client in silent {
        assert!(client.closed());
    }
    eventually("there is room", || {
        server.update("v1=1").told() == (200, "OK")
    });
    assert!(server.metric("pinquery_connections_turned_away_total") >= 1.0);
}

#[test]
fn a_client_that_never_reads_is_closed() {
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
        assert!(start.elapsed() < PATIENCE, "it is not closed");
    }
    eventually("it is closed", || {
        server.metric("pinquery_connections") == 1.0
    });
}

#[test]
fn an_idle_connection_is_closed_and_a_busy_one_is_kept() {
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
fn a_body_that_never_comes_is_given_up() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--request-timeout", "0.3"]);
    let mut client = server.connect();
    client
        .send(b"POST /page/state HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ntoken=")
        .unwrap();
    assert_eq!(client.answer(false).unwrap().status, 503);
    assert!(client.closed());
}
