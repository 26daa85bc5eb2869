//! The sink writes each batch to its database exactly once, with the time of the stream.
#![cfg(feature = "nats")]

mod common;

use std::time::Duration;

use common::postgres::Database;
use pinquery::{Update, Value, VirtualPin};
use pinquery_server::devices::DeviceKey;
use pinquery_server::postgres::{Position, Session, SinkDatabase, StreamBatch};
use tokio::time::{sleep, timeout};

const STREAM: &str = "PQ";

const START: Position = Position {
    created_ns: 1_700_000_000_123_456_789,
    seq: 0,
    at_ns: None,
};

/// Returns the position after the message with this number.
fn at(seq: u32) -> Position {
    Position {
        seq: seq.into(),
        at_ns: Some(time(seq)),
        ..START
    }
}

/// Returns the time of the message with this number.
fn time(seq: u32) -> i64 {
    START.created_ns + 1_000_000 * i64::from(seq)
}

fn batch(token: &str, seq: u32) -> StreamBatch {
    let update = Update {
        pin: VirtualPin(1),
        value: Value::Integer(seq.into()),
        adjusted: None,
    };
    StreamBatch {
        key: DeviceKey::of_token(token),
        at_ns: time(seq),
        updates: vec![update],
    }
}

/// Waits until the session has locked the stream.
async fn lock(session: &mut Session) {
    let lock = async {
        while !session.try_lock().await.expect("read") {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let locked = timeout(Duration::from_secs(30), lock).await;
    locked.expect("the lock is released");
}

/// Waits until a session waits for a lock, and ends it.
async fn terminate(database: &Database, lock: &str) {
    let waiting = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event = '{lock}'"
    );
    while database.query(&waiting) != "t" {
        sleep(Duration::from_millis(10)).await;
    }
}

async fn session(database: &Database, stream: &str) -> Session {
    let sink = SinkDatabase::new(&database.url()).expect("valid URL");
    sink.prepare().await.expect("tables are created");
    sink.session(stream).await.expect("the database is up")
}

/// Opens the first session of a stream.
async fn begin(database: &Database) -> Session {
    let mut session = session(database, STREAM).await;
    session.begin(START).await.expect("no position");
    session
}

/// Returns the device, time and value of each batch, in the order of ids.
fn written(database: &Database) -> String {
    database.query(
        "SELECT device, at_us, value FROM batch JOIN value ON batch = batch.id ORDER BY batch.id",
    )
}

#[tokio::test]
async fn batches_have_the_times_of_the_stream() {
    let Some(database) = Database::new() else {
        return;
    };
    let mut session = begin(&database).await;
    let batches = vec![batch("a", 1), batch("b", 2), batch("a", 3)];
    session.commit(START, at(3), batches).await.expect("saved");
    // The sink skips messages without a batch.
    session.commit(at(3), at(5), vec![]).await.expect("saved");
    let batches = vec![batch("b", 6)];
    session.commit(at(5), at(6), batches).await.expect("saved");
    assert_eq!(session.position().await.expect("read"), Some(at(6)));

    let device = |token: &str| {
        let key = DeviceKey::of_token(token);
        let key: String = key.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        database.query(&format!(
            r"SELECT id FROM device WHERE token_sha256 = '\x{key}'"
        ))
    };
    let (a, b) = (device("a"), device("b"));
    let expected = [(&a, 1), (&b, 2), (&a, 3), (&b, 6)]
        .map(|(device, seq)| format!("{device}|{}|{seq}", time(seq) / 1000));
    assert_eq!(written(&database), expected.join("\n"));
    let newest = "SELECT value FROM latest JOIN value USING (batch, pin) ORDER BY value";
    assert_eq!(database.query(newest), "3\n6");
}

#[tokio::test]
async fn tables_are_created_although_a_connection_is_lost() {
    let Some(database) = Database::new() else {
        return;
    };
    let sink = SinkDatabase::new(&database.url()).expect("valid URL");
    let startup_lock = database.hold("SELECT pg_advisory_lock(x'70696e71'::bigint)");
    let terminate = async {
        terminate(&database, "advisory").await;
        startup_lock.release();
    };
    let (prepared, ()) = tokio::join!(sink.prepare(), terminate);
    prepared.expect("tables are created");
    assert_eq!(database.query("SELECT count(*) FROM sink"), "0");
}

#[tokio::test]
async fn a_group_is_written_once() {
    let Some(database) = Database::new() else {
        return;
    };
    let mut session = begin(&database).await;
    let group = || vec![batch("a", 1), batch("a", 2)];
    session.commit(START, at(2), group()).await.expect("saved");
    let before = written(&database);
    let other_stream = Position {
        created_ns: 1,
        ..at(2)
    };
    for from in [START, at(1), at(3), other_stream] {
        let mut session = self::session(&database, STREAM).await;
        let error = session.commit(from, at(4), group()).await;
        let error = error.expect_err("not the position").to_string();
        assert_eq!(error, "another sink has written this stream");
    }
    assert_eq!(written(&database), before);
    assert_eq!(session.position().await.expect("read"), Some(at(2)));
}

#[tokio::test]
async fn a_lost_connection_writes_nothing_and_releases_the_lock() {
    let Some(database) = Database::new() else {
        return;
    };
    let mut first = begin(&database).await;
    assert!(first.try_lock().await.expect("read"));
    let mut second = session(&database, STREAM).await;
    assert!(!second.try_lock().await.expect("read"));
    assert!(
        session(&database, "OTHER")
            .await
            .try_lock()
            .await
            .expect("read")
    );

    let table = database.hold("LOCK TABLE batch");
    let commit = first.commit(START, at(1), vec![batch("a", 1)]);
    let (failed, ()) = tokio::join!(commit, terminate(&database, "relation"));
    failed.expect_err("terminated");
    table.release();
    drop(first);
    lock(&mut second).await;
    assert_eq!(second.position().await.expect("read"), Some(START));
    let group = vec![batch("a", 1)];
    second.commit(START, at(1), group).await.expect("saved");
    assert_eq!(written(&database).lines().count(), 1);
}

#[tokio::test]
async fn the_end_of_a_session_releases_the_lock() {
    let Some(database) = Database::new() else {
        return;
    };
    let sink = SinkDatabase::new(&database.url()).expect("valid URL");
    for _ in 0..2 {
        let mut session = sink.session(STREAM).await.expect("the database is up");
        lock(&mut session).await;
    }
    let mut other = session(&database, STREAM).await;
    lock(&mut other).await;
}

#[tokio::test]
async fn a_deleted_device_is_registered_again_in_the_next_session() {
    let Some(database) = Database::new() else {
        return;
    };
    let mut first = begin(&database).await;
    let group = |seq| vec![batch("a", seq), batch("b", seq + 1)];
    first.commit(START, at(2), group(1)).await.expect("saved");
    database.query("DELETE FROM device WHERE id = (SELECT min(id) FROM device)");
    let error = first.commit(at(2), at(4), group(3)).await;
    let error = error.expect_err("deleted").to_string();
    assert_eq!(error, "a device has been deleted");
    drop(first);
    assert_eq!(written(&database).lines().count(), 2);
    let mut second = session(&database, STREAM).await;
    second.commit(at(2), at(4), group(3)).await.expect("saved");
    assert_eq!(database.query("SELECT count(*) FROM device"), "2");
    assert_eq!(written(&database).lines().count(), 4);
}

#[tokio::test]
async fn commits_must_be_flushed() {
    let Some(unflushed) = Database::new() else {
        return;
    };
    let mut session = session(&unflushed, STREAM).await;
    assert!(!session.flushes_commits().await.expect("read"));
    let flushed = Database::in_own_cluster(&[]).expect("PostgreSQL is installed");
    // The sink overrides this default.
    flushed.query("ALTER ROLE pinquery SET synchronous_commit = off");
    let mut session = self::session(&flushed, STREAM).await;
    assert!(session.flushes_commits().await.expect("read"));
}

#[tokio::test]
async fn a_first_position_is_not_replaced() {
    let Some(database) = Database::new() else {
        return;
    };
    let mut first = session(&database, STREAM).await;
    assert_eq!(first.position().await.expect("read"), None);
    first.begin(at(7)).await.expect("no position");
    first.begin(START).await.expect_err("has a position");
    let mut other = session(&database, "OTHER").await;
    assert_eq!(other.position().await.expect("read"), None);
    assert_eq!(other.begin(START).await.map_err(|e| e.to_string()), Ok(()));
}
