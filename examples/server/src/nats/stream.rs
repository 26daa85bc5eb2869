//! The stream that batches are published to.

use std::time::{Duration, Instant};

use anyhow::{anyhow, ensure};
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Stream};
use async_nats::jetstream::{Context, ErrorCode};
use serde_json::json;
use tokio::time::sleep;

use super::url::Address;

/// Pause between attempts to open a stream while NATS is starting or electing a leader.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a stream that is created ignores further messages with the same id. Each id takes
/// memory for that long.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// Several times as long as a batch is retried.
const MIN_DUPLICATE_WINDOW: Duration = Duration::from_secs(10);

/// Opens the stream, and creates it if it is absent. Waits up to `wait` for a cluster that is not
/// ready.
///
/// # Errors
///
/// Fails if the stream has other settings, such as `discard=old`, or if it can neither be read nor
/// created, as with more replicas than servers.
pub async fn open(context: &Context, address: &Address, wait: Duration) -> anyhow::Result<Stream> {
    let begin = Instant::now();
    let mut is_logged = false;
    let stream = loop {
        let error = match get_or_create(context, address).await {
            Ok(stream) => break stream,
            Err(error) if begin.elapsed() + PAUSE > wait => return Err(error),
            Err(error) => error,
        };
        if !is_logged {
            tracing::warn!("waiting for the stream: {error}");
            is_logged = true;
        }
        sleep(PAUSE).await;
    };
    check(&stream.cached_info().config, address)?;
    Ok(stream)
}

async fn get_or_create(context: &Context, address: &Address) -> anyhow::Result<Stream> {
    let name = &address.stream;
    match context.get_stream(name).await {
        Err(error) if is_absent(&error.kind()) => {
            let created = context.create_stream(config(address)).await;
            let created = created.map_err(|error| anyhow!("{name} cannot be created: {error}"))?;
            let replicas = created.cached_info().config.num_replicas;
            tracing::info!(stream = name, replicas, "stream created");
            Ok(created)
        }
        stream => stream.map_err(|error| anyhow!("{name} cannot be read: {error}")),
    }
}

fn is_absent(error: &GetStreamErrorKind) -> bool {
    match error {
        GetStreamErrorKind::JetStream(error) => error.error_code() == ErrorCode::STREAM_NOT_FOUND,
        _ => false,
    }
}

/// Returns the settings of a stream that is created.
fn config(address: &Address) -> Config {
    Config {
        name: address.stream.clone(),
        subjects: vec![subjects(address)],
        num_replicas: address.replicas.unwrap_or(1),
        max_bytes: address.max_bytes.unwrap_or(-1),
        // A full stream rejects new batches instead of losing old ones.
        discard: DiscardPolicy::New,
        duplicate_window: DUPLICATE_WINDOW,
        // The sink would stop at a gap.
        deny_delete: true,
        ..Config::default()
    }
}

fn subjects(address: &Address) -> String {
    format!("{}.*", address.stream)
}

/// Checks the settings on which the guarantees of the ingest and of the sink depend.
///
/// # Errors
///
/// Fails if one differs, such as `"discard":"old"`. Reports the first one, with both values.
pub fn check(config: &Config, address: &Address) -> anyhow::Result<()> {
    let found = serde_json::to_value(config)?;
    let replicas = address.replicas.map(|count| ("num_replicas", json!(count)));
    let max_bytes = address.max_bytes.map(|bytes| ("max_bytes", json!(bytes)));
    for (field, required) in [
        ("storage", json!("file")),
        ("discard", json!("new")),
        ("retention", json!("limits")),
        ("max_age", json!(0)),
        ("max_msgs", json!(-1)),
        ("max_msgs_per_subject", json!(-1)),
        ("max_msg_size", json!(-1)),
        ("subjects", json!([subjects(address)])),
        ("no_ack", json!(false)),
        ("deny_purge", json!(false)),
        ("sealed", json!(false)),
        ("persist_mode", json!("default")),
        ("mirror", json!(null)),
        ("sources", json!(null)),
    ]
    .into_iter()
    .chain(replicas)
    .chain(max_bytes)
    {
        // A field that is absent has its default, which is the required value.
        if let Some(value) = found.get(field).filter(|value| !value.is_null()) {
            ensure!(
                *value == required,
                "stream {}: `{field}` is {value}, but must be {required}",
                address.stream
            );
        }
    }
    ensure!(
        config.duplicate_window >= MIN_DUPLICATE_WINDOW,
        "stream {}: `duplicate_window` is {:?}, but must be at least {MIN_DUPLICATE_WINDOW:?}",
        address.stream,
        config.duplicate_window
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use async_nats::jetstream::stream::{PersistenceMode, RetentionPolicy, Source, StorageType};

    use super::*;

    fn address(parameters: &str) -> Address {
        Address::parse(&format!("nats://h:4222?stream=PQ{parameters}")).expect("a valid URL")
    }

    /// Returns the settings as a server reports them after creating the stream.
    fn created(address: &Address) -> Config {
        Config {
            max_messages: -1,
            max_messages_per_subject: -1,
            max_message_size: -1,
            max_consumers: -1,
            ..config(address)
        }
    }

    #[test]
    fn a_created_stream_passes_the_check() {
        for parameters in ["", "&replicas=3", "&max_bytes=1000000"] {
            let address = address(parameters);
            check(&created(&address), &address).expect("the settings of a created stream");
        }
    }

    #[test]
    fn settings_of_the_url_are_compared_only_if_they_are_given() {
        let created = created(&address("&replicas=3&max_bytes=5"));
        check(&created, &address("")).expect("any replicas and limit");
        for (parameter, message) in [
            (
                "&replicas=1",
                "stream PQ: `num_replicas` is 3, but must be 1",
            ),
            ("&max_bytes=6", "stream PQ: `max_bytes` is 5, but must be 6"),
        ] {
            let error = check(&created, &address(parameter)).expect_err(parameter);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn other_settings_are_rejected_by_name() {
        type Change = fn(&mut Config);
        let cases: [(&str, Change); 16] = [
            ("`storage` is \"memory\", but must be \"file\"", |config| {
                config.storage = StorageType::Memory;
            }),
            ("`discard` is \"old\", but must be \"new\"", |config| {
                config.discard = DiscardPolicy::Old;
            }),
            ("`retention` is \"workqueue\"", |config| {
                config.retention = RetentionPolicy::WorkQueue;
            }),
            ("`max_age` is 60000000000, but must be 0", |config| {
                config.max_age = Duration::from_secs(60);
            }),
            ("`max_msgs` is 7", |config| config.max_messages = 7),
            ("`max_msgs_per_subject` is 1", |config| {
                config.max_messages_per_subject = 1;
            }),
            ("`max_msg_size` is 9", |config| config.max_message_size = 9),
            ("`num_replicas` is 1, but must be 3", |config| {
                config.num_replicas = 1;
            }),
            (
                "`subjects` is [\"PQ.>\"], but must be [\"PQ.*\"]",
                |config| config.subjects = vec!["PQ.>".to_owned()],
            ),
            ("`no_ack` is true, but must be false", |config| {
                config.no_ack = true;
            }),
            ("`deny_purge` is true", |config| config.deny_purge = true),
            ("`sealed` is true", |config| config.sealed = true),
            ("`persist_mode` is \"async\"", |config| {
                config.persist_mode = Some(PersistenceMode::Async);
            }),
            ("`mirror` is {", |config| {
                config.mirror = Some(Source::default());
            }),
            ("`sources` is [", |config| {
                config.sources = Some(vec![Source::default()]);
            }),
            ("`duplicate_window` is 5s", |config| {
                config.duplicate_window = Duration::from_secs(5);
            }),
        ];
        let address = address("&replicas=3");
        for (message, change) in cases {
            let mut config = created(&address);
            change(&mut config);
            let error = check(&config, &address).expect_err(message).to_string();
            assert!(error.contains(message), "{message}: {error}");
        }
    }
}
