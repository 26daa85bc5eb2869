//! What becomes of the server when its log cannot be written.

mod common;

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::Stdio;

use common::{Scratch, Server, SmallDisk, command, eventually, serve_devices, update_target};

/// A fault begins and ends, and each is a line of the log.
fn goes_through_a_fault(scratch: &Scratch, server: &mut Server) {
    let locked = scratch.database();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(server.update("v1=1").status, 503);
    locked.execute_batch("ROLLBACK").unwrap();
    eventually("batches are taken again", || {
        server.update("v1=2").told() == (200, "OK")
    });
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_log_whose_reader_has_gone_stops_nothing() {
    let scratch = Scratch::new();
    let mut command = serve_devices(&scratch);
    command.stderr(Stdio::piped());
    let mut server = Server::spawn_logging(command);
    drop(server.log_reader());
    goes_through_a_fault(&scratch, &mut server);
}

#[test]
#[cfg(target_os = "linux")]
fn a_log_that_is_full_from_the_start_stops_nothing() {
    let scratch = Scratch::new();
    let mut command = serve_devices(&scratch);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    command.stderr(full);
    let mut server = Server::spawn_logging(command);
    goes_through_a_fault(&scratch, &mut server);
}

/// A pipe holds some 64 KiB; a reader that sleeps takes none of it.
#[test]
fn a_log_that_nobody_reads_holds_nobody_up() {
    let scratch = Scratch::new();
    let mut command = serve_devices(&scratch);
    command.args(["--log", "debug"]).stderr(Stdio::piped());
    let mut server = Server::spawn_logging(command);
    let mut reader = server.log_reader();
    let mut client = server.connect();
    for number in 0..2000 {
        let answer = client.get(&update_target("v1=hot")).unwrap();
        assert_eq!(answer.status, 400, "{number}");
    }
    goes_through_a_fault(&scratch, &mut server);
    let mut log = Vec::new();
    reader.read_to_end(&mut log).unwrap();
    assert!(log.len() > 10_000, "{}", log.len());
}

#[test]
#[ignore = "needs root, to mount a small file system"]
fn a_log_on_the_full_disk_of_the_database_stops_nothing() {
    let scratch = Scratch::new();
    let disk = SmallDisk::mount(scratch.path("disk"));
    let (filler, file) = (disk.0.join("filler"), disk.0.join("test.db"));
    let mut command = command();
    command.arg("--devices").arg(scratch.path("devices.json"));
    command.arg("--database").arg(&file);
    command.stderr(File::create(disk.0.join("log")).unwrap());
    let mut server = Server::spawn_logging(command);
    let mut client = server.connect();
    std::fs::write(&filler, vec![0; 1 << 20]).unwrap();
    while client.get(&update_target("v1=1")).unwrap().status == 200 {}
    // Whatever room is left goes too.
    let mut fill = OpenOptions::new().append(true).open(&filler).unwrap();
    while fill.write_all(b"x").is_ok() {}
    drop(fill);
    assert_eq!(client.get(&update_target("v1=1")).unwrap().status, 503);
    std::fs::remove_file(&filler).unwrap();
    eventually("there is room", || {
        client.get(&update_target("v1=2")).unwrap().told() == (200, "OK")
    });
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}
