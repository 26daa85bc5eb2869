//! A server does not start with a stream or a version of NATS that would break its guarantees.
#![cfg(feature = "nats")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use common::nats::Cluster;
use common::{Scratch, command, output};

/// Starts a server that fails, and returns the error.
fn failing_server(url: &str) -> String {
    failing_server_with(url, &[])
}

fn failing_server_with(url: &str, args: &[&str]) -> String {
    let scratch = Scratch::new();
    let mut command = command();
    command.args(["--listen", "127.0.0.1:0", "--devices"]);
    command.arg(scratch.path("devices.json"));
    command.args(["--wait-for-database", "0.5", "--database", url]);
    command.args(args);
    let (status, stdout, stderr) = output(command);
    assert_eq!((status, &*stdout), (Some(1), ""), "{stderr}");
    assert!(!stderr.contains("SECRET"), "{stderr}");
    stderr
}

#[test]
fn other_settings_of_a_stream_are_rejected_by_name() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 12] = [
        ("storage", |config| config.storage = StorageType::Memory),
        ("discard", |config| config.discard = DiscardPolicy::Old),
        ("retention", |config| {
            config.retention = RetentionPolicy::WorkQueue
        }),
        ("max_age", |config| {
            config.max_age = Duration::from_secs(1000)
        }),
        ("max_msgs", |config| config.max_messages = 10),
        ("max_msgs_per_subject", |config| {
            config.max_messages_per_subject = 1
        }),
        ("max_msg_size", |config| config.max_message_size = 100),
        ("subjects", |config| {
            config.subjects.push("other.*".to_owned())
        }),
        ("no_ack", |config| config.no_ack = true),
        ("deny_purge", |config| config.deny_purge = true),
        ("duplicate_window", |config| {
            config.duplicate_window = Duration::from_secs(1)
        }),
        ("max_bytes", |config| config.max_bytes = 5_000_000),
    ];
    for (number, (field, change)) in changes.iter().enumerate() {
        let mut config = Config {
            name: format!("FIELD{number}"),
            subjects: vec![format!("FIELD{number}.*")],
            discard: DiscardPolicy::New,
            max_bytes: 1_000_000,
            ..Config::default()
        };
        change(&mut config);
        let created = cluster.run(async |context| context.create_stream(config).await.map(drop));
        created.unwrap_or_else(|error| panic!("{field}: {error}"));
        let error =
            failing_server(&cluster.url(&format!("stream=FIELD{number}&max_bytes=1000000")));
        assert!(
            error.contains(&format!("`{field}` is ")),
            "{field}: {error}"
        );
    }
}

#[test]
fn batches_are_not_retried_for_longer_than_the_stream_recognises_them() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let url = cluster.url("stream=WINDOW&max_bytes=1000000");
    let error = failing_server_with(&url, &["--statement-timeout", "119"]);
    assert!(error.contains("is 120s, but must be less than"), "{error}");
}

#[test]
fn more_replicas_than_servers_are_rejected() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let error = failing_server(&cluster.url("stream=REPLICAS&replicas=3"));
    assert!(error.contains("REPLICAS cannot be created"), "{error}");
    let config = Config {
        name: "REPLICAS".to_owned(),
        subjects: vec!["REPLICAS.*".to_owned()],
        discard: DiscardPolicy::New,
        ..Config::default()
    };
    let created = cluster.run(async |context| context.create_stream(config).await.map(drop));
    created.expect("stream is created");
    let error = failing_server(&cluster.url("stream=REPLICAS&replicas=3"));
    assert!(
        error.contains("`num_replicas` is 1, but must be 3"),
        "{error}"
    );
}

/// Responds like a server of this version until the connection ends.
fn imitate(version: &str, client: TcpStream) -> Option<()> {
    let info = format!(
        r#"INFO {{"server_id":"x","server_name":"x","version":"{version}","go":"go1","host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576,"proto":1,"jetstream":true}}"#
    );
    write!(&client, "{info}\r\n").ok()?;
    for line in BufReader::new(&client).lines() {
        if line.ok()?.starts_with("PING") {
            write!(&client, "PONG\r\n").ok()?;
        }
    }
    Some(())
}

#[test]
fn an_old_version_is_rejected() {
    for version in ["2.9.10", "2.9.25", "1.4.0"] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("free port");
        let address = listener.local_addr().expect("address");
        thread::spawn(move || {
            for client in listener.incoming() {
                imitate(version, client.expect("a client"));
            }
        });
        let error = failing_server(&format!("nats://u:SECRET@{address}?stream=S"));
        assert!(error.contains(version) && error.contains("2.10"), "{error}");
    }
}

#[test]
fn servers_that_cannot_be_reached_are_reported_without_the_password() {
    let error = failing_server("nats://u:SECRET@127.0.0.1:1,127.0.0.1:2?stream=S");
    assert!(error.contains("nats://127.0.0.1:1,127.0.0.1:2"), "{error}");
}

#[test]
fn a_wrong_password_is_reported_without_it() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let url = cluster.url("stream=S").replace(":SECRET@", ":SECRET2@");
    let error = failing_server(&url);
    assert!(error.contains("authorization violation"), "{error}");
}

#[test]
fn invalid_urls_are_rejected_without_repeating_them() {
    for (url, reason) in [
        ("nats://u:SECRET@127.0.0.1:1", "`stream`"),
        ("nats://u:SECRET@127.0.0.1:1?stream=a.b", "`stream`"),
        (
            "nats://u:SECRET@127.0.0.1:1?stream=S&replicas=0",
            "`replicas`",
        ),
        (
            "nats://u:SECRET@127.0.0.1:1?stream=S&replica=3",
            "\"replica\"",
        ),
        ("nats://u:SECRET@127.0.0.1:x?stream=S", "port"),
        (
            "nats://u:SECRET@127.0.0.1:1,u:SECRET@127.0.0.1:2?stream=S",
            "more than one `@`",
        ),
        ("NATS://u:SECRET@127.0.0.1:1?stream=S", "must begin with"),
        ("mysql://u:SECRET@127.0.0.1:1/values", "must begin with"),
    ] {
        let error = failing_server(url);
        assert!(error.contains(reason), "{url}: {error}");
    }
}
