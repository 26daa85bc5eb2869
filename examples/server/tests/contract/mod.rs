//! The contract of [`Store`].

#[cfg(feature = "nats")]
pub mod nats;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use pinquery::{Adjustment, Update, Value, VirtualPin};
use pinquery_server::config::{Config, StoreLimits};
use pinquery_server::devices::{Devices, Entries};
use pinquery_server::metrics::Metrics;
use pinquery_server::reload::register;
use pinquery_server::store::{Batch, Cursor, History, Limit, SavedBatch, Size, Store, Unavailable};

const DEVICES: &str = r#"{
    "a": {"v1": {"type": "integer"}},
    "b": {"v1": {"type": "integer"}}
}"#;

fn limits() -> StoreLimits {
    // A busy machine may be slow to execute a statement.
    Config::parse_from(["server", "--statement-timeout", "60"]).store
}

pub async fn open<S: Store>(database: &str) -> S {
    // Shows the log if a test fails.
    let _ = tracing_subscriber::fmt().with_test_writer().try_init();
    let store = S::open(database, &limits(), Arc::default()).await;
    store.unwrap_or_else(|error| panic!("{error:#}"))
}

async fn devices<S: Store>(store: &S, json: &str) -> Devices {
    let entries = Entries::from_json(json.as_bytes()).expect("valid devices");
    register(store, entries).await.expect("registered")
}

pub async fn number<S: Store>(store: &S, token: &str) -> i64 {
    let devices = devices(store, DEVICES).await;
    devices.get(token).expect("the device exists").number
}

fn update(pin: u8, value: Value) -> Update {
    Update {
        pin: VirtualPin(pin),
        value,
        adjusted: None,
    }
}

/// Returns a batch with the same integer for each pin.
fn batch(device: i64, pins: &[u8], value: i64) -> Batch {
    let updates = pins.iter().map(|&pin| update(pin, Value::Integer(value)));
    Batch {
        device,
        updates: updates.collect(),
    }
}

fn edge_case_values() -> Vec<Value> {
    let doubles = [
        0.0,
        -0.0,
        1.0,
        -40.0,
        0.1,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        9_007_199_254_740_993.0,
    ];
    let mut values: Vec<Value> = doubles.into_iter().map(Value::Double).collect();
    values.extend([
        Value::Integer(i64::MIN),
        Value::Integer(i64::MAX),
        Value::String(String::new()),
        Value::String("12.0 <é🌱>\n\\N\t{}\u{1}".to_owned()),
        Value::Enumerable(-3),
        Value::Boolean(true),
        Value::Boolean(false),
        Value::Location {
            longitude: -0.0,
            latitude: -0.0,
        },
    ]);
    values
}

pub async fn values_are_preserved_exactly<S: Store>(database: &str) {
    let store: S = open(database).await;
    let device = number(&store, "a").await;
    let mut updates: Vec<_> = (0..)
        .zip(edge_case_values())
        .map(|(pin, value)| update(pin, value))
        .collect();
    let adjustments = [Adjustment::Min, Adjustment::Max, Adjustment::Fallback];
    for (update, adjusted) in updates.iter_mut().zip(adjustments) {
        update.adjusted = Some(adjusted);
    }
    let sent = updates.clone();
    assert_eq!(store.save(Batch { device, updates }).await, Ok(()));
    let latest = store.latest(device).await.expect("values");
    let history = newest(&store, device, 10).await;
    assert_eq!(history.len(), 1);
    assert!(latest.iter().all(|latest| latest.at == history[0].at));
    let latest: Vec<_> = latest.into_iter().map(|latest| latest.update).collect();
    // Compares text, to distinguish -0.0 from 0.0.
    assert_eq!(format!("{latest:?}"), format!("{sent:?}"));
    assert_eq!(format!("{:?}", history[0].updates), format!("{sent:?}"));
    store.close().await.expect("closed");
}

pub async fn latest_returns_the_newest_value_of_each_pin<S: Store>(database: &str) {
    let store: S = open(database).await;
    let (device, other) = (number(&store, "a").await, number(&store, "b").await);
    for (pins, value) in [(&[9, 1, 5][..], 1), (&[5], 2), (&[1, 200], 3)] {
        store.save(batch(device, pins, value)).await.expect("saved");
    }
    store.save(batch(other, &[1], 7)).await.expect("saved");
    let latest = store.latest(device).await.expect("values");
    let latest: Vec<_> = latest
        .into_iter()
        .map(|latest| (latest.update.pin.0, latest.update.value))
        .collect();
    let value = Value::Integer;
    assert_eq!(
        latest,
        [(1, value(3)), (5, value(2)), (9, value(1)), (200, value(3))]
    );
    assert_eq!(store.latest(other).await.expect("values").len(), 1);
    store.close().await.expect("closed");
}

pub async fn history_returns_the_newest_or_following_batches<S: Store>(database: &str) {
    let store: S = open(database).await;
    let (device, other) = (number(&store, "a").await, number(&store, "b").await);
    for value in 0..10 {
        store.save(batch(device, &[1], value)).await.expect("saved");
        store.save(batch(other, &[1], -1)).await.expect("saved");
    }
    let all = newest(&store, device, 100).await;
    assert_eq!(values(&all), (0..10).collect::<Vec<_>>());
    // Pages through all batches, in both directions.
    for mut cursor in [Cursor::After(0), Cursor::NEWEST] {
        let mut seen = Vec::new();
        for more in [true, true, false, false] {
            let history = history(&store, device, cursor, 4).await;
            assert_eq!(history.more, more);
            let ids = history.batches.iter().map(|batch| batch.id);
            cursor = match cursor {
                Cursor::After(id) => Cursor::After(ids.max().unwrap_or(id)),
                Cursor::Before(id) => Cursor::Before(ids.min().unwrap_or(id)),
            };
            seen.extend(history.batches);
        }
        seen.sort_by_key(|batch| batch.id);
        assert_eq!(seen, all);
    }
    store.close().await.expect("closed");
}

async fn history<S: Store>(store: &S, device: i64, cursor: Cursor, batches: usize) -> History {
    let bytes = usize::MAX;
    let history = store.history(device, cursor, Limit { batches, bytes });
    history.await.expect("history")
}

async fn newest<S: Store>(store: &S, device: i64, batches: usize) -> Vec<SavedBatch> {
    let newest = history(store, device, Cursor::NEWEST, batches);
    newest.await.batches
}

fn values(batches: &[SavedBatch]) -> Vec<i64> {
    let values = batches.iter().map(|batch| integer(&batch.updates[0].value));
    values.collect()
}

fn integer(value: &Value) -> i64 {
    match value {
        Value::Integer(integer) => *integer,
        other => panic!("{other:?}"),
    }
}

pub async fn saved_values_survive_a_restart<S: Store>(database: &str) {
    let store: S = open(database).await;
    let device = number(&store, "a").await;
    store.save(batch(device, &[1, 2], 5)).await.expect("saved");
    let read = async |store: &S| (store.latest(device).await, newest(store, device, 9).await);
    let before = read(&store).await;
    store.close().await.expect("closed");
    assert_eq!(
        store.save(batch(device, &[1], 6)).await,
        Err(Unavailable::Fault)
    );
    assert_eq!(store.check().await, Err(Unavailable::Fault));
    drop(store);
    let store: S = open(database).await;
    assert_eq!(number(&store, "a").await, device);
    assert_eq!(read(&store).await, before);
    assert_eq!(store.check().await, Ok(()));
    store.close().await.expect("closed");
}

pub async fn a_device_with_an_id_keeps_its_number<S: Store>(database: &str) {
    let template = r#""v1":{"type":"integer"}"#;
    let mut numbers = Vec::new();
    for json in [
        format!(r#"{{"old":{{{template}}}}}"#),
        format!(r#"{{"old":{{"id":"roof",{template}}}}}"#),
        format!(r#"{{"new":{{"id":"roof",{template}}},"old":{{{template}}}}}"#),
    ] {
        let store: S = open(database).await;
        let devices = devices(&store, &json).await;
        let number = |token: &str| devices.get(token).map(|device| device.number);
        numbers.push(number("new").or(number("old")));
        if json.contains("new") {
            assert_ne!(number("old"), numbers[0]);
        }
        assert_eq!(number("unknown"), None);
        store.close().await.expect("closed");
    }
    assert!(
        numbers.iter().all(|number| *number == numbers[0]),
        "{numbers:?}"
    );
}

pub async fn a_batch_of_an_unknown_device_fails_alone<S: Store>(database: &str) {
    let store: S = open(database).await;
    let device = number(&store, "a").await;
    // They may or may not end up in the same group.
    let (first, rejected, last) = tokio::join!(
        store.save(batch(device, &[1], 1)),
        store.save(batch(987_654, &[1], 2)),
        store.save(batch(device, &[1], 3)),
    );
    assert_eq!(
        (first, rejected, last),
        (Ok(()), Err(Unavailable::Constraint), Ok(()))
    );
    let history = newest(&store, device, 10).await;
    let mut values = values(&history);
    values.sort_unstable();
    assert_eq!(values, [1, 3]);
    store.close().await.expect("closed");
}

pub async fn groups_are_counted_and_keep_their_order<S: Store>(database: &str) {
    let metrics = Arc::new(Metrics::default());
    let store = S::open(database, &limits(), Arc::clone(&metrics)).await;
    let store: S = store.expect("store opens");
    let device = number(&store, "a").await;
    let saves = (0..100).map(|value| store.save(batch(device, &[1], value)));
    for saved in futures_util::future::join_all(saves).await {
        assert_eq!(saved, Ok(()));
    }
    let text = metrics.text(Size::default());
    let count = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.expect("the metric exists")
            .trim()
            .parse()
            .expect("a number")
    };
    assert_eq!(count("pinquery_batches_committed_total"), 100);
    assert!((1..=100).contains(&count("pinquery_commits_total")));
    // The last batch of a group sets the latest value.
    let latest = store.latest(device).await.expect("values");
    let newest = newest(&store, device, 1).await;
    assert_eq!(latest[0].update, newest[0].updates[0]);
    store.close().await.expect("closed");
}

/// Saves `count` batches from each of eight writers while a reader pages through them.
pub async fn assert_reader_misses_nothing<S: Store>(stores: Vec<S>, count: i64) {
    let stores: Vec<Arc<S>> = stores.into_iter().map(Arc::new).collect();
    let mut numbers = HashSet::new();
    for store in &stores {
        numbers.insert(number(&**store, "a").await);
    }
    assert_eq!(numbers.len(), 1);
    let device = numbers.into_iter().next().expect("a number");
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let store = Arc::clone(&stores[writer % stores.len()]);
        let first = writer as i64 * count;
        writers.spawn(async move {
            for value in first..first + count {
                let saved = store.save(batch(device, &[1, 2], value)).await;
                saved.expect("saved");
            }
        });
    }
    let is_done = AtomicBool::new(false);
    let write = async {
        while let Some(result) = writers.join_next().await {
            result.expect("all saved");
        }
        is_done.store(true, Ordering::Relaxed);
    };
    let (seen, ()) = tokio::join!(read_until(&is_done, &stores, device), write);
    let unique: HashSet<i64> = seen.iter().copied().collect();
    let expected = 8 * count as usize;
    assert_eq!((seen.len(), unique.len()), (expected, expected));
    for store in stores {
        store.close().await.expect("closed");
    }
}

/// Reads batches from each store in turn until there are no more.
async fn read_until<S: Store>(is_done: &AtomicBool, stores: &[Arc<S>], device: i64) -> Vec<i64> {
    let (mut seen, mut after, mut last_at) = (Vec::new(), 0, None);
    loop {
        // Loaded before reading, so that the last read covers everything that was saved.
        let is_last = is_done.load(Ordering::Relaxed);
        let store = &stores[seen.len() % stores.len()];
        let cursor = Cursor::After(after);
        let batches = history(&**store, device, cursor, 7).await.batches;
        if batches.is_empty() && is_last {
            return seen;
        }
        for batch in batches {
            assert!(batch.id > after, "ids out of order");
            assert!(Some(batch.at) >= last_at, "timestamps out of order");
            assert_eq!(batch.updates.len(), 2, "partial batch");
            (after, last_at) = (batch.id, Some(batch.at));
            seen.push(integer(&batch.updates[0].value));
        }
    }
}

pub async fn readers_do_not_miss_concurrent_writes<S: Store>(database: &str) {
    let store: S = open(database).await;
    assert_reader_misses_nothing(vec![store], 60).await;
}
