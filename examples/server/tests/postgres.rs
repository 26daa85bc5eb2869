//! Servers that share a PostgreSQL database: no batch is lost when a server or the database is
//! killed.
#![cfg(feature = "postgres")]

mod common;

use std::path::Path;

use common::load::{Load, addresses, rounds};
use common::postgres::Database;
use common::{Scratch, Server, TOKEN, UNAVAILABLE, eventually, output, update_target};

/// Long enough for a busy machine, short enough for tests of faults.
const ARGS: [&str; 4] = ["--statement-timeout", "8", "--request-timeout", "15"];

fn start(scratch: &Scratch, database: &Database) -> Server {
    Server::start_on(scratch, Path::new(&database.url()), &ARGS)
}

#[test]
fn kill_9_of_the_server_loses_no_acknowledged_batch() {
    let Some(database) = Database::in_own_cluster(&[]) else {
        return;
    };
    let scratch = Scratch::new();
    let mut server = start(&scratch, &database);
    let servers = addresses([&server]);
    let load = Load::default();
    load.during(&servers, || {
        for round in 1..=rounds() {
            load.wait_for_acks(100);
            servers.lock().unwrap()[0] = None;
            server.kill();
            load.assert_nothing_lost(&format!("kill -9 of the server, round {round}"), &database);
            server = start(&scratch, &database);
            servers.lock().unwrap()[0] = Some(server.address);
        }
        load.wait_for_acks(50);
    });
    load.assert_nothing_lost("kill -9 of the server, at the end", &database);
}

#[test]
fn kill_9_of_one_of_two_servers_does_not_affect_the_other() {
    let Some(database) = Database::in_own_cluster(&[]) else {
        return;
    };
    let scratch = Scratch::new();
    let survivor = start(&scratch, &database);
    let mut victim = start(&scratch, &database);
    let servers = addresses([&survivor, &victim]);
    let load = Load::default();
    load.during(&servers, || {
        for round in 1..=rounds() {
            load.wait_for_acks(100);
            victim.kill();
            // The other server accepts every batch.
            load.wait_for_acks(100);
            assert_eq!(load.rejected(), 0);
            load.assert_nothing_lost(&format!("kill -9 of one of two, round {round}"), &database);
            victim = start(&scratch, &database);
            servers.lock().unwrap()[1] = Some(victim.address);
        }
        load.wait_for_acks(50);
    });
    load.assert_nothing_lost("kill -9 of one of two, at the end", &database);
}

#[test]
fn servers_recover_without_loss_from_kill_9_of_the_database() {
    let Some(database) = Database::in_own_cluster(&[]) else {
        return;
    };
    let scratch = Scratch::new();
    let servers = [start(&scratch, &database), start(&scratch, &database)];
    let addresses = addresses(&servers);
    let load = Load::default();
    load.during(&addresses, || {
        for round in 1..=rounds() {
            load.wait_for_acks(100);
            database.cluster.kill();
            // Until a batch fails, the newest commit counts as a recent check.
            eventually("health is 503", || servers[0].get("/health").status == 503);
            let all = format!("/external/api/getAll?token={TOKEN}");
            assert_eq!(servers[0].get(&all).summary(), (503, UNAVAILABLE));
            database.cluster.restart();
            load.wait_for_acks(100);
            load.assert_nothing_lost(
                &format!("kill -9 of the database, round {round}"),
                &database,
            );
        }
    });
    load.assert_nothing_lost("kill -9 of the database, at the end", &database);
    for server in &servers {
        assert_eq!(server.get("/health").summary(), (200, r#"{"status":"ok"}"#));
        assert!(server.metric("pinquery_faults_total{kind=\"write\"}") >= 1.0);
    }
    // The pool's prefix says nothing.
    let log = scratch.log();
    assert!(!log.contains("creating a new object"), "{log}");
}

/// The postmaster then restarts all of its processes.
#[test]
fn servers_recover_without_loss_from_kill_9_of_a_backend() {
    let Some(database) = Database::in_own_cluster(&[]) else {
        return;
    };
    let scratch = Scratch::new();
    let servers = [start(&scratch, &database), start(&scratch, &database)];
    let load = Load::default();
    load.during(&addresses(&servers), || {
        for round in 1..=rounds() {
            load.wait_for_acks(100);
            database.kill_backend();
            load.wait_for_acks(100);
            load.assert_nothing_lost(&format!("kill -9 of a backend, round {round}"), &database);
        }
    });
    load.assert_nothing_lost("kill -9 of a backend, at the end", &database);
}

#[test]
fn each_server_reads_what_the_other_saved() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let (one, two) = (start(&scratch, &database), start(&scratch, &database));
    let all = format!("/external/api/getAll?token={TOKEN}");
    for (saves, reads, value) in [(&one, &two, 1), (&two, &one, 2), (&one, &two, 3)] {
        assert_eq!(saves.update(&format!("v1={value}")).summary(), (200, "OK"));
        assert_eq!(
            reads.get(&all).summary(),
            (200, &*format!(r#"{{"v1":{value}}}"#))
        );
    }
    assert_eq!(
        database
            .query("SELECT id, device FROM batch ORDER BY id")
            .lines()
            .count(),
        3
    );
    let newest = "SELECT type, value, latitude FROM latest JOIN value USING (batch, pin)";
    assert_eq!(database.query(newest), "integer|3|");
}

#[test]
fn waiting_for_a_lock_is_limited_by_the_statement_timeout() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let args = ["--statement-timeout", "1", "--request-timeout", "15"];
    let server = Server::start_on(&scratch, Path::new(&database.url()), &args);
    eventually("a batch is saved", || {
        server.update("v1=1").summary() == (200, "OK")
    });
    let lock = database.hold("LOCK TABLE batch");
    assert_eq!(server.update("v1=2").summary(), (503, UNAVAILABLE));
    lock.release();
    eventually("batches are accepted again", || {
        server.update("v1=3").summary() == (200, "OK")
    });
    scratch.assert_logged_once("database writes have recovered");
}

#[test]
fn startup_fails_on_an_unavailable_or_foreign_database() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let start = |url: &str| {
        let mut command = common::command();
        command
            .args(["--listen", "127.0.0.1:0", "--devices"])
            .arg(scratch.path("devices.json"));
        command.args(["--database", url]);
        output(command)
    };
    database.query("CREATE TABLE batch (theirs int)");
    for (url, message) in [
        (database.url(), "relation \"batch\" already exists"),
        (
            "postgres://me:SECRET@127.0.0.1:1/x".to_owned(),
            "database postgres://127.0.0.1:1/x: ",
        ),
        (
            "postgres://me:SECRET@127.0.0.1:x/x".to_owned(),
            "is not a valid PostgreSQL URL",
        ),
    ] {
        let (status, stdout, stderr) = start(&url);
        assert_eq!((status, &*stdout), (Some(1), ""), "{stderr}");
        assert!(
            stderr.contains(message) && !stderr.contains("SECRET"),
            "{stderr}"
        );
    }
    // The failed migration left no tables.
    assert_eq!(
        database.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        "1"
    );
}

#[test]
fn shutdown_writes_all_batches_and_closes_connections() {
    let Some(database) = Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let mut server = start(&scratch, &database);
    assert!(!server.banner.contains("SECRET"), "{}", server.banner);
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
    let mut client = server.connect();
    let response = client.get(&update_target("v1=2")).unwrap();
    assert_eq!(response.summary(), (200, "OK"));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(database.query("SELECT count(*) FROM batch"), "2");
    assert!(!scratch.log().contains("SECRET"), "{}", scratch.log());
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pinquery-server' AND datname = current_database()";
    eventually("its connections are closed", || {
        database.query(connections) == "0"
    });
}
