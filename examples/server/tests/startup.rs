//! Startup, shutdown and restart.

mod common;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Client, Scratch, Server, TOKEN, command, eventually, serve_devices, update_target};

const README: &str = include_str!("../README.md");

/// Returns the output of a server that fails to start.
fn output(args: &[&str]) -> (Option<i32>, String, String) {
    let mut start = command();
    start.args(args);
    common::output(start)
}

#[test]
fn help_and_version_are_printed() {
    let (status, help, _) = output(&["--help"]);
    assert_eq!(status, Some(0));
    assert!(help.contains("--header-timeout <S>"), "{help}");
    let (status, version, _) = output(&["--version"]);
    assert_eq!((status, &*version), (Some(0), "pinquery-server 0.1.0\n"));
}

#[test]
fn usage_errors_exit_with_status_2() {
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
fn a_port_in_use_is_reported_clearly() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let scratch = Scratch::new();
    let database = scratch.path("test.db");
    let (status, stdout, stderr) = output(&[
        "--listen",
        &address,
        "--database",
        database.to_str().unwrap(),
    ]);
    assert_eq!((status, &*stdout), (Some(1), ""));
    let message = format!("cannot listen on {address}: ");
    assert!(stderr.contains(&message), "{stderr}");
    assert!(
        stderr.ends_with("; use `--listen 127.0.0.1:0` for a free port\n"),
        "{stderr}"
    );
    assert!(!database.exists());
}

/// A server that is starting, killed on drop.
#[cfg(unix)]
struct Starting(Child);

#[cfg(unix)]
impl Drop for Starting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server whose start cannot complete until a lock on its database is released, and waits
/// until it has checked the database.
#[cfg(unix)]
fn start_on_locked_database(scratch: &Scratch) -> (Starting, SocketAddr, rusqlite::Connection) {
    drop(Server::start(scratch, &[]));
    std::fs::remove_file(scratch.path("log")).unwrap();
    let database = scratch.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut command = serve_devices(scratch);
    command.args(["--listen", &address.to_string()]);
    let log = std::fs::File::create(scratch.path("log")).unwrap();
    let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
    let starting = Starting(child);
    scratch.assert_logged_once("database passed its check");
    (starting, address, database)
}

#[test]
#[cfg(unix)]
fn connections_are_refused_until_the_server_is_ready() {
    let scratch = Scratch::new();
    let (_server, address, database) = start_on_locked_database(&scratch);
    let early = TcpStream::connect(address).expect_err("the server is not ready");
    assert_eq!(early.kind(), std::io::ErrorKind::ConnectionRefused);
    database.execute_batch("ROLLBACK").unwrap();
    scratch.assert_logged_once("\"message\":\"started\"");
    TcpStream::connect(address).expect("the server is ready");
}

#[test]
#[cfg(target_os = "linux")]
fn a_port_that_is_taken_during_the_start_is_reported() {
    let scratch = Scratch::new();
    let (mut server, address, database) = start_on_locked_database(&scratch);
    let _taken = TcpListener::bind(address).expect("the server is not listening yet");
    drop(database);
    assert_eq!(server.0.wait().unwrap().code(), Some(1));
    let message = format!("cannot listen on {address}: ");
    assert!(scratch.log().contains(&message), "{}", scratch.log());
    // The database is closed, and can be used by the next start.
    assert!(!scratch.path("test.db-wal").exists());
    let server = Server::start(&scratch, &[]);
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
}

#[test]
#[cfg(unix)]
fn sigterm_during_the_start_ends_the_server() {
    let scratch = Scratch::new();
    let (mut server, _, database) = start_on_locked_database(&scratch);
    let kill = Command::new("kill").arg(server.0.id().to_string()).status();
    assert!(kill.unwrap().success());
    let status = server.0.wait().unwrap();
    const SIGTERM: i32 = 15;
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    assert!(status.success() || signal == Some(SIGTERM), "{status}");
    drop(database);
    assert!(!scratch.log().contains("started"), "{}", scratch.log());
}

/// Fails to start another server on the database.
fn assert_database_in_use(scratch: &Scratch, database: &Path) {
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
        stderr.ends_with(": another pinquery-server is using this database\n"),
        "{stderr}"
    );
}

#[test]
fn a_second_server_on_the_same_database_is_rejected() {
    let scratch = Scratch::new();
    let mut first = Server::start(&scratch, &[]);
    assert_eq!(first.update("v1=1").summary(), (200, "OK"));
    assert_database_in_use(&scratch, &scratch.path("test.db"));
    #[cfg(unix)]
    {
        let link = scratch.path("link.db");
        std::os::unix::fs::symlink(scratch.path("test.db"), &link).unwrap();
        assert_database_in_use(&scratch, &link);
    }
    assert_eq!(first.update("v1=2").summary(), (200, "OK"));
    let read = format!("/external/api/get?token={TOKEN}&v1");
    assert_eq!(first.get(&read).summary(), (200, "2"));
    // Another database is free, and so is this one after the first server exits.
    Server::start_on(&scratch, &scratch.path("other.db"), &[]);
    first.signal("TERM");
    assert_eq!(first.wait().code(), Some(0));
    let second = Server::start(&scratch, &[]);
    assert_eq!(second.get(&read).summary(), (200, "2"));
}

#[test]
fn a_database_is_unlocked_after_kill_9() {
    let scratch = Scratch::new();
    let mut first = Server::start(&scratch, &[]);
    assert_eq!(first.update("v1=1").summary(), (200, "OK"));
    first.kill();
    let second = Server::start(&scratch, &[]);
    assert_eq!(second.update("v1=2").summary(), (200, "OK"));
    assert_database_in_use(&scratch, &scratch.path("test.db"));
}

#[test]
fn an_invalid_devices_file_is_rejected_with_position_and_reason() {
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
fn a_byte_order_mark_before_the_devices_is_skipped() {
    let scratch = Scratch::new();
    let file = scratch.path("devices.json");
    let json = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("\u{FEFF}{json}")).unwrap();
    let server = Server::start(&scratch, &[]);
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
}

/// SQLite would interpret these names as databases in memory.
#[test]
fn special_names_of_sqlite_are_ordinary_files() {
    for name in [":memory:", "file:x?mode=memory"] {
        let scratch = Scratch::new();
        for expected in ["{}", r#"{"v1":1}"#] {
            let mut command = common::serve_devices(&scratch);
            command.current_dir(&scratch.0).args(["--database", name]);
            let mut server = Server::spawn(&scratch, command);
            let all = server.get(&format!("/external/api/getAll?token={TOKEN}"));
            assert_eq!(all.summary(), (200, expected), "{name}");
            assert_eq!(server.update("v1=1").summary(), (200, "OK"));
            server.kill();
        }
    }
}

#[test]
fn values_survive_a_restart() {
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
fn sigint_and_sigterm_shut_down_cleanly() {
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
        scratch.assert_logged_once("database closed");
        // The write-ahead log was checkpointed.
        assert!(!scratch.path("test.db-wal").exists());
    }
}

#[test]
fn requests_in_flight_get_a_response_before_shutdown() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, &["--lock-wait", "5"]);
    let database = scratch.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut client = server.send_and_wait_until_parsed(&update_target("v1=42"));
    server.signal("TERM");
    eventually("no connection is accepted", || {
        Client::try_connect(server.address).is_err()
    });
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(client.read_response(false).unwrap().summary(), (200, "OK"));
    assert_eq!(server.wait().code(), Some(0));
    let saved: i64 = scratch
        .database()
        .query_row("SELECT value FROM value", (), |row| row.get(0))
        .unwrap();
    assert_eq!(saved, 42);
}

#[test]
fn the_demo_banner_works_and_matches_the_readme() {
    let scratch = Scratch::new();
    let mut demo = command();
    demo.arg("--database").arg(scratch.path("test.db"));
    let server = Server::spawn(&scratch, demo);
    let (_, curl) = server.banner.split_once("curl 'http://").unwrap();
    let (url, _) = curl.split_once('\'').unwrap();
    let (_, target) = url.split_once('/').unwrap();
    assert_eq!(server.get(&format!("/{target}")).summary(), (200, "OK"));
    assert!(
        server
            .get("/")
            .body
            .contains(r#"value="demo-greenhouse-not-a-secret""#)
    );
    let database = scratch.path("test.db");
    let expected = server
        .banner
        .replace(&server.address.to_string(), "127.0.0.1:8080")
        .replace(database.to_str().unwrap(), "…/pinquery-server/demo.db");
    assert!(README.contains(&expected), "{expected}");
}

#[test]
fn the_banner_for_a_devices_file_has_placeholders() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let update = "/external/api/batch/update?token=TOKEN&PIN=VALUE'";
    let note = "(TOKEN: any token of the devices file; the page lists its pins)\n";
    for line in [update, note, "/external/api/getAll?token=TOKEN'"] {
        assert!(server.banner.contains(line), "{}", server.banner);
    }
    assert!(!server.banner.contains("v1="), "{}", server.banner);
}

#[test]
fn the_readmes_devices_accept_the_readmes_batch() {
    let (_, devices) = README.split_once("```json\n").unwrap();
    let (devices, rest) = devices.split_once("```").unwrap();
    let (_, target) = rest.split_once("curl 'http://127.0.0.1:8080").unwrap();
    let (target, _) = target.split_once('\'').unwrap();
    let scratch = Scratch::new();
    std::fs::write(scratch.path("devices.json"), devices).unwrap();
    let server = Server::start(&scratch, &[]);
    assert_eq!(server.get(target).summary(), (200, "OK"));
}

#[test]
#[cfg(unix)]
fn a_low_limit_of_open_files_is_reported() {
    let scratch = Scratch::new();
    let start = |connections| {
        let mut shell = Command::new("sh");
        let script = r#"ulimit -Sn 200 && exec "$@""#;
        shell
            .args(["-c", script, "sh"])
            .arg(command().get_program());
        shell.args(serve_devices(&scratch).get_args());
        shell.args(["--connections", connections]);
        Server::spawn(&scratch, shell)
    };
    let warning = "raise `ulimit -n`";
    let server = start("100");
    scratch.assert_logged_once("\"message\":\"started\"");
    assert!(!scratch.log().contains(warning), "{}", scratch.log());
    drop(server);
    let _server = start("150");
    scratch.assert_logged_once(warning);
    let details = r#""limit":200,"required":214"#;
    assert!(scratch.log().contains(details), "{}", scratch.log());
}
