//! The use of PostgreSQL, observed from the database: settings, clock, errors, locks, connections.
#![cfg(feature = "postgres")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use common::postgres::Database;
use common::{Client, Scratch, Server, TOKEN, eventually, output};

fn start(scratch: &Scratch, database: &Database, args: &[&str]) -> Server {
    Server::start_on(scratch, Path::new(&database.url()), args)
}

/// Shadows functions of PostgreSQL for the sessions of a database.
fn define_functions(database: &Database, functions: &str) {
    database.query(&format!(
        "CREATE SCHEMA fake; {functions}
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = fake, pg_catalog, public',
                                    current_database()); END $$"
    ));
}

#[test]
fn timestamps_are_microseconds_since_1970_by_the_databases_clock() {
    let Some(database) = Database::new() else {
        return;
    };
    let clock = "CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz LANGUAGE sql
                 AS $$ SELECT timestamptz '2023-11-14 22:13:20.123456Z' $$;";
    define_functions(&database, clock);
    let scratch = Scratch::new();
    let server = start(&scratch, &database, &[]);
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
    assert_eq!(
        database.query("SELECT at_us FROM batch"),
        "1700000000123456"
    );
}

/// A trigger reads the settings of the connection that executes it.
#[test]
fn settings_of_the_database_and_the_url_do_not_override_the_servers() {
    let Some(database) = Database::new() else {
        return;
    };
    drop(start(&Scratch::new(), &database, &[]));
    database.query(
        "CREATE TABLE settings (flushes text, timeout text, isolation text);
         CREATE FUNCTION record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO settings SELECT current_setting('synchronous_commit'),
                                         current_setting('statement_timeout'),
                                         current_setting('transaction_isolation');
             RETURN NULL;
         END $$;
         CREATE TRIGGER record AFTER INSERT ON batch EXECUTE FUNCTION record();
         DO $$ BEGIN
             EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
             EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable',
                            current_database());
         END $$",
    );
    let scratch = Scratch::new();
    for parameter in [
        "synchronous_commit%3Doff",
        "default_transaction_isolation%3Dserializable",
    ] {
        let url = format!("{}?options=-c%20{parameter}", database.url());
        let server = Server::start_on(&scratch, Path::new(&url), &["--statement-timeout", "8"]);
        assert_eq!(server.update("v1=1").summary(), (200, "OK"));
    }
    let settings = database.query("SELECT DISTINCT * FROM settings");
    assert_eq!(settings, "on|8s|read committed");
    // The clusters of these tests run with `fsync = off` for speed.
    assert!(
        scratch.log().contains("\"fsync\":\"off\""),
        "{}",
        scratch.log()
    );
}

#[test]
fn a_database_that_is_not_utf_8_is_rejected() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    for encoding in ["LATIN1", "SQL_ASCII"] {
        database.recreate(encoding);
        let mut command = common::serve_devices(&scratch);
        command.args(["--listen", "127.0.0.1:0", "--database", &database.url()]);
        let (status, _, stderr) = output(command);
        let message = format!("its encoding is {encoding}: create it with ENCODING 'UTF8'");
        assert!(status == Some(1) && stderr.contains(&message), "{stderr}");
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        assert_eq!(database.query(tables), "0");
    }
}

#[test]
fn a_database_of_a_newer_version_is_rejected() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    drop(start(&scratch, &database, &[]));
    database.query("INSERT INTO pinquery_migration (version) VALUES (1000)");
    let mut command = common::serve_devices(&scratch);
    command.args(["--listen", "127.0.0.1:0", "--database", &database.url()]);
    let (status, stdout, stderr) = output(command);
    assert_eq!((status, &*stdout), (Some(1), ""));
    assert!(stderr.contains("unknown schema version 1000"), "{stderr}");
}

/// A trigger fails with the SQLSTATE that a batch contains.
#[test]
fn only_errors_about_the_data_are_final() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let server = start(&scratch, &database, &[]);
    database.query(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION USING ERRCODE = NEW.value;
         END $$;
         CREATE TRIGGER fail BEFORE INSERT ON value
         FOR EACH ROW WHEN (NEW.type = 'string') EXECUTE FUNCTION fail()",
    );
    let fail = |state: &str| server.update(&format!("v1=1&v3={state}")).status;
    let (invalid_data, check_violation, disk_full, lock_timeout) =
        ("22000", "23514", "53100", "55P03");
    assert_eq!([invalid_data, check_violation].map(fail), [500; 2]);
    assert_eq!([disk_full, lock_timeout].map(fail), [503; 2]);
    assert_eq!(database.query("SELECT count(*) FROM batch"), "0");
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
}

/// Locks the rows of all devices with batches.
const LOCK: &str = "SELECT FROM device WHERE id IN (SELECT device FROM batch) FOR UPDATE";

/// Sends a batch and waits until a writer is waiting for a lock.
fn send_blocked(database: &Database, server: &Server, target: &str) -> Client {
    let mut client = server.connect();
    client.send_get(target).unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("a writer waits", || database.query(waiting) == "1");
    client
}

#[test]
fn a_blocked_writer_does_not_block_batches_of_other_devices() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let args = ["--statement-timeout", "3600", "--pool", "3"];
    let server = start(&scratch, &database, &args);
    let blocked = "/external/api/batch/update?token=another-device&v1=1";
    assert_eq!(server.get(blocked).summary(), (200, "OK"));
    let lock = database.hold(LOCK);
    let mut client = send_blocked(&database, &server, blocked);
    for number in 0..3 {
        let saved = server.update(&format!("v1={number}"));
        assert_eq!(saved.summary(), (200, "OK"));
    }
    let all = format!("/external/api/getAll?token={TOKEN}");
    assert_eq!(server.get(&all).summary(), (200, r#"{"v1":2}"#));
    lock.release();
    assert_eq!(client.read_response(false).unwrap().summary(), (200, "OK"));
}

#[test]
fn the_pools_limit_the_connections() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let args = [
        "--statement-timeout",
        "3600",
        "--pool",
        "1",
        "--read-pool",
        "2",
    ];
    // The reads of a single device would take turns.
    let devices = ["a", "b", "c", "d"];
    let templates = devices.map(|token| format!(r#""{token}":{{"v1":{{"type":"integer"}}}}"#));
    let templates = format!("{{{}}}", templates.join(","));
    fs::write(scratch.path("devices.json"), templates).unwrap();
    let server = start(&scratch, &database, &args);
    let lock = database.hold("LOCK TABLE batch");
    let updates = [1, 2].map(|value| format!("batch/update?token=a&v1={value}"));
    let reads = devices.map(|token| format!("isHardwareConnected?token={token}"));
    let clients = updates.into_iter().chain(reads).map(|target| {
        let mut client = server.connect();
        client.send_get(&format!("/external/api/{target}")).unwrap();
        client
    });
    let clients: Vec<Client> = clients.collect();
    let connections = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND application_name = 'pinquery-server'";
    eventually("all connections are in use", || {
        database.query(connections) == "3"
    });
    // A server that ignored the limit would open another connection in the meantime.
    thread::sleep(Duration::from_millis(500));
    assert_eq!(database.query(connections), "3");
    lock.release();
    for mut client in clients {
        let response = client.read_response(false).unwrap();
        assert_eq!(response.status, 200, "{}", scratch.log());
    }
}

/// Returns a command to start a server on this database, with its log in the directory.
fn command(scratch: &Scratch, url: &str, args: &[&str]) -> Command {
    let mut command = common::command();
    let devices = scratch.path("devices.json");
    command
        .arg("--devices")
        .arg(devices)
        .args(["--database", url]);
    command.args(["--listen", "127.0.0.1:0"]).args(args);
    command
}

const WAITING: &str = "waiting for the database";

#[test]
fn a_start_waits_for_a_database_that_is_not_up_yet() {
    let Some(database) = Database::in_own_cluster(&[]) else {
        return;
    };
    database.cluster.kill();
    let scratch = Scratch::new();
    let server = thread::scope(|scope| {
        let server = scope.spawn(|| start(&scratch, &database, &["--wait-for-database", "3600"]));
        eventually("the server waits", || scratch.log().contains(WAITING));
        database.cluster.restart();
        server.join().expect("server starts")
    });
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
    scratch.assert_logged_once(WAITING);
}

#[test]
fn sigterm_while_waiting_for_the_database_ends_the_server() {
    let scratch = Scratch::new();
    let mut command = command(&scratch, "postgres://me:SECRET@127.0.0.1:1/x", &[]);
    let log = std::fs::File::create(scratch.path("log")).unwrap();
    let mut child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
    scratch.assert_logged_once(WAITING);
    let kill = Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
    let status = child.wait().unwrap();
    const SIGTERM: i32 = 15;
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    assert!(status.success() || signal == Some(SIGTERM), "{status}");
    assert!(!scratch.log().contains("SECRET"), "{}", scratch.log());
}

/// Rejects a connection as PostgreSQL does, with an error of this SQLSTATE code.
fn reject(client: TcpStream, code: &str) {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0Mfake error\0\0");
    let length = (fields.len() as u32 + 4).to_be_bytes();
    respond(client, &[&b"E"[..], &length, fields.as_bytes()].concat());
}

fn respond(mut client: TcpStream, message: &[u8]) {
    let mut length = [0; 4];
    // The client does not ask for TLS, and sends no password before it is asked for one.
    client.read_exact(&mut length).unwrap();
    let mut startup = vec![0; u32::from_be_bytes(length) as usize - 4];
    client.read_exact(&mut startup).unwrap();
    client.write_all(message).unwrap();
}

#[test]
fn a_missing_password_names_the_variable_to_set() {
    let fake = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = fake.local_addr().unwrap().port();
    let url = format!("postgres://me@127.0.0.1:{port}/x?sslmode=disable");
    let scratch = Scratch::new();
    let mut command = command(&scratch, &url, &[]);
    command.env_remove("PGPASSWORD");
    const PASSWORD_REQUEST: [u8; 9] = [b'R', 0, 0, 0, 8, 0, 0, 0, 3];
    thread::spawn(move || respond(fake.accept().unwrap().0, &PASSWORD_REQUEST));
    let (status, _, stderr) = output(command);
    let message = format!(
        "pinquery-server: database postgres://127.0.0.1:{port}/x: \
         password missing: set `PGPASSWORD`\n"
    );
    assert_eq!((status, stderr), (Some(1), message));
}

#[test]
fn only_temporary_errors_delay_a_start() {
    const STARTING_UP: &str = "57P03";
    for code in ["28P01", "3D000", "53300"] {
        let fake = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = fake.local_addr().unwrap().port();
        let url = format!("postgres://me:SECRET@127.0.0.1:{port}/x?sslmode=disable");
        let scratch = Scratch::new();
        let command = command(&scratch, &url, &["--wait-for-database", "3600"]);
        let (status, stdout, stderr) = thread::scope(|scope| {
            let rejections = scope.spawn(|| {
                for code in [STARTING_UP, STARTING_UP, code] {
                    reject(fake.accept().unwrap().0, code);
                }
            });
            let output = output(command);
            while !rejections.is_finished() {
                // Ends the wait for a server that has exited too early.
                let _ = TcpStream::connect(("127.0.0.1", port));
            }
            output
        });
        assert_eq!((status, &*stdout), (Some(1), ""), "{stderr}");
        assert_eq!(stderr.matches(WAITING).count(), 1, "{stderr}");
        assert!(stderr.contains("fake error"), "{stderr}");
        assert!(!stderr.contains("SECRET"), "{stderr}");
    }
}

#[test]
fn a_start_does_not_wait_longer_than_its_limit() {
    let scratch = Scratch::new();
    // A label of a host name has at most 63 characters, so no name server is asked.
    let unknown = format!("postgres://me:SECRET@{}/x", "h".repeat(64));
    for (url, message) in [
        (
            "postgres://me:SECRET@127.0.0.1:1/x",
            "database postgres://127.0.0.1:1/x: error connecting to server: Connection refused",
        ),
        (&*unknown, "failed to lookup address"),
    ] {
        let command = command(&scratch, url, &["--wait-for-database", "1.5"]);
        let (status, stdout, stderr) = output(command);
        assert_eq!((status, &*stdout), (Some(1), ""), "{stderr}");
        assert_eq!(stderr.matches(WAITING).count(), 1, "{stderr}");
        let (_, error) = stderr.rsplit_once("pinquery-server: ").unwrap();
        assert!(error.contains(message), "{stderr}");
        assert!(!stderr.contains("SECRET"), "{stderr}");
    }
}
