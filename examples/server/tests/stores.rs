//! Tests the contract of `Store` on every implementation.

mod common;
mod contract;

use common::Scratch;
use pinquery_server::sqlite::Sqlite;

macro_rules! every_store {
    ($($contract:ident)*) => {
        mod sqlite {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $contract() {
                    let scratch = Scratch::new();
                    let database = scratch.path("test.db");
                    contract::$contract::<Sqlite>(database.to_str().expect("text")).await;
                }
            )*
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            use super::common::postgres::Database;
            use super::*;
            use pinquery_server::postgres::Postgres;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $contract() {
                    let Some(database) = Database::new() else { return };
                    contract::$contract::<Postgres>(&database.url()).await;
                }
            )*
        }

        #[cfg(feature = "nats")]
        mod nats {
            use super::common::stream::Stream;
            use super::contract::nats::Written;
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $contract() {
                    let Some(stream) = Stream::shared() else { return };
                    contract::$contract::<Written>(&Written::database(&stream)).await;
                }
            )*
        }
    };
}

every_store! {
    values_are_preserved_exactly
    latest_returns_the_newest_value_of_each_pin
    history_returns_the_newest_or_following_batches
    saved_values_survive_a_restart
    a_batch_of_an_unknown_device_fails_alone
    groups_are_counted_and_keep_their_order
    readers_do_not_miss_concurrent_writes
}

/// NATS identifies devices by their keys: the numbers of its store are valid in one process.
mod numbers {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_device_with_an_id_keeps_its_number_in_sqlite() {
        let scratch = Scratch::new();
        let database = scratch.path("test.db");
        let database = database.to_str().expect("text");
        contract::a_device_with_an_id_keeps_its_number::<Sqlite>(database).await;
    }

    #[cfg(feature = "postgres")]
    #[tokio::test(flavor = "multi_thread")]
    async fn a_device_with_an_id_keeps_its_number_in_postgres() {
        use common::postgres::Database;
        use pinquery_server::postgres::Postgres;

        let Some(database) = Database::new() else {
            return;
        };
        let url = database.url();
        contract::a_device_with_an_id_keeps_its_number::<Postgres>(&url).await;
    }
}

#[cfg(feature = "postgres")]
mod several_postgres_servers {
    use super::common::postgres::Database;
    use super::contract::{assert_reader_misses_nothing, number, open};
    use pinquery_server::postgres::Postgres;

    #[tokio::test(flavor = "multi_thread")]
    async fn readers_do_not_miss_writes_of_three_servers() {
        let Some(database) = Database::new() else {
            return;
        };
        let mut stores = Vec::new();
        for _ in 0..3 {
            stores.push(open::<Postgres>(&database.url()).await);
        }
        assert_reader_misses_nothing(stores, 60).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn concurrent_startup_creates_the_tables_once() {
        let Some(database) = Database::new() else {
            return;
        };
        let url = database.url();
        let open = || open::<Postgres>(&url);
        let (one, two, three) = tokio::join!(open(), open(), open());
        for token in ["a", "b"] {
            let numbers = [
                number(&one, token).await,
                number(&two, token).await,
                number(&three, token).await,
            ];
            assert!(
                numbers.iter().all(|number| *number == numbers[0]),
                "{numbers:?}"
            );
        }
        assert_eq!(
            database.query("SELECT count(*) FROM pinquery_migration"),
            "3"
        );
        assert_eq!(database.query("SELECT count(*) FROM device"), "2");
    }
}

#[cfg(feature = "nats")]
#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_miss_writes_of_three_servers_through_nats() {
    use common::stream::Stream;
    use contract::nats::Written;

    let Some(stream) = Stream::shared() else {
        return;
    };
    let mut stores = Vec::new();
    for _ in 0..3 {
        stores.push(contract::open::<Written>(&Written::database(&stream)).await);
    }
    contract::assert_reader_misses_nothing(stores, 60).await;
}
