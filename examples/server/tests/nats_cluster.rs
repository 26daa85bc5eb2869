//! Tests the NATS cluster that the tests of faults rely on.
#![cfg(feature = "nats")]

mod common;

use std::time::Duration;

use async_nats::jetstream::{self, stream};
use common::eventually;
use common::nats::Cluster;

const STREAM: &str = "HARNESS";

fn config(replicas: usize) -> stream::Config {
    stream::Config {
        name: STREAM.to_owned(),
        subjects: vec![format!("{STREAM}.*")],
        num_replicas: replicas,
        ..stream::Config::default()
    }
}

/// Returns the sequence number of a message if it is acknowledged within a second.
async fn publish(context: &jetstream::Context) -> Option<u64> {
    let publish = async {
        let acknowledgement = context
            .publish(format!("{STREAM}.x"), "".into())
            .await
            .ok()?;
        acknowledgement
            .await
            .ok()
            .map(|acknowledgement| acknowledgement.sequence)
    };
    let timeout = tokio::time::timeout(Duration::from_secs(1), publish);
    timeout.await.ok().flatten()
}

/// Publishes until a message is acknowledged, and returns its sequence number.
fn publish_one(cluster: &Cluster) -> u64 {
    let mut sequence = None;
    eventually("a message is acknowledged", || {
        sequence = cluster.run(async |context| publish(&context).await);
        sequence.is_some()
    });
    sequence.expect("acknowledged")
}

#[test]
fn a_cluster_survives_the_loss_of_one_node_but_not_of_two() {
    let Some(cluster) = Cluster::start(3) else {
        return;
    };
    cluster
        .run(async |context| context.create_stream(config(3)).await.map(drop))
        .unwrap();
    assert_eq!(publish_one(&cluster), 1);
    let frozen = cluster.leader(STREAM);
    cluster.freeze(frozen);
    assert!(publish_one(&cluster) > 1);
    let killed = cluster.leader(STREAM);
    assert_ne!(killed, frozen);
    cluster.kill(killed);
    for _ in 0..3 {
        assert_eq!(cluster.run(async |context| publish(&context).await), None);
    }
    cluster.thaw(frozen);
    assert!(publish_one(&cluster) > 2);
    cluster.restart(killed);
    assert!(publish_one(&cluster) > 3);
}

#[test]
fn restored_stores_set_a_stream_back() {
    for nodes in [1, 3] {
        let Some(cluster) = Cluster::start(nodes) else {
            return;
        };
        cluster
            .run(async |context| context.create_stream(config(nodes)).await.map(drop))
            .unwrap();
        let copied = publish_one(&cluster);
        cluster.copy_stores();
        let last = publish_one(&cluster);
        assert!(last > copied);
        cluster.restore_stores();
        eventually("the stream ends where it was copied", || {
            let info = cluster.run(async |context| {
                Some(
                    context
                        .get_stream(STREAM)
                        .await
                        .ok()?
                        .cached_info()
                        .state
                        .clone(),
                )
            });
            info.is_some_and(|state| state.last_sequence == copied)
        });
    }
}
