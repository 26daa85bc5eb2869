//! Guarantees of the README beyond responses and database faults.

#![cfg(unix)]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::{
    INCOMPLETE, Scratch, Server, TOKEN, UNAVAILABLE, command, eventually, output, update_target,
};

fn count(database: &Path) -> i64 {
    let database = rusqlite::Connection::open(database).unwrap();
    let count = "SELECT count(*) FROM batch";
    database.query_row(count, (), |row| row.get(0)).unwrap()
}

#[test]
fn a_database_that_is_moved_rejects_batches() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, &[]);
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
    let (here, away) = (scratch.path("test.db"), scratch.path("away.db"));
    fs::rename(&here, &away).unwrap();
    for _ in 0..3 {
        assert_eq!(server.update("v1=2").summary(), (503, UNAVAILABLE));
    }
    assert_eq!(server.get("/health").status, 503);
    scratch.assert_logged_once("database writes are failing");

    // Another file with this name is not accepted.
    fs::copy(&away, &here).unwrap();
    assert_eq!(server.update("v1=3").summary(), (503, UNAVAILABLE));
    fs::rename(&away, &here).unwrap();
    assert_eq!(server.update("v1=4").summary(), (200, "OK"));
    scratch.assert_logged_once("database writes have recovered");
    assert_eq!(server.get("/health").summary(), (200, r#"{"status":"ok"}"#));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn health_checks_record_faults_without_batches() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let (here, away) = (scratch.path("test.db"), scratch.path("away.db"));
    fs::rename(&here, &away).unwrap();
    eventually("health is 503", || server.get("/health").status == 503);
    scratch.assert_logged_once("database writes are failing");
    assert!(server.metric("pinquery_faults_total{kind=\"write\"}") >= 1.0);
    fs::rename(&away, &here).unwrap();
    eventually("health is 200", || server.get("/health").status == 200);
    scratch.assert_logged_once("database writes have recovered");
}

#[test]
fn a_removed_write_ahead_log_rejects_batches() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
    fs::remove_file(scratch.path("test.db-wal")).unwrap();
    assert_eq!(server.update("v1=2").summary(), (503, UNAVAILABLE));
}

#[test]
fn database_files_are_private_unless_mode_is_set() {
    let scratch = Scratch::new();
    let mode = |name: &str| {
        let metadata = fs::metadata(scratch.path(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    for (args, expected) in [(&[][..], 0o600), (&["--mode", "640"], 0o640)] {
        let name = format!("{expected:o}.db");
        for _ in 0..2 {
            let server = Server::start_on(&scratch, &scratch.path(&name), args);
            assert_eq!(server.update("v1=1").summary(), (200, "OK"));
            for suffix in ["", "-wal", "-shm"] {
                assert_eq!(mode(&format!("{name}{suffix}")), expected);
            }
        }
    }
}

#[test]
fn a_limit_below_the_current_size_is_rejected() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, &[]);
    server.update("v1=1");
    server.signal("TERM");
    server.wait();
    let (database, devices) = (scratch.path("test.db"), scratch.path("devices.json"));
    let size = fs::metadata(&database).unwrap().len();
    let start = |limit: u64| {
        let mut command = command();
        command
            .args(["--listen", "127.0.0.1:0", "--devices"])
            .arg(&devices);
        command.arg("--database").arg(&database);
        command.arg("--max-database").arg(limit.to_string());
        command
    };
    let (status, stdout, stderr) = output(start(size - 1));
    assert_eq!((status, &*stdout), (Some(1), ""));
    let message = format!(
        "its size of {size} bytes already exceeds `--max-database {}`",
        size - 1
    );
    assert!(stderr.contains(&message), "{stderr}");
    drop(Server::spawn(&scratch, start(size)));
}

#[test]
fn a_page_request_that_times_out_is_not_counted_as_a_batch() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--request-timeout", "0.3"]);
    let mut client = server.connect();
    client.send(INCOMPLETE).unwrap();
    assert_eq!(client.read_response(false).unwrap().status, 503);
    let timed_out =
        |name: &str| server.metric(&format!("pinquery_{name}_total{{kind=\"timed_out\"}}"));
    assert_eq!(timed_out("batches_unavailable"), 0.0);
    assert_eq!(timed_out("reads_unavailable"), 1.0);
}

#[test]
fn every_response_forbids_content_sniffing_and_limits_caching() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for (target, caching) in [
        ("/", "no-cache"),
        ("/page.css", "no-cache"),
        ("/page.js", "no-cache"),
        ("/draw.js", "no-cache"),
        ("/charts.js", "no-cache"),
        ("/table.js", "no-cache"),
        ("/metrics", "no-store"),
        ("/health", "no-store"),
        ("/nothing", "no-store"),
        ("/page/state", "no-store"),
        (&update_target("v1=1"), "no-store"),
        (&update_target("v1=hot"), "no-store"),
        (&format!("/external/api/get?token={TOKEN}&v1"), "no-store"),
        (&format!("/external/api/getAll?token={TOKEN}"), "no-store"),
    ] {
        let response = server.get(target);
        assert_eq!(
            response.header("x-content-type-options"),
            Some("nosniff"),
            "{target}"
        );
        assert_eq!(response.header("cache-control"), Some(caching), "{target}");
    }
}

#[test]
fn invalid_bodies_get_json_errors() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let post = |body: &[u8]| {
        let mut client = server.connect();
        let head = format!(
            "POST /page/state HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        client.send(&[head.as_bytes(), body].concat()).unwrap();
        client.read_response(false).unwrap()
    };
    let too_long = post(&[b'x'; 5000]);
    let body = r#"{"error":{"message":"The body is too long."}}"#;
    assert_eq!(too_long.summary(), (413, body));
    let not_utf8 = post(b"token=\xFF");
    let body = r#"{"error":{"message":"The body is not UTF-8 text."}}"#;
    assert_eq!(not_utf8.summary(), (400, body));
    assert_eq!(not_utf8.header("content-type"), Some("application/json"));
}

#[test]
fn read_faults_and_their_recovery_are_logged_once() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    server.update("v1=1");
    let all = format!("/external/api/getAll?token={TOKEN}");
    let database = scratch.database();
    database
        .execute_batch("ALTER TABLE latest RENAME TO gone")
        .unwrap();
    for _ in 0..3 {
        assert_eq!(server.get(&all).summary(), (503, UNAVAILABLE));
    }
    database
        .execute_batch("ALTER TABLE gone RENAME TO latest")
        .unwrap();
    assert_eq!(server.get(&all).summary(), (200, r#"{"v1":1}"#));
    scratch.assert_logged_once("database reads are failing");
    scratch.assert_logged_once("database reads have recovered");
    assert_eq!(server.metric("pinquery_faults_total{kind=\"read\"}"), 3.0);
    assert_eq!(
        server.metric("pinquery_reads_unavailable_total{kind=\"store_fault\"}"),
        3.0
    );
}

/// `prlimit` is part of util-linux.
#[test]
#[cfg(target_os = "linux")]
fn running_out_of_file_descriptors_is_logged_once() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let files = |id: u32| fs::read_dir(format!("/proc/{id}/fd")).unwrap().count();
    let limit = |files: usize| {
        let mut command = std::process::Command::new("prlimit");
        command.args(["--pid", &server.id().to_string()]);
        let status = command.arg(format!("--nofile={files}:4096")).status();
        assert!(status.expect("`prlimit` runs").success());
    };
    let mut connected = server.connect();
    let response = connected.get(&update_target("v1=1")).unwrap();
    assert_eq!(response.summary(), (200, "OK"));
    limit(files(server.id()));
    let waiting = server.connect();
    eventually("the fault", || {
        scratch.log().contains("connections cannot be accepted")
    });
    let response = connected.get(&update_target("v1=2")).unwrap();
    assert_eq!(response.summary(), (200, "OK"));
    limit(1024);
    drop(waiting);
    assert_eq!(server.update("v1=3").summary(), (200, "OK"));
    scratch.assert_logged_once("connections are accepted again");
    scratch.assert_logged_once("connections cannot be accepted");
    assert!(server.metric("pinquery_faults_total{kind=\"accept\"}") >= 1.0);
}

#[test]
fn a_device_with_an_id_keeps_its_history_when_its_token_changes() {
    let scratch = Scratch::new();
    let template = r#""v1":{"type":"integer"}"#;
    let all = |token: &str| format!("/external/api/getAll?token={token}");
    let start = |devices: String| {
        fs::write(scratch.path("devices.json"), devices).unwrap();
        Server::start(&scratch, &[])
    };
    let server = start(format!(r#"{{"old":{{{template}}}}}"#));
    assert_eq!(
        server
            .get("/external/api/batch/update?token=old&v1=7")
            .status,
        200
    );
    drop(server);
    // The device is given an id, then a new token.
    for token in ["old", "new"] {
        let server = start(format!(r#"{{"{token}":{{"id":"roof",{template}}}}}"#));
        assert_eq!(server.get(&all(token)).summary(), (200, r#"{"v1":7}"#));
    }
    // Another device may reuse the old token.
    let server = start(format!(
        r#"{{"new":{{"id":"roof",{template}}},"old":{{{template}}}}}"#
    ));
    assert_eq!(server.get(&all("new")).summary(), (200, r#"{"v1":7}"#));
    assert_eq!(server.get(&all("old")).summary(), (200, "{}"));
}

#[test]
fn a_backup_of_a_running_server_can_be_restored() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    server.update("v1=1");
    let copy = scratch.path("copy.db");
    let backup = format!("VACUUM INTO '{}'", copy.display());
    scratch.database().execute_batch(&backup).unwrap();
    server.update("v1=2");
    assert_eq!(count(&copy), 1);
    fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
    let restored = Server::start_on(&scratch, &copy, &[]);
    let read = format!("/external/api/get?token={TOKEN}&v1");
    assert_eq!(restored.get(&read).summary(), (200, "1"));
}
