//! A server that publishes batches to a stream of NATS, which contains all that it acknowledged.
#![cfg(feature = "nats")]

mod common;

use std::path::Path;
use std::time::Instant;

use async_nats::jetstream;
use common::stream::Stream;
use common::{Server, TOKEN, UNAVAILABLE, eventually, numbered, update_target};

const OK: (u16, &str) = (200, r#"{"status":"ok"}"#);

/// Starts a server without `--read`.
fn without_read(stream: &Stream, args: &[&str]) -> Server {
    Server::start_on(&stream.scratch, Path::new(&stream.url()), args)
}

fn get(pin: &str) -> String {
    format!("/external/api/get?token={TOKEN}&{pin}")
}

#[test]
fn a_batch_is_read_from_the_database_after_the_sink_has_written_it() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    let server = stream.server(&[]);
    assert!(server.banner.contains(&stream.name), "{}", server.banner);
    assert!(!server.banner.contains("SECRET"), "{}", server.banner);
    let _sink = stream.sink();
    assert_eq!(
        server
            .update("v1=133&v2=21.5&v3=a+b&v5=24.94,60.17")
            .summary(),
        (200, "OK")
    );
    stream.wait_until_written();
    let all = server.get(&format!("/external/api/getAll?token={TOKEN}"));
    let values = r#"{"v1":100,"v2":21.5,"v3":"a b","v5":[24.94,60.17]}"#;
    assert_eq!(all.summary(), (200, values));
    assert_eq!(server.get(&get("v1")).summary(), (200, "100"));
    let state = server.post("/page/state", &format!("token={TOKEN}&after=0"));
    let state: serde_json::Value = serde_json::from_str(&state.body).expect("JSON");
    assert_eq!(
        state["batches"].as_array().map(Vec::len),
        Some(1),
        "{state}"
    );
    // The batch has the time of its message.
    let at = stream.database.query("SELECT at_us FROM batch");
    let now = stream
        .database
        .query("SELECT (extract(epoch FROM now()) * 1000000)::bigint");
    let age = now.parse::<i64>().unwrap() - at.parse::<i64>().unwrap();
    assert!((0..120_000_000).contains(&age), "{age}");
}

#[test]
fn a_device_that_has_sent_nothing_has_no_values() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    let server = stream.server(&[]);
    let all = format!("/external/api/getAll?token={TOKEN}");
    // Until a sink has created the tables, there is nothing to read.
    eventually("tables", || server.get(&all).status == 503);
    let _sink = stream.sink();
    eventually("no values", || server.get(&all).summary() == (200, "{}"));
}

#[test]
fn reads_without_a_database_get_501() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    let server = without_read(&stream, &[]);
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
    for response in [
        server.get(&get("v1")),
        server.get(&format!("/external/api/getAll?token={TOKEN}")),
        server.post("/page/state", &format!("token={TOKEN}&after=0")),
    ] {
        assert_eq!(response.status, 501, "{response:?}");
        let body: serde_json::Value = serde_json::from_str(&response.body).expect("JSON");
        assert!(body["error"]["message"].is_string(), "{body}");
    }
    // Batches are still accepted.
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
}

#[test]
fn another_stream_with_the_subjects_acknowledges_nothing() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    let server = without_read(&stream, &[]);
    stream.delete();
    let other = jetstream::stream::Config {
        name: format!("{}-other", stream.name),
        subjects: vec![format!("{}.*", stream.name)],
        ..jetstream::stream::Config::default()
    };
    stream.cluster.run(async |context| {
        let created = context.create_stream(other).await;
        created.expect("stream is created");
    });
    assert_eq!(server.update("v1=1").summary(), (503, UNAVAILABLE));
}

#[test]
fn health_checks_publish_at_most_once_a_second() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    let server = without_read(&stream, &[]);
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(server.get("/health").summary(), OK);
    }
    let published = stream.state().messages;
    let seconds = start.elapsed().as_secs();
    assert!(
        (1..=seconds + 1).contains(&published),
        "{published} in {seconds} s"
    );
    // The sink skips them.
    let _sink = stream.sink();
    stream.wait_until_written();
    assert_eq!(stream.database.query("SELECT count(*) FROM batch"), "0");
}

#[test]
fn health_is_503_while_nats_is_down() {
    let Some(stream) = Stream::on_own_nodes(1) else {
        return;
    };
    let server = without_read(&stream, &[]);
    for _ in 0..2 {
        assert_eq!(server.update("v1=1").summary(), (200, "OK"));
        stream.cluster.kill(0);
        eventually("health is 503", || {
            server.get("/health").summary() == (503, UNAVAILABLE)
        });
        assert_eq!(server.update("v1=2").summary(), (503, UNAVAILABLE));
        stream.cluster.restart(0);
        eventually("health is 200", || server.get("/health").summary() == OK);
    }
    // The log is written after the responses.
    let count = |text: &str| stream.scratch.log().matches(text).count();
    eventually("the last recovery is logged", || {
        count("database writes have recovered") == 2
    });
    assert_eq!(count("database writes are failing"), 2);
}

/// Returns the number of messages in the stream from the test's device.
fn count(stream: &Stream) -> u64 {
    stream.cluster.run(async |context: jetstream::Context| {
        let found = context.get_stream(&stream.name).await.expect("stream");
        let subjects = found.info_with_subjects(stream.subject()).await;
        let mut counts = subjects.expect("information");
        let mut total = 0;
        while let Some(subject) = futures_util::StreamExt::next(&mut counts).await {
            total += subject.expect("count").1 as u64;
        }
        total
    })
}

/// Sends batches until the stream is full. Returns the number that were acknowledged.
fn fill(server: &Server) -> u64 {
    let text = "x".repeat(1000);
    let mut client = server.connect();
    for acknowledged in 0..10_000 {
        let response = client
            .get(&update_target(&format!("v3={text}")))
            .expect("a response");
        if response.status != 200 {
            assert_eq!(response.summary(), (503, UNAVAILABLE));
            return acknowledged;
        }
        assert_eq!(response.summary(), (200, "OK"));
    }
    panic!("the limit has no effect");
}

#[test]
fn a_full_stream_rejects_batches_but_loses_none() {
    let Some(mut stream) = Stream::shared() else {
        return;
    };
    stream.parameters = "&max_bytes=200000".to_owned();
    let server = without_read(&stream, &[]);
    let acknowledged = fill(&server);
    assert!(acknowledged > 50, "{acknowledged}");
    assert_eq!(server.get("/health").summary(), (503, UNAVAILABLE));
    assert_eq!(count(&stream), acknowledged);
    stream
        .scratch
        .assert_logged_once("database writes are failing");
    stream.cluster.run(async |context| {
        let mut config = context
            .get_stream(&stream.name)
            .await
            .unwrap()
            .cached_info()
            .config
            .clone();
        config.max_bytes = 400_000;
        context
            .update_stream(config)
            .await
            .expect("the limit is raised");
    });
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
    assert!(fill(&server) > 50);
    // The sink frees space every 30 s.
    stream.parameters = "&max_bytes=400000".to_owned();
    let _sink = stream.sink();
    eventually("there is space", || {
        server.update("v1=2").summary() == (200, "OK")
    });
    assert_eq!(server.get("/health").summary(), OK);
}

#[test]
fn metrics_describe_publishing() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    let server = stream.server(&[]);
    let sink = stream.sink();
    for _ in 0..3 {
        assert_eq!(server.update("v1=1").summary(), (200, "OK"));
    }
    stream.wait_until_written();
    assert_eq!(
        server.metric("pinquery_publish_duration_seconds_count"),
        3.0
    );
    assert_eq!(server.metric("pinquery_publish_retries_total"), 0.0);
    assert_eq!(server.metric("pinquery_publish_duplicates_total"), 0.0);
    eventually("there is no lag", || {
        sink.metric("pinquery_sink_lag_messages") == 0.0
    });
    assert_eq!(sink.metric("pinquery_sink_lag_seconds"), 0.0);
    assert_eq!(sink.metric("pinquery_batches_committed_total"), 3.0);
    assert!(sink.metric("pinquery_commits_total") >= 1.0);
    assert_eq!(sink.get("/health").summary(), OK);
}

#[test]
fn shutdown_completes_batches_in_flight() {
    let Some(stream) = Stream::shared() else {
        return;
    };
    let mut server = without_read(&stream, &[]);
    let mut clients: Vec<_> = (0..20).map(|_| server.connect()).collect();
    for (number, client) in (0..).zip(&mut clients) {
        client.send_get(&numbered(number)).expect("sent");
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0), "{}", stream.scratch.log());
    let responses = clients.iter_mut().map(|client| client.read_response(false));
    let acknowledged = responses.filter(|response| {
        response
            .as_ref()
            .is_ok_and(|response| response.summary() == (200, "OK"))
    });
    let acknowledged = acknowledged.count() as u64;
    assert!(count(&stream) >= acknowledged, "{acknowledged}");
}
