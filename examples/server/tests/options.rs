//! The effect of options: limits, and each timeout independently of the others; and the options in
//! the documentation.

mod common;

use std::thread;
use std::time::Duration;

use clap::Parser;
use common::{INCOMPLETE, Scratch, Server, command, eventually, output, update_target};
use pinquery_server::config::Config;

const OPERATIONS: &str = include_str!("../OPERATIONS.md");

/// Starts a server with a short timeout of this kind; the others exceed the duration of a test.
fn start_with_timeout(scratch: &Scratch, option: &str, seconds: &str) -> Server {
    let mut args = vec!["--lock-wait", "3600"];
    for timeout in [
        "--header-timeout",
        "--request-timeout",
        "--write-timeout",
        "--shutdown-timeout",
    ] {
        args.extend([timeout, if timeout == option { seconds } else { "3600" }]);
    }
    Server::start(scratch, &args)
}

#[test]
fn the_header_timeout_limits_the_time_for_headers() {
    let scratch = Scratch::new();
    let server = start_with_timeout(&scratch, "--header-timeout", "0.3");
    let mut client = server.connect();
    client.send(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    assert!(client.closed());
    let timed_out = "pinquery_connections_broken_total{kind=\"timed_out\"}";
    eventually("the timeout is counted", || server.metric(timed_out) == 1.0);
}

#[test]
fn the_request_timeout_limits_the_time_for_a_response() {
    let scratch = Scratch::new();
    let server = start_with_timeout(&scratch, "--request-timeout", "0.3");
    let mut client = server.connect();
    client.send(INCOMPLETE).unwrap();
    assert_eq!(client.read_response(false).unwrap().status, 503);
}

#[test]
fn the_write_timeout_limits_the_time_for_reading_a_response() {
    let scratch = Scratch::new();
    let server = start_with_timeout(&scratch, "--write-timeout", "0.3");
    let mut deaf = server.connect();
    deaf.0.set_write_timeout(Some(common::TIMEOUT)).unwrap();
    let request = b"GET /page.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    let error = loop {
        if let Err(error) = deaf.send(&request) {
            break error;
        }
    };
    // Not the client's own timeout.
    assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn the_shutdown_timeout_aborts_requests_but_not_waiting_batches() {
    let scratch = Scratch::new();
    let mut server = start_with_timeout(&scratch, "--shutdown-timeout", "1");
    let database = scratch.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let _client = server.send_and_wait_until_parsed(&update_target("v1=42"));
    server.signal("TERM");
    scratch.assert_logged_once("requests in flight were aborted");
    // A server that did not wait for its writer would exit in the meantime.
    thread::sleep(Duration::from_millis(500));
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(server.wait().code(), Some(0));
    let saved: i64 = scratch
        .database()
        .query_row("SELECT value FROM value", (), |row| row.get(0))
        .unwrap();
    assert_eq!(saved, 42);
}

#[test]
fn the_size_and_number_of_headers_are_limited_by_the_options() {
    let scratch = Scratch::new();
    let long = format!("X: {}\r\n", "x".repeat(10_000));
    let longer = format!("X: {}\r\n", "x".repeat(30_000));
    let many = "a: b\r\n".repeat(20);
    let more = "a: b\r\n".repeat(100);
    for (args, cases) in [
        (
            &["--head", "8192", "--headers", "8"][..],
            [(&long, 431), (&many, 431)],
        ),
        (&[], [(&long, 200), (&many, 200)]),
        (&[], [(&longer, 431), (&more, 431)]),
        (
            &["--head", "65536", "--headers", "200"],
            [(&longer, 200), (&more, 200)],
        ),
    ] {
        let server = Server::start(&scratch, args);
        for (headers, status) in cases {
            let mut client = server.connect();
            // The server may reject the request before all of it is sent.
            let _ = client.send(format!("GET / HTTP/1.1\r\n{headers}\r\n").as_bytes());
            let response = client.read_response(false).unwrap();
            assert_eq!(response.status, status, "{args:?}");
        }
    }
}

/// A trigger reads the settings of the connection that executes it.
#[test]
fn sqlite_flushes_commits_and_waits_for_locks_as_configured() {
    let scratch = Scratch::new();
    let settings = "CREATE TABLE settings (synchronous, busy_timeout);
        CREATE TRIGGER record AFTER INSERT ON batch BEGIN
            DELETE FROM settings;
            INSERT INTO settings SELECT synchronous, timeout
            FROM pragma_synchronous, pragma_busy_timeout;
        END";
    drop(Server::start(&scratch, &[]));
    scratch.database().execute_batch(settings).unwrap();
    const FULL: i64 = 2;
    for (args, wait) in [(&[][..], 250), (&["--lock-wait", "7.5"], 7500)] {
        let server = Server::start(&scratch, args);
        assert_eq!(server.update("v1=1").summary(), (200, "OK"));
        let found: (i64, i64) = scratch
            .database()
            .query_row("SELECT * FROM settings", (), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(found, (FULL, wait));
    }
}

#[test]
fn documented_options_exist() {
    let help = |args: &[&str]| {
        let mut command = command();
        command.args(args).arg("--help");
        output(command).1
    };
    let help = help(&[]) + &help(&["prune"]);
    let options: Vec<&str> = help.split_whitespace().collect();
    let docs = [include_str!("../README.md"), include_str!("../GROWTH.md")];
    for text in docs.into_iter().chain([OPERATIONS]) {
        for rest in text.split("`--").skip(1) {
            let option = format!("--{}", rest.split(['`', ' ']).next().expect("name"));
            assert!(options.contains(&&*option), "{option}");
        }
    }
}

#[test]
fn a_devices_file_can_be_checked_without_a_server() {
    let scratch = Scratch::new();
    let file = scratch.path("devices.json");
    let check = || {
        let mut check = command();
        check.arg("check-devices").arg(&file);
        output(check)
    };
    assert_eq!(check(), (Some(0), String::new(), String::new()));
    std::fs::write(&file, r#"{"a-secret-token":{"v1":{"type":"int"}}}"#).unwrap();
    let (status, stdout, stderr) = check();
    assert_eq!((status, &*stdout), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("v1"), "{stderr}");
    assert!(!stderr.contains("a-secret-token"), "{stderr}");
}

#[test]
fn the_unit_is_consistent_with_the_options() {
    let unit = include_str!("../pinquery-server.service").replace("\\\n", "");
    let value = |text: &'static str| {
        let line = unit.lines().chain(OPERATIONS.lines());
        line.filter_map(move |line| line.strip_prefix(text))
    };
    let start = value("ExecStart=").next().expect("a command");
    let options = value("OPTIONS=").next().expect("an example");
    let command = start.replace("$OPTIONS", options);
    let config = Config::try_parse_from(command.split_whitespace()).expect("valid options");
    assert!(config.admin_listen.is_some());
    let number = |name| -> u64 { value(name).next().expect(name).parse().expect(name) };
    let limits = Config::default().limits;
    assert!(number("LimitNOFILE=") > limits.connections as u64 + 64);
    assert!(number("TimeoutStopSec=") > limits.shutdown_timeout.as_secs());
    assert_eq!(value("RestartForceExitStatus=").next(), Some("SIGHUP"));
}

#[cfg(not(feature = "nats"))]
#[test]
fn a_nats_url_needs_the_feature() {
    let mut command = command();
    command.args(["--database", "nats://u:SECRET@127.0.0.1:1?stream=S"]);
    let (status, stdout, stderr) = output(command);
    assert_eq!((status, &*stdout), (Some(1), ""), "{stderr}");
    let message = "built without NATS support: enable the feature `nats`";
    assert_eq!(stderr, format!("pinquery-server: {message}\n"));
}
