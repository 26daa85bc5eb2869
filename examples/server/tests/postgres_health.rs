//! `/health` and `/metrics` on PostgreSQL: no 200 while the database rejects batches, and no wait for
//! a database that does not respond.
#![cfg(feature = "postgres")]

mod common;

use std::path::Path;

use common::postgres::Database;
use common::{Scratch, Server, SmallDisk, UNAVAILABLE, eventually};

const FAULTS: &str = "pinquery_faults_total{kind=\"write\"}";
const OK: (u16, &str) = (200, r#"{"status":"ok"}"#);

/// Starts a server whose role owns its tables but is not a superuser.
fn start(scratch: &Scratch, database: &Database) -> Server {
    let role = database.create_role();
    let args = ["--statement-timeout", "0.5"];
    let server = Server::start_on(scratch, Path::new(&database.url_of(&role)), &args);
    eventually("health is 200", || server.get("/health").summary() == OK);
    server
}

/// Sends ten batches and as many health checks after the server has noticed the fault on its own.
fn assert_unhealthy(server: &Server) {
    eventually("health is 503 without a batch", || {
        server.get("/health").summary() == (503, UNAVAILABLE)
    });
    assert!(server.metric(FAULTS) >= 1.0);
    for _ in 0..10 {
        let saved = server.update("v1=1&v2=2&v3=text&v5=1,2");
        assert_eq!(saved.summary(), (503, UNAVAILABLE));
        assert_eq!(server.get("/health").summary(), (503, UNAVAILABLE));
    }
}

fn assert_recovers(server: &Server) {
    eventually("health is 200 without a batch", || {
        server.get("/health").summary() == OK
    });
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
}

fn test(fault: &str, recovery: &str) {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let server = start(&scratch, &database);
    database.query(fault);
    assert_unhealthy(&server);
    scratch.assert_logged_once("database writes are failing");
    database.query(recovery);
    eventually("health is 200 without a batch", || {
        server.get("/health").summary() == OK
    });
    scratch.assert_logged_once("database writes have recovered");
    assert_recovers(&server);
    // The checks left nothing.
    assert_eq!(database.query("SELECT count(*) FROM batch"), "1");
    assert_eq!(database.query("SELECT count(*) FROM latest"), "1");
}

#[test]
fn a_read_only_database_is_unhealthy() {
    let set = |value: &str| {
        format!(
            "BEGIN READ WRITE;
             DO $$ BEGIN
                 EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {value}',
                                current_database());
                 PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'pinquery-server';
             END $$;
             COMMIT"
        )
    };
    test(&set("on"), &set("off"));
}

#[test]
fn a_missing_table_is_unhealthy() {
    test(
        "ALTER TABLE value RENAME TO lost",
        "ALTER TABLE lost RENAME TO value",
    );
}

#[test]
fn a_missing_privilege_is_unhealthy() {
    test(
        "DO $$ BEGIN EXECUTE format('REVOKE INSERT ON value FROM %I', current_database()); END $$",
        "DO $$ BEGIN EXECUTE format('GRANT INSERT ON value TO %I', current_database()); END $$",
    );
}

#[test]
fn a_failing_trigger_is_unhealthy() {
    test(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql
         AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$;
         CREATE TRIGGER fail BEFORE INSERT ON latest FOR EACH ROW EXECUTE FUNCTION fail()",
        "DROP TRIGGER fail ON latest",
    );
}

#[test]
fn a_locked_table_is_unhealthy() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let server = start(&scratch, &database);
    for table in ["batch", "latest IN SHARE MODE"] {
        let lock = database.hold(&format!("LOCK TABLE {table}"));
        assert_unhealthy(&server);
        lock.release();
        assert_recovers(&server);
    }
}

#[test]
#[ignore = "needs root, to mount a small file system"]
fn a_full_disk_is_unhealthy() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let disk = SmallDisk::mount(scratch.path("disk"));
    let server = start(&scratch, &database);
    let space = database.create_tablespace(&disk.0);
    database.query(&format!("ALTER TABLE value SET TABLESPACE {space}"));
    let filler = disk.0.join("filler");
    // Fails once the disk is full.
    let _ = std::fs::write(&filler, vec![0; 4 << 20]);
    let long = format!("v3={}", "x".repeat(1000));
    eventually("the table's last page is full", || {
        server.update(&long).status == 503
    });
    for _ in 0..10 {
        assert_eq!(server.update(&long).summary(), (503, UNAVAILABLE));
        assert_eq!(server.get("/health").summary(), (503, UNAVAILABLE));
    }
    std::fs::remove_file(&filler).unwrap();
    eventually("health is 200 without a batch", || {
        server.get("/health").summary() == OK
    });
    assert_eq!(server.update(&long).summary(), (200, "OK"));
    database.query("ALTER TABLE value SET TABLESPACE pg_default");
    database.query(&format!("DROP TABLESPACE {space}"));
}

#[test]
fn metrics_include_the_size_of_the_database_unless_it_does_not_respond() {
    let Some(database) = Database::in_own_cluster(&[]) else {
        return;
    };
    let scratch = Scratch::new();
    // Half of the request timeout is less than the statement timeout.
    let args = ["--request-timeout", "10", "--statement-timeout", "60"];
    let server = Server::start_on(&scratch, Path::new(&database.url()), &args);
    // Reading needs a new connection, because the old ones are closed.
    let close = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'pinquery-server'";
    database.query(close);
    database.cluster.signal("STOP");
    let metrics = server.get("/metrics");
    database.cluster.signal("CONT");
    assert_eq!(metrics.status, 200);
    assert!(metrics.body.contains("pinquery_batches_accepted_total 0"));
    assert!(!metrics.body.contains("pinquery_database_bytes"));
    eventually("the size is right", || {
        let size = database.query("SELECT pg_database_size(current_database())");
        let metrics = server.get("/metrics").body;
        metrics.contains(&format!("\npinquery_database_bytes {size}\n"))
    });
    let metrics = server.get("/metrics").body;
    assert!(!metrics.contains("pinquery_database_free_bytes"));
}
