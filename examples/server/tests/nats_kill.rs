//! No acknowledged batch is lost, and none is saved twice, when a server, NATS, the sink or
//! PostgreSQL is killed or stops responding.
#![cfg(feature = "nats")]

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::Server;
use common::load::{Load, Servers, addresses, rounds};
use common::stream::Stream;

/// Runs a scenario in each round, and then prints and checks what became of the batches.
fn test(label: &str, stream: &Stream, servers: &Servers, mut round: impl FnMut(&Load)) {
    let load = Load::default();
    load.during(servers, || {
        load.wait_for_acks(100);
        stream.wait_until_written();
        for number in 1..=rounds() {
            load.wait_for_acks(100);
            round(&load);
            load.assert_nothing_lost(&format!("{label}, round {number}"), stream);
        }
        load.wait_for_acks(50);
    });
    stream.wait_until_written();
    load.read_rest(servers);
    load.assert_nothing_lost(&format!("{label}, at the end"), stream);
}

#[test]
fn kill_9_of_the_leader_loses_no_acknowledged_batch() {
    let Some(stream) = Stream::on_own_nodes(3) else {
        return;
    };
    let servers = [stream.server(&[]), stream.server(&[])];
    let _sink = stream.sink();
    test(
        "kill -9 of the leader",
        &stream,
        &addresses(&servers),
        |load| {
            let leader = stream.cluster.leader(&stream.name);
            stream.cluster.kill(leader);
            load.wait_for_acks(100);
            stream.cluster.restart(leader);
        },
    );
}

#[test]
fn a_frozen_leader_loses_no_acknowledged_batch() {
    let Some(stream) = Stream::on_own_nodes(3) else {
        return;
    };
    let servers = [stream.server(&[]), stream.server(&[])];
    let _sink = stream.sink();
    test(
        "leader frozen for 5 s",
        &stream,
        &addresses(&servers),
        |load| {
            let leader = stream.cluster.leader(&stream.name);
            stream.cluster.freeze(leader);
            thread::sleep(Duration::from_secs(5));
            stream.cluster.thaw(leader);
            load.wait_for_acks(100);
        },
    );
}

#[test]
fn without_a_majority_no_batch_is_acknowledged() {
    let Some(stream) = Stream::on_own_nodes(3) else {
        return;
    };
    let servers = [stream.server(&[]), stream.server(&[])];
    let _sink = stream.sink();
    test(
        "two of three nodes down",
        &stream,
        &addresses(&servers),
        |load| {
            [0, 1].iter().for_each(|&node| stream.cluster.kill(node));
            // Each of the 16 clients may still receive one response to a batch sent before.
            load.wait_for_rejections(32);
            let acknowledged = load.acknowledged();
            load.wait_for_rejections(32);
            assert_eq!(load.acknowledged(), acknowledged);
            let start = Instant::now();
            [0, 1].iter().for_each(|&node| stream.cluster.restart(node));
            load.wait_for_acks(1);
            println!(
                "acknowledged again {:?} after the nodes were started",
                start.elapsed()
            );
        },
    );
}

#[test]
fn kill_9_of_one_of_two_servers_does_not_affect_the_other() {
    let Some(stream) = Stream::on_own_nodes(3) else {
        return;
    };
    let start = || stream.server(&[]);
    let (survivor, mut victim) = (start(), start());
    let servers = addresses([&survivor, &victim]);
    let _sink = stream.sink();
    test("kill -9 of one of two servers", &stream, &servers, |load| {
        victim.kill();
        load.wait_for_acks(100);
        victim = start();
        servers.lock().unwrap()[1] = Some(victim.address);
    });
}

#[test]
fn another_sink_takes_over_after_kill_9_of_the_first() {
    let Some(stream) = Stream::on_own_nodes(3) else {
        return;
    };
    let server = stream.server(&[]);
    let start = || -> Server { stream.sink() };
    let mut writing = start();
    stream.wait_until_logged("writing the stream", 1);
    let mut waiting = start();
    let mut number = 0;
    test(
        "kill -9 of the sink",
        &stream,
        &addresses([&server]),
        |load| {
            number += 1;
            stream.wait_until_logged("waiting for another sink", number);
            writing.kill();
            load.wait_for_acks(100);
            stream.wait_until_logged("writing the stream", number + 1);
            writing = std::mem::replace(&mut waiting, start());
        },
    );
}

#[test]
fn kill_9_of_the_database_rejects_no_batch() {
    let Some(stream) = Stream::on_own_nodes(3) else {
        return;
    };
    let servers = [stream.server(&[]), stream.server(&[])];
    let _sink = stream.sink();
    test(
        "kill -9 of PostgreSQL",
        &stream,
        &addresses(&servers),
        |load| {
            stream.database.cluster.kill();
            load.wait_for_acks(1000);
            stream.database.cluster.restart();
        },
    );
}
