//! The sink writes each message of a stream once, and stops with a clear message if it cannot.
#![cfg(feature = "nats")]

mod common;

use std::thread;
use std::time::{Duration, Instant};

use async_nats::jetstream::stream::DiscardPolicy;
use common::load::{Load, Saved, addresses};
use common::postgres::Database;
use common::stream::Stream;
use common::{eventually, output};

/// Creates a stream with this many batches, and runs a sink until it has written them.
fn write(stream: &Stream, batches: i64) {
    stream.create();
    for number in 0..batches {
        stream.publish_batch(number);
    }
    let mut sink = stream.sink();
    stream.wait_until_written();
    sink.signal("TERM");
    assert_eq!(sink.wait().code(), Some(0), "{}", stream.sinks.log());
}

/// Checks that a sink stops for this reason without writing anything.
fn assert_stops(stream: &Stream, reason: &str) {
    // The table may be missing.
    let count = || {
        stream
            .database
            .try_query("SELECT count(*) FROM batch")
            .unwrap_or_default()
    };
    let (written, batches) = (stream.written(), count());
    let log = stream.failing_sink();
    let error = log.lines().last().expect("a line");
    assert!(error.starts_with("pinquery-server: "), "{log}");
    assert!(error.contains(reason), "{log}");
    assert_eq!(stream.written(), written);
    assert_eq!(
        count().trim_start_matches('0'),
        batches.trim_start_matches('0')
    );
}

#[test]
fn a_stream_that_was_deleted_and_created_again_is_rejected() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    write(&stream, 3);
    stream.delete();
    stream.create();
    // As many messages as before, so that only the time of creation differs.
    for number in 10..13 {
        stream.publish_batch(number);
    }
    assert_stops(&stream, ": it was replaced");
}

#[test]
fn a_running_sink_rejects_a_stream_that_was_deleted_and_created_again() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    stream.create();
    let mut sink = stream.sink();
    stream.publish_batch(0);
    stream.wait_until_written();
    stream.delete();
    stream.create();
    for number in 10..13 {
        stream.publish_batch(number);
    }
    assert_eq!(sink.wait().code(), Some(1), "{}", stream.sinks.log());
    let log = stream.sinks.log();
    assert!(log.contains(": it was replaced"), "{log}");
    assert_eq!(stream.database.batches().len(), 1);
}

#[test]
fn a_running_sink_rejects_other_settings() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    stream.create();
    let mut sink = stream.sink();
    stream.publish_batch(0);
    stream.wait_until_written();
    stream.edit(|config| config.discard = DiscardPolicy::Old);
    assert_eq!(sink.wait().code(), Some(1), "{}", stream.sinks.log());
    let log = stream.sinks.log();
    assert!(log.contains("`discard` is \"old\""), "{log}");
}

#[test]
fn older_stores_are_rejected() {
    let Some(stream) = Stream::on_own_nodes(1) else {
        return;
    };
    stream.create();
    stream.publish_batch(0);
    stream.cluster.copy_stores();
    write(&stream, 3);
    assert_eq!(stream.written(), 4);
    stream.cluster.restore_stores();
    assert_eq!(stream.state().last_sequence, 1);
    assert_stops(
        &stream,
        "it ends at message 1, but 4 has been written: it was set back",
    );
    // Once there are as many messages as before, only their times differ.
    for number in 10..15 {
        stream.publish_batch(number);
        if stream.state().last_sequence >= 4 {
            assert_stops(&stream, "its message 4 is of ");
        }
    }
}

#[test]
fn a_running_sink_rejects_older_stores() {
    let Some(stream) = Stream::on_own_nodes(3) else {
        return;
    };
    stream.create();
    stream.publish_batch(0);
    stream.cluster.copy_stores();
    let mut sink = stream.sink();
    for number in 1..4 {
        stream.publish_batch(number);
    }
    stream.wait_until_written();
    stream.cluster.restore_stores();
    for number in 10..15 {
        stream.publish_batch(number);
    }
    assert_eq!(sink.wait().code(), Some(1), "{}", stream.sinks.log());
    let log = stream.sinks.log();
    assert!(log.contains(": it was set back"), "{log}");
    assert_eq!(stream.database.batches().len(), 4);
}

#[test]
fn missing_messages_are_detected() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    write(&stream, 3);
    for number in 3..7 {
        stream.publish_batch(number);
    }
    stream.purge_before(5);
    assert_stops(
        &stream,
        "it begins at message 5, but only 3 has been written",
    );
}

#[test]
fn missing_messages_are_detected_by_the_first_sink() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    stream.create();
    for number in 0..3 {
        stream.publish_batch(number);
    }
    stream.purge_before(2);
    assert_stops(
        &stream,
        "it begins at message 2, but only 0 has been written",
    );
    // As the documentation suggests.
    let update = format!(
        "UPDATE sink SET seq = 1, at_ns = NULL WHERE stream = '{}'",
        stream.name
    );
    stream.database.query(&update);
    let _sink = stream.sink();
    stream.wait_until_written();
    assert_eq!(stream.database.batches().len(), 2);
}

#[test]
fn an_invalid_message_stops_the_sink_after_earlier_ones_are_written() {
    let token = "a".repeat(43);
    for (subject, payload, reason) in [
        (None, r#"{"v":2,"u":[]}"#, "version 2"),
        (None, "garbage", "message 3: "),
        (None, r#"{"v":1,"u":[[1,"color","red"]]}"#, "color"),
        (Some("x"), r#"{"v":1,"u":[]}"#, "unknown subject"),
        (
            Some(&*token),
            r#"{"v":1,"u":[[300,"integer",1]]}"#,
            "message 3",
        ),
    ] {
        let Some(stream) = Stream::shared() else {
            return;
        };
        stream.create();
        let batches = [0, 1].map(|number| stream.publish_batch(number));
        let subject = subject.map(|token| format!("{}.{token}", stream.name));
        stream.publish(subject.unwrap_or_else(|| stream.subject()), payload);
        stream.publish_batch(3);
        let log = stream.failing_sink();
        let error = log.lines().last().expect("a line");
        assert!(error.contains("message 3: "), "{log}");
        assert!(error.contains(reason), "{log}");
        assert_eq!(stream.written(), 2);
        assert_eq!(stream.database.batches().len(), batches.len());
        // Nothing is lost.
        assert_eq!(stream.state().messages, 4);
    }
}

#[test]
fn a_second_sink_waits_until_the_first_one_ends() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    stream.create();
    let mut first = stream.sink();
    stream.wait_until_logged("writing the stream", 1);
    let _second = stream.sink();
    stream.wait_until_logged("waiting for another sink", 1);
    stream.publish_batch(0);
    stream.wait_until_written();
    first.signal("TERM");
    assert_eq!(first.wait().code(), Some(0));
    stream.publish_batch(1);
    stream.wait_until_written();
    assert_eq!(stream.database.batches().len(), 2);
    stream.sinks.assert_logged_once("waiting for another sink");
}

#[test]
fn a_second_sink_writes_while_the_first_one_is_frozen() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    stream.create();
    let first = stream.sink();
    stream.wait_until_logged("writing the stream", 1);
    let _second = stream.sink();
    stream.wait_until_logged("waiting for another sink", 1);
    first.signal("STOP");
    stream.publish_batch(0);
    stream.wait_until_written();
    first.signal("CONT");
    stream.wait_until_logged("database writes have recovered", 1);
    stream.publish_batch(1);
    stream.wait_until_written();
    assert_eq!(stream.database.batches().len(), 2);
}

#[test]
fn a_database_that_does_not_flush_is_rejected() {
    let (Some(mut stream), Some(unflushed)) = (Stream::shared(), Database::new()) else {
        return;
    };
    stream.create();
    stream.database = unflushed;
    let (status, _, log) = output(stream.sink_command());
    assert_eq!(status, Some(1), "{log}");
    assert!(log.lines().last().unwrap().contains("fsync"), "{log}");
}

/// The outage takes 20 s, or as many as `PINQUERY_OUTAGE` says.
#[test]
fn a_sink_catches_up_after_the_database_was_down() {
    let Some(stream) = Stream::on_own_nodes(3) else {
        return;
    };
    let outage = std::env::var("PINQUERY_OUTAGE").ok();
    let outage = outage.map_or(20, |seconds| seconds.parse().expect("a number"));
    let server = stream.server(&[]);
    let sink = stream.sink();
    let lag = || sink.metric("pinquery_sink_lag_messages");
    let faults = || {
        stream
            .sinks
            .log()
            .matches("database writes are failing")
            .count()
    };
    let mut faults_before = 0;
    let servers = addresses([&server]);
    let load = Load::default();
    load.during(&servers, || {
        load.wait_for_acks(100);
        stream.wait_until_written();
        faults_before = faults();
        stream.database.cluster.kill();
        let before = load.acknowledged();
        thread::sleep(Duration::from_secs(outage));
        let batches = load.acknowledged() - before;
        println!(
            "{outage} s without PostgreSQL: {batches} batches, lag {}",
            lag()
        );
        stream.database.cluster.restart();
    });
    let start = Instant::now();
    stream.wait_until_written();
    println!("caught up in {:?}", start.elapsed());
    eventually("there is no lag", || lag() == 0.0);
    load.read_rest(&servers);
    load.assert_nothing_lost("without PostgreSQL", &stream);
    stream.wait_until_logged("database writes have recovered", 1);
    // Not each failed attempt is logged; a busy machine may add a fault of its own.
    let logged = faults() - faults_before;
    assert!((1..=3).contains(&logged), "{}", stream.sinks.log());
}
