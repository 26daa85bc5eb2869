//! How the server starts, refuses to start, stops, and starts again.

mod common;

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use common::{Scratch, Server, TOKEN, command, update_target};

const README: &str = include_str!("../README.md");

/// What a server says that ends by itself.
fn output(args: &[&str]) -> (Option<i32>, String, String) {
    let mut start = command();
    start.args(args);
    common::output(start)
}

#[test]
fn help_and_version() {
    let (status, help, _) = output(&["--help"]);
    assert_eq!(status, Some(0));
    assert!(help.contains("--header-timeout <S>"), "{help}");
    let (status, version, _) = output(&["--version"]);
    assert_eq!((status, &*version), (Some(0), "pinquery-server 0.1.0\n"));
}

#[test]
fn wrong_usage() {
    for args in [&["--nonsense"][..], &["x"], &["--queue", "0"]] {
        let (status, stdout, stderr) = output(args);
        assert_eq!((status, &*stdout), (Some(2), ""));
        assert!(
            stderr.contains("For more information, try '--help'."),
            "{stderr}"
        );
    }
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let scratch = Scratch::new();
    let database = scratch.path("test.db");
    let (status, stdout, stderr) = output(&[
        "--listen",
        &address,
        "--database",
        database.to_str().unwrap(),
    ]);
    assert_eq!((status, &*stdout), (Some(1), ""));
    assert!(
        stderr.contains(&format!("listen on {address}: ")),
        "{stderr}"
    );
    assert!(
        stderr.ends_with("; `--listen 127.0.0.1:0` takes a free port\n"),
        "{stderr}"
    );
    assert!(!database.exists());
}

/// Starts a server on a database that another one has.
fn refused_as_used(scratch: &Scratch, database: &Path) {
    let (database, devices) = (database.to_str().unwrap(), scratch.path("devices.json"));
    let (status, stdout, stderr) = output(&[
        "--listen",
        "127.0.0.1:0",
        "--devices",
        devices.to_str().unwrap(),
        "--database",
        database,
    ]);
    assert_eq!((status, &*stdout), (Some(1), ""));
    assert!(
        stderr.ends_with(": another pinquery-server uses this database\n"),
        "{stderr}"
    );
}

#[test]
fn a_second_server_on_a_database_is_refused_and_the_first_goes_on() {
    let scratch = Scratch::new();
    let mut first = Server::start(&scratch, &[]);
    assert_eq!(first.update("v1=1").told(), (200, "OK"));
    refused_as_used(&scratch, &scratch.path("test.db"));
    #[cfg(unix)]
    {
        let link = scratch.path("link.db");
        std::os::unix::fs::symlink(scratch.path("test.db"), &link).unwrap();
        refused_as_used(&scratch, &link);
    }
    assert_eq!(first.update("v1=2").told(), (200, "OK"));
    let read = format!("/external/api/get?token={TOKEN}&v1");
    assert_eq!(first.get(&read).told(), (200, "2"));
    // Another database is another matter, and so is this one once the first server has ended.
    Server::start_on(&scratch, &scratch.path("other.db"), &[]);
    first.signal("TERM");
    assert_eq!(first.wait().code(), Some(0));
    let second = Server::start(&scratch, &[]);
    assert_eq!(second.get(&read).told(), (200, "2"));
}

#[test]
fn a_database_is_free_again_after_kill_9() {
    let scratch = Scratch::new();
    let mut first = Server::start(&scratch, &[]);
    assert_eq!(first.update("v1=1").told(), (200, "OK"));
    first.kill();
    // What is left of the lock is a file, which says nothing.
    assert!(scratch.path("test.db.lock").exists());
    let second = Server::start(&scratch, &[]);
    assert_eq!(second.update("v1=2").told(), (200, "OK"));
    refused_as_used(&scratch, &scratch.path("test.db"));
}

#[test]
fn a_wrong_devices_file_is_refused_with_place_and_reason() {
    let scratch = Scratch::new();
    let file = scratch.path("devices.json");
    std::fs::write(
        &file,
        r#"{"SECRET":{"v1":{"type":"integer","min":9,"max":1}}}"#,
    )
    .unwrap();
    let (file, database) = (file.to_str().unwrap(), scratch.path("test.db"));
    let args = [
        "--listen",
        "127.0.0.1:0",
        "--devices",
        file,
        "--database",
        database.to_str().unwrap(),
    ];
    let (status, stdout, stderr) = output(&args);
    assert_eq!((status, &*stdout), (Some(1), ""));
    assert!(
        stderr.contains("device 1: v1: min is above max"),
        "{stderr}"
    );
    assert!(!stderr.contains("SECRET"));
}

#[test]
fn another_programs_file_is_not_touched() {
    let scratch = Scratch::new();
    scratch
        .database()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let (database, devices) = (scratch.path("test.db"), scratch.path("devices.json"));
    let (database, devices) = (database.to_str().unwrap(), devices.to_str().unwrap());
    let (status, _, stderr) = output(&[
        "--listen",
        "127.0.0.1:0",
        "--devices",
        devices,
        "--database",
        database,
    ]);
    assert_eq!(status, Some(1));
    assert!(stderr.contains("it is another program's"), "{stderr}");
}

/// SQLite would take these for databases in memory.
#[test]
fn a_database_is_a_file_whatever_its_name() {
    for name in [":memory:", "file:x?mode=memory"] {
        let scratch = Scratch::new();
        for expected in ["{}", r#"{"v1":1}"#] {
            let mut command = common::serve_devices(&scratch);
            command.current_dir(&scratch.0).args(["--database", name]);
            let mut server = Server::spawn(&scratch, command);
            let all = server.get(&format!("/external/api/getAll?token={TOKEN}"));
            assert_eq!(all.told(), (200, expected), "{name}");
            assert_eq!(server.update("v1=1").told(), (200, "OK"));
            server.kill();
        }
    }
}

#[test]
fn a_restart_keeps_the_values() {
    let scratch = Scratch::new();
    let all = format!("/external/api/getAll?token={TOKEN}");
    let mut first = Server::start(&scratch, &[]);
    first.update("v1=133&v2=5e-324&v3=caf%C3%A9&v4=130&v5=24.94,60.17&v6=1&v7=-0");
    first.update("v1=7");
    let before = first.get(&all).body;
    first.signal("TERM");
    assert_eq!(first.wait().code(), Some(0));

    let second = Server::start(&scratch, &[]);
    assert_eq!(second.get(&all).body, before);
    let expected =
        r#"{"v1":7,"v2":5e-324,"v3":"café","v4":130,"v5":[24.94,60.17],"v6":true,"v7":-0.0}"#;
    assert_eq!(before, expected);
}

#[test]
fn sigint_and_sigterm_end_it_in_good_order() {
    for signal in ["INT", "TERM"] {
        let scratch = Scratch::new();
        let mut server = Server::start(&scratch, &[]);
        let mut idle = server.connect();
        assert_eq!(idle.get(&update_target("v1=1")).unwrap().status, 200);
        let mut silent = server.connect();
        let start = Instant::now();
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0));
        assert!(
            start.elapsed() < Duration::from_secs(15),
            "{:?}",
            start.elapsed()
        );
        assert!(idle.closed() && silent.closed());
        scratch.logged_once("the database is closed");
        // The log is folded into the database.
        assert!(!scratch.path("test.db-wal").exists());
    }
}

#[test]
fn a_request_in_flight_is_answered_before_the_end() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, &["--lock-wait", "5"]);
    let database = scratch.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut client = server.send_and_wait_until_it_waits(&update_target("v1=42"));
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(client.answer(false).unwrap().told(), (200, "OK"));
    assert_eq!(server.wait().code(), Some(0));
    let saved: i64 = scratch
        .database()
        .query_row("SELECT value FROM value", (), |row| row.get(0))
        .unwrap();
    assert_eq!(saved, 42);
}

#[test]
fn the_demonstration_says_how_to_try_it() {
    let scratch = Scratch::new();
    let mut demo = command();
    demo.arg("--database").arg(scratch.path("test.db"));
    let server = Server::spawn(&scratch, demo);
    let (_, curl) = server.welcome.split_once("curl 'http://").unwrap();
    let (url, _) = curl.split_once('\'').unwrap();
    let (_, target) = url.split_once('/').unwrap();
    assert_eq!(server.get(&format!("/{target}")).told(), (200, "OK"));
    assert!(
        server
            .get("/")
            .body
            .contains(r#"value="demo-greenhouse-not-a-secret""#)
    );
    let database = scratch.path("test.db");
    let as_in_the_readme = server
        .welcome
        .replace(&server.address.to_string(), "127.0.0.1:8080")
        .replace(database.to_str().unwrap(), "…/pinquery-demo.db");
    assert!(README.contains(&as_in_the_readme), "{as_in_the_readme}");
}

#[test]
fn with_devices_the_lines_to_try_have_no_pin_and_no_token() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let update = "/external/api/batch/update?token=TOKEN&PIN=VALUE'";
    let note = "TOKEN is a token of the devices file; the page shows its pins\n";
    for line in [update, note, "/external/api/getAll?token=TOKEN'"] {
        assert!(server.welcome.contains(line), "{}", server.welcome);
    }
    assert!(!server.welcome.contains("v1="), "{}", server.welcome);
}

#[test]
fn the_readmes_devices_take_the_readmes_batch() {
    let (_, devices) = README.split_once("```json\n").unwrap();
    let (devices, behind) = devices.split_once("```").unwrap();
    let (_, target) = behind.split_once("curl 'http://127.0.0.1:8080").unwrap();
    let (target, _) = target.split_once('\'').unwrap();
    let scratch = Scratch::new();
    std::fs::write(scratch.path("devices.json"), devices).unwrap();
    let server = Server::start(&scratch, &[]);
    assert_eq!(server.get(target).told(), (200, "OK"));
}
