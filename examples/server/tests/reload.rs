//! SIGHUP reads the devices file again; SIGUSR1 and SIGUSR2 are ignored.

#![cfg(target_os = "linux")]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

use common::{Scratch, Server, TOKEN, UNAVAILABLE, eventually, update_target};

/// A template, without its closing brace.
const PINS: &str = r#"{"v1":{"type":"integer"}"#;

const INVALID_TOKEN: (u16, &str) = (400, r#"{"error":{"message":"Invalid token."}}"#);

/// Returns the status and body of an update of this device.
fn update(server: &Server, token: &str) -> (u16, String) {
    let target = format!("/external/api/batch/update?token={token}&v1=1");
    let response = server.get(&target);
    (response.status, response.body)
}

#[track_caller]
fn assert_known(server: &Server, token: &str) {
    assert_eq!(update(server, token), (200, "OK".to_owned()));
}

#[track_caller]
fn assert_unknown(server: &Server, token: &str) {
    let (status, body) = update(server, token);
    assert_eq!((status, &*body), INVALID_TOKEN);
}

impl Scratch {
    fn write_devices(&self, json: &str) {
        // Renamed, because the server may be reading the file.
        let new = self.path("devices.json.new");
        fs::write(&new, json).unwrap();
        fs::rename(new, self.path("devices.json")).unwrap();
    }

    /// Waits until the log contains this text at least `count` times.
    fn wait_for_log(&self, text: &str, count: usize) {
        eventually(text, || self.log().matches(text).count() >= count);
    }
}

fn reload(scratch: &Scratch, server: &Server, json: &str) {
    let reloaded = || scratch.log().matches("devices reloaded").count();
    let before = reloaded();
    scratch.write_devices(json);
    server.signal("HUP");
    eventually("the devices are reloaded", || reloaded() > before);
}

/// Adds, removes and renames devices while the server runs.
fn devices_change(scratch: &Scratch, database: &Path) {
    let server = Server::start_on(scratch, database, &[]);
    assert_known(&server, "another-device");
    assert_unknown(&server, "new");
    reload(
        scratch,
        &server,
        &format!(r#"{{"new":{PINS}}}, "{TOKEN}":{PINS},"id":"roof"}}, "c":{PINS}}}}}"#),
    );
    scratch.assert_logged_once(r#""message":"devices reloaded","before":2,"after":3"#);
    assert_known(&server, "new");
    assert_known(&server, "c");
    assert_unknown(&server, "another-device");
    assert_known(&server, TOKEN);
    // A device with an id keeps its values when its token changes.
    let value = |token: &str| server.get(&format!("/external/api/get?token={token}&v1"));
    server.update("v1=42");
    reload(
        scratch,
        &server,
        &format!(r#"{{"moved":{PINS},"id":"roof"}}}}"#),
    );
    assert_eq!(value("moved").summary(), (200, "42"));
    assert_unknown(&server, TOKEN);
    assert!(!scratch.log().contains("SECRET"), "{}", scratch.log());
}

#[test]
fn a_reload_adds_and_removes_devices() {
    let scratch = Scratch::new();
    devices_change(&scratch, &scratch.path("test.db"));
    // One row per device that was ever registered; the device with an id kept its row.
    let count = "SELECT count(*) FROM device";
    let count: i64 = scratch
        .database()
        .query_row(count, (), |row| row.get(0))
        .unwrap();
    assert_eq!(count, 4);
}

#[test]
#[cfg(feature = "postgres")]
fn a_reload_adds_and_removes_devices_on_postgres() {
    let Some(database) = common::postgres::Database::new() else {
        return;
    };
    devices_change(&Scratch::new(), Path::new(&database.url()));
    assert_eq!(database.query("SELECT count(*) FROM device"), "4");
    // No number was wasted on a device that was already registered.
    assert_eq!(database.query("SELECT last_value FROM device_id_seq"), "4");
}

#[test]
fn an_invalid_file_leaves_the_old_devices_in_use() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let failed = "devices not reloaded: the old ones remain in use";
    let invalid = r#"{"SECRET-new":{"v1":{"type":"integer","min":9,"max":1}}}"#;
    for (count, json, reason) in [
        (1, invalid, "device 1: v1: min is above max"),
        (2, "", "EOF while parsing"),
        (3, "{}", "no devices"),
    ] {
        scratch.write_devices(json);
        server.signal("HUP");
        scratch.wait_for_log(failed, count);
        assert!(scratch.log().contains(reason), "{}", scratch.log());
        assert_known(&server, TOKEN);
        assert_unknown(&server, "SECRET-new");
    }
    fs::remove_file(scratch.path("devices.json")).unwrap();
    server.signal("HUP");
    scratch.wait_for_log(failed, 4);
    assert!(scratch.log().contains("No such file"), "{}", scratch.log());
    assert_known(&server, TOKEN);
    reload(&scratch, &server, &format!(r#"{{"new":{PINS}}}}}"#));
    assert_known(&server, "new");
    assert!(!scratch.log().contains("SECRET"), "{}", scratch.log());
}

#[test]
fn new_devices_that_cannot_be_registered_are_not_accepted() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let database = scratch.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    scratch.write_devices(&format!(r#"{{"new":{PINS}}}}}"#));
    server.signal("HUP");
    scratch.wait_for_log("devices not reloaded", 1);
    scratch.wait_for_log("database is locked", 1);
    assert_unknown(&server, "new");
    database.execute_batch("ROLLBACK").unwrap();
    assert_known(&server, TOKEN);
    reload(&scratch, &server, &format!(r#"{{"new":{PINS}}}}}"#));
    assert_known(&server, "new");
}

/// The reload writes nothing, so it does not wait for the locked database.
#[test]
fn a_batch_in_flight_keeps_its_device() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--lock-wait", "3600"]);
    let database = scratch.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut client = server.send_and_wait_until_parsed(&update_target("v1=42"));
    reload(
        &scratch,
        &server,
        &format!(r#"{{"another-device":{PINS}}}}}"#),
    );
    assert_unknown(&server, TOKEN);
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(client.read_response(false).unwrap().summary(), (200, "OK"));
}

/// Replaces the devices file with a pipe, which blocks the server until the test writes to it.
fn make_pipe(scratch: &Scratch) {
    let file = scratch.path("devices.json");
    fs::remove_file(&file).unwrap();
    assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
}

/// Waits until the server reads the pipe.
fn open_pipe(scratch: &Scratch) -> File {
    const O_NONBLOCK: i32 = 0o4000;
    let mut options = File::options();
    // Fails until the pipe has a reader.
    options.write(true).custom_flags(O_NONBLOCK);
    let mut pipe = None;
    eventually("the pipe is read", || {
        pipe = options.open(scratch.path("devices.json")).ok();
        pipe.is_some()
    });
    pipe.unwrap()
}

#[test]
fn signals_during_a_reload_cause_one_more() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, &[]);
    make_pipe(&scratch);
    server.signal("HUP");
    let mut pipe = open_pipe(&scratch);
    for _ in 0..3 {
        server.signal("HUP");
    }
    write!(pipe, r#"{{"first":{PINS}}}}}"#).unwrap();
    drop(pipe);
    scratch.wait_for_log("devices reloaded", 1);
    assert_known(&server, "first");
    let mut pipe = open_pipe(&scratch);
    write!(pipe, r#"{{"second":{PINS}}}}}"#).unwrap();
    drop(pipe);
    scratch.wait_for_log("devices reloaded", 2);
    assert_known(&server, "second");
    assert_unknown(&server, "first");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(scratch.log().matches("devices reloaded").count(), 2);
}

#[test]
fn a_reload_that_hangs_does_not_prevent_shutdown() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, &[]);
    make_pipe(&scratch);
    server.signal("HUP");
    let _pipe = open_pipe(&scratch);
    scratch.assert_logged_once("reloading devices");
    assert_known(&server, TOKEN);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn sigusr1_and_sigusr2_are_ignored() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, &[]);
    for signal in ["USR1", "USR2", "USR1"] {
        server.signal(signal);
        assert_known(&server, TOKEN);
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn the_demo_device_is_not_reloaded() {
    let scratch = Scratch::new();
    let mut demo = common::command();
    demo.arg("--database").arg(scratch.path("test.db"));
    let server = Server::spawn(&scratch, demo);
    server.signal("HUP");
    scratch.assert_logged_once("nothing to reload: there is no devices file");
    assert_known(&server, "demo-greenhouse-not-a-secret");
}

#[test]
fn a_database_that_cannot_be_read_leaves_the_old_devices_in_use() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    fs::write(scratch.path("test.db"), "").unwrap();
    assert_eq!(server.update("v1=1").summary(), (503, UNAVAILABLE));
    scratch.write_devices(&format!(r#"{{"new":{PINS}}}}}"#));
    server.signal("HUP");
    scratch.wait_for_log("devices not reloaded", 1);
    assert_unknown(&server, "new");
}
