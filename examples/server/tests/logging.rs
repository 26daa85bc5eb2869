//! A log that cannot be written must not affect the server.

mod common;

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::Stdio;

use common::{Scratch, Server, SmallDisk, command, eventually, serve_devices, update_target};

/// Causes a fault, so that the server has something to log, and waits for the recovery.
fn survives_a_fault(scratch: &Scratch, server: &mut Server) {
    let locked = scratch.database();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(server.update("v1=1").status, 503);
    locked.execute_batch("ROLLBACK").unwrap();
    eventually("batches are accepted again", || {
        server.update("v1=2").summary() == (200, "OK")
    });
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn the_server_survives_a_log_whose_reader_is_gone() {
    let scratch = Scratch::new();
    let mut command = serve_devices(&scratch);
    command.stderr(Stdio::piped());
    let mut server = Server::spawn_logging(command);
    drop(server.log_reader());
    survives_a_fault(&scratch, &mut server);
}

#[test]
#[cfg(target_os = "linux")]
fn the_server_survives_a_log_on_a_full_device() {
    let scratch = Scratch::new();
    let mut command = serve_devices(&scratch);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    command.stderr(full);
    let mut server = Server::spawn_logging(command);
    eventually("lost lines are counted", || {
        server.metric("pinquery_log_lines_lost_total") >= 1.0
    });
    survives_a_fault(&scratch, &mut server);
}

/// A pipe buffers about 64 KiB, which these lines exceed.
#[test]
fn the_server_does_not_block_on_a_log_that_nobody_reads() {
    let scratch = Scratch::new();
    let mut command = serve_devices(&scratch);
    command.args(["--log", "debug"]).stderr(Stdio::piped());
    let mut server = Server::spawn_logging(command);
    let mut reader = server.log_reader();
    let mut client = server.connect();
    for number in 0..2000 {
        let response = client.get(&update_target("v1=hot")).unwrap();
        assert_eq!(response.status, 400, "{number}");
    }
    survives_a_fault(&scratch, &mut server);
    let mut log = Vec::new();
    reader.read_to_end(&mut log).unwrap();
    assert!(log.len() > 10_000, "{}", log.len());
}

#[test]
#[ignore = "needs root, to mount a small file system"]
fn the_server_survives_a_full_disk_shared_with_its_log() {
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
    // Fills the remaining bytes.
    let mut fill = OpenOptions::new().append(true).open(&filler).unwrap();
    while fill.write_all(b"x").is_ok() {}
    drop(fill);
    assert_eq!(client.get(&update_target("v1=1")).unwrap().status, 503);
    std::fs::remove_file(&filler).unwrap();
    eventually("batches are accepted again", || {
        client.get(&update_target("v1=2")).unwrap().summary() == (200, "OK")
    });
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}
