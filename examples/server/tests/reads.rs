//! Reads return every stored value of the pins in the devices file, and no others.

mod common;

use std::fmt::Write;
use std::fs;

use common::{Scratch, Server, TOKEN};
use serde_json::{Value, json};

fn write_devices(scratch: &Scratch, pins: impl IntoIterator<Item = u8>) {
    let pins: Vec<String> = pins
        .into_iter()
        .map(|pin| format!(r#""v{pin}":{{"type":"integer"}}"#))
        .collect();
    let devices = format!(r#"{{"{TOKEN}":{{{}}}}}"#, pins.join(","));
    fs::write(scratch.path("devices.json"), devices).unwrap();
}

fn get_all(server: &Server) -> String {
    let all = server.get(&format!("/external/api/getAll?token={TOKEN}"));
    assert_eq!(all.status, 200);
    all.body
}

fn page_state(server: &Server) -> Value {
    let state = server.post("/page/state", &format!("token={TOKEN}"));
    assert_eq!(state.status, 200, "{state:?}");
    serde_json::from_str(&state.body).unwrap()
}

#[test]
fn a_batch_of_all_pins_is_read_back_completely() {
    let scratch = Scratch::new();
    write_devices(&scratch, 0..=255);
    let server = Server::start(&scratch, &[]);
    let (mut pins, mut names, mut expected) = (String::new(), String::new(), String::new());
    for pin in 0..=255 {
        let separator = if pin == 0 { "" } else { "&" };
        write!(pins, "{separator}v{pin}={}", 1000 + pin).unwrap();
        write!(names, "{separator}v{pin}").unwrap();
        let separator = if pin == 0 { "" } else { "," };
        write!(expected, r#"{separator}"v{pin}":{}"#, 1000 + pin).unwrap();
    }
    let expected = format!("{{{expected}}}");
    assert_eq!(server.update(&pins).summary(), (200, "OK"));
    assert_eq!(get_all(&server), expected);
    let named = server.get(&format!("/external/api/get?token={TOKEN}&{names}"));
    assert_eq!(named.summary(), (200, &*expected));

    let state = page_state(&server);
    let datastreams = state["datastreams"].as_array().unwrap();
    assert_eq!(datastreams.len(), 256);
    for (pin, datastream) in datastreams.iter().enumerate() {
        assert_eq!(datastream["value"], (1000 + pin).to_string());
    }
}

#[test]
fn pins_that_were_removed_from_the_devices_file_are_not_shown() {
    let scratch = Scratch::new();
    write_devices(&scratch, [1, 2, 3]);
    let server = Server::start(&scratch, &[]);
    assert_eq!(server.update("v1=1&v2=2&v3=3").summary(), (200, "OK"));
    drop(server);
    write_devices(&scratch, [1, 3, 4]);
    let server = Server::start(&scratch, &[]);
    assert_eq!(get_all(&server), r#"{"v1":1,"v3":3}"#);
    let removed = server.get(&format!("/external/api/get?token={TOKEN}&v2"));
    assert_eq!(removed.status, 400);
    let datastreams = &page_state(&server)["datastreams"];
    let shown: Value = datastreams
        .as_array()
        .unwrap()
        .iter()
        .map(|datastream| json!([datastream["pin"], datastream["value"]]))
        .collect();
    assert_eq!(shown, json!([["v1", "1"], ["v3", "3"], ["v4", null]]));
}

#[test]
fn the_page_state_has_the_adjustments_and_timestamps_of_the_database() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    assert_eq!(server.update("v1=133").summary(), (200, "OK"));
    let at_us: i64 = scratch
        .database()
        .query_row("SELECT at_us FROM batch", (), |row| row.get(0))
        .unwrap();
    let state = page_state(&server);
    assert_eq!(state["datastreams"][0]["adjusted"], "max");
    assert_eq!(state["datastreams"][0]["at_us"], at_us);
    assert_eq!(state["batches"][0]["at_us"], at_us);
}

/// A page that resumes after the last id it saw would miss a batch with that id.
#[test]
fn ids_of_deleted_batches_are_not_reused() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let newest_id = || -> i64 {
        assert_eq!(server.update("v1=1").summary(), (200, "OK"));
        let newest = "SELECT max(id) FROM batch";
        let database = scratch.database();
        database.query_row(newest, (), |row| row.get(0)).unwrap()
    };
    let before = newest_id();
    let delete = "DELETE FROM latest; DELETE FROM value; DELETE FROM batch";
    scratch.database().execute_batch(delete).unwrap();
    assert!(newest_id() > before);
}

/// `data_version` changes when another connection has written.
#[test]
fn a_health_check_without_recent_commits_writes_to_the_database() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let database = scratch.database();
    let version = || -> i64 {
        let version = database.pragma_query_value(None, "data_version", |row| row.get(0));
        version.unwrap()
    };
    let before = version();
    assert_eq!(server.get("/health").summary(), (200, r#"{"status":"ok"}"#));
    assert_ne!(version(), before);
}
