//! What the README promises beside answers and faults.

#![cfg(unix)]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::{Scratch, Server, TOKEN, command, eventually, output, update_target};

const NOT_AVAILABLE: &str = r#"{"error":{"message":"The database is not available. Try again."}}"#;

fn count(database: &Path) -> i64 {
    let database = rusqlite::Connection::open(database).unwrap();
    let count = "SELECT count(*) FROM batch";
    database.query_row(count, (), |row| row.get(0)).unwrap()
}

#[test]
fn a_database_that_is_moved_away_takes_nothing() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, &[]);
    assert_eq!(server.update("v1=1").told(), (200, "OK"));
    let (here, away) = (scratch.path("test.db"), scratch.path("away.db"));
    fs::rename(&here, &away).unwrap();
    for _ in 0..3 {
        assert_eq!(server.update("v1=2").told(), (503, NOT_AVAILABLE));
    }
    assert_eq!(server.get("/health").status, 503);
    scratch.logged_once("the database takes no batches");

    // Another file of this name is not the database.
    fs::copy(&away, &here).unwrap();
    assert_eq!(server.update("v1=3").told(), (503, NOT_AVAILABLE));
    fs::rename(&away, &here).unwrap();
    assert_eq!(server.update("v1=4").told(), (200, "OK"));
    scratch.logged_once("the database takes batches again");
    assert_eq!(server.get("/health").told(), (200, r#"{"status":"ok"}"#));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_log_of_the_database_that_is_removed_is_noticed() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    assert_eq!(server.update("v1=1").told(), (200, "OK"));
    fs::remove_file(scratch.path("test.db-wal")).unwrap();
    assert_eq!(server.update("v1=2").told(), (503, NOT_AVAILABLE));
}

#[test]
fn the_database_is_for_its_user_alone_or_as_the_mode_says() {
    let scratch = Scratch::new();
    let mode = |name: &str| {
        let metadata = fs::metadata(scratch.path(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    let files = ["test.db", "test.db-wal", "test.db-shm", "test.db.lock"];
    for (args, expected) in [(&[][..], 0o600), (&["--mode", "640"], 0o640), (&[], 0o600)] {
        let server = Server::start(&scratch, args);
        assert_eq!(server.update("v1=1").told(), (200, "OK"));
        assert_eq!(files.map(mode), [expected; 4]);
    }
}

#[test]
fn a_limit_below_the_databases_size_is_refused() {
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
    let says = format!(
        "it has {size} bytes already, more than `--max-database {}`",
        size - 1
    );
    assert!(stderr.contains(&says), "{stderr}");
    drop(Server::spawn(&scratch, start(size)));
}

#[test]
fn a_slow_request_of_the_page_is_no_batch() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--request-timeout", "0.3"]);
    let mut client = server.connect();
    let begun = b"POST /page/state HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ntoken=";
    client.send(begun).unwrap();
    assert_eq!(client.answer(false).unwrap().status, 503);
    let timed_out =
        |what: &str| server.metric(&format!("pinquery_{what}_total{{kind=\"timed_out\"}}"));
    assert_eq!(timed_out("batches_unavailable"), 0.0);
    assert_eq!(timed_out("reads_unavailable"), 1.0);
}

#[test]
fn every_answer_says_that_its_type_is_its_type() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for target in [
        "/",
        "/page.css",
        "/metrics",
        "/health",
        "/nothing",
        "/page/state",
        &update_target("v1=1"),
        &update_target("v1=hot"),
        &format!("/external/api/get?token={TOKEN}&v1"),
    ] {
        let answer = server.get(target);
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{target}"
        );
    }
}

#[test]
fn a_body_that_cannot_be_one_gets_the_same_json() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let post = |body: &[u8]| {
        let mut client = server.connect();
        let head = format!(
            "POST /page/state HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        client.send(&[head.as_bytes(), body].concat()).unwrap();
        client.answer(false).unwrap()
    };
    let (long, odd) = (post(&[b'x'; 5000]), post(b"token=\xFF"));
    assert_eq!(
        long.told(),
        (413, r#"{"error":{"message":"The body is too long."}}"#)
    );
    assert_eq!(
        odd.told(),
        (
            400,
            r#"{"error":{"message":"The body is not UTF-8 text."}}"#
        )
    );
    assert_eq!(odd.header("content-type"), Some("application/json"));
}

#[test]
fn a_read_that_fails_is_logged_when_it_begins_and_when_it_ends() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    server.update("v1=1");
    let all = format!("/external/api/getAll?token={TOKEN}");
    let database = scratch.database();
    database
        .execute_batch("ALTER TABLE latest RENAME TO gone")
        .unwrap();
    for _ in 0..3 {
        assert_eq!(server.get(&all).told(), (503, NOT_AVAILABLE));
    }
    database
        .execute_batch("ALTER TABLE gone RENAME TO latest")
        .unwrap();
    assert_eq!(server.get(&all).told(), (200, r#"{"v1":1}"#));
    scratch.logged_once("the database cannot be read");
    scratch.logged_once("the database can be read again");
    assert_eq!(server.metric("pinquery_faults_total{kind=\"read\"}"), 3.0);
    assert_eq!(
        server.metric("pinquery_reads_unavailable_total{kind=\"store_fault\"}"),
        3.0
    );
}

/// The system's calls of `prlimit` are a program of util-linux.
#[test]
#[cfg(target_os = "linux")]
fn connections_that_cannot_be_accepted_are_logged_once() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let files = |id: u32| fs::read_dir(format!("/proc/{id}/fd")).unwrap().count();
    let limit = |files: usize| {
        let set = std::process::Command::new("prlimit")
            .args([
                "--pid",
                &server.id().to_string(),
                &format!("--nofile={files}:4096"),
            ])
            .status();
        assert!(set.expect("`prlimit` runs").success());
    };
    let mut good = server.connect();
    assert_eq!(
        good.get(&update_target("v1=1")).unwrap().told(),
        (200, "OK")
    );
    limit(files(server.id()));
    let waiting = server.connect();
    eventually("the fault", || {
        scratch.log().contains("no connection can be accepted")
    });
    assert_eq!(
        good.get(&update_target("v1=2")).unwrap().told(),
        (200, "OK")
    );
    limit(1024);
    drop(waiting);
    assert_eq!(server.update("v1=3").told(), (200, "OK"));
    scratch.logged_once("connections are accepted again");
    scratch.logged_once("no connection can be accepted");
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
    // It gets an id, and then another token.
    for token in ["old", "new"] {
        let server = start(format!(r#"{{"{token}":{{"id":"roof",{template}}}}}"#));
        assert_eq!(server.get(&all(token)).told(), (200, r#"{"v1":7}"#));
    }
    // Another device may have its old token.
    let server = start(format!(
        r#"{{"new":{{"id":"roof",{template}}},"old":{{{template}}}}}"#
    ));
    assert_eq!(server.get(&all("new")).told(), (200, r#"{"v1":7}"#));
    assert_eq!(server.get(&all("old")).told(), (200, "{}"));
}

/// Whoever has only a copy of the database has no more than values.
#[test]
fn a_backup_while_it_runs_is_whole() {
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
    assert_eq!(restored.get(&read).told(), (200, "1"));
}

/// As the README says how.
#[test]
fn old_batches_are_deleted_in_portions() {
    const README: &str = include_str!("../README.md");
    let (_, sql) = README.split_once("```sql\n").unwrap();
    let (sql, _) = sql.split_once("```").unwrap();
    let sql = sql
        .replace("at_us < …", "at_us < 9e18")
        .replace("1000", "2");
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for value in 0..7 {
        assert_eq!(server.update(&format!("v1={value}")).told(), (200, "OK"));
    }
    let database = scratch.database();
    for left in [5, 3, 1, 1] {
        database.execute_batch(&sql).unwrap();
        assert_eq!(count(&scratch.path("test.db")), left);
    }
    let read = format!("/external/api/get?token={TOKEN}&v1");
    assert_eq!(server.get(&read).told(), (200, "6"));
}
