//! The `prune` command deletes old batches with and without running servers.

#![cfg(unix)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
#[cfg(feature = "postgres")]
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use common::load::{Load, Saved, addresses};
use common::{Scratch, Server, TOKEN, command, numbered, output};

const DATE: &str = "2000-01-01";
const DATE_US: i64 = 946_684_800_000_000;

/// The batches of `insert_old` that contain latest values.
const KEPT: [i64; 2] = [5, 9];

/// Returns the `prune` command with these options.
fn prune(database: &str, args: &[&str]) -> Command {
    let mut prune = command();
    prune.args(["prune", "--database", database, "--before", DATE]);
    prune.args(args);
    prune
}

/// Returns a directory with a devices file that contains only one device.
fn scratch() -> Scratch {
    let scratch = Scratch::new();
    let integer = r#"{"type": "integer"}"#;
    let pins = format!(r#""v10": {integer}, "v11": {integer}, "v12": {integer}, "v13": {integer}"#);
    let devices = format!(r#"{{"{TOKEN}": {{{pins}}}}}"#);
    fs::write(scratch.path("devices.json"), devices).unwrap();
    scratch
}

/// Returns SQL that inserts batches from 1 to `count`, all of which but the last are older than
/// `DATE`. `value` is SQL for a negative number.
fn insert_old(count: i64, value: &str) -> String {
    let last_old = count - 1;
    let [kept, also_kept] = KEPT;
    format!(
        "INSERT INTO batch (id, device, at_us)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         SELECT i, device.id,
             CASE WHEN i < {last_old} THEN i * 1000 ELSE {DATE_US} - {count} + i END
         FROM n, device;
         INSERT INTO value (batch, pin, type, value)
         SELECT batch.id, p.pin, 'integer', {value} FROM batch, (
             SELECT 20 AS pin UNION SELECT 21 UNION SELECT 22 UNION SELECT 23
         ) AS p;
         INSERT INTO latest (device, pin, batch)
         SELECT device.id, p.pin, p.batch FROM device, (
             SELECT 20 AS pin, {kept} AS batch UNION SELECT 21, {also_kept}
             UNION SELECT 22, {count} UNION SELECT 23, {count}
         ) AS p;"
    )
}

/// Asserts that only the batches to keep are left of those of `insert_old`.
fn assert_left(database: &impl Saved, count: i64) {
    let batches = database.batches().into_iter();
    let old = batches.filter(|batch| batch.values.1 < 0);
    let mut left: Vec<_> = old.map(|batch| (batch.id, batch.values)).collect();
    left.sort_unstable();
    let expected = KEPT.into_iter().chain([count]);
    let expected: Vec<_> = expected.map(|id| (id, (4, -id, -id))).collect();
    assert_eq!(left, expected);
}

#[track_caller]
fn assert_pruned(prune: Command, deleted: i64) {
    let (status, stdout, stderr) = output(prune);
    let result = format!(
        "batches deleted: {deleted}, kept because they contain latest values: {}\n",
        KEPT.len()
    );
    assert_eq!((status, stdout), (Some(0), result), "{stderr}");
}

/// Prunes while clients are sending and one is reading.
fn prune_under_load(servers: &[Server], location: &str, database: &impl Saved) {
    let (load, addresses) = (Load::default(), addresses(servers));
    load.during(&addresses, || {
        load.wait_for_acks(100);
        let mut prune = prune(location, &["--portion", "200"]).spawn().unwrap();
        while prune.try_wait().unwrap().is_none() {
            for server in servers {
                assert_eq!(server.get("/health").status, 200);
            }
        }
        assert_eq!(prune.wait().unwrap().code(), Some(0));
        load.wait_for_acks(100);
    });
    assert_eq!(load.rejected(), 0);
    load.assert_nothing_lost("prune", database);
}

mod sqlite {
    use super::*;

    struct Old {
        scratch: Scratch,
        count: i64,
    }

    impl Old {
        /// Starts a server and inserts old batches.
        fn with_server(count: i64) -> (Self, Server) {
            let scratch = scratch();
            // A busy machine may be slow to execute a portion.
            let server = Server::start(&scratch, &["--lock-wait", "30"]);
            let insert = format!("BEGIN; {} COMMIT", insert_old(count, "-batch.id"));
            scratch.database().execute_batch(&insert).unwrap();
            (Self { scratch, count }, server)
        }

        /// Inserts old batches and stops the server.
        fn new(count: i64) -> Self {
            let (old, mut server) = Self::with_server(count);
            server.signal("TERM");
            assert_eq!(server.wait().code(), Some(0));
            old
        }

        fn path(&self) -> String {
            self.scratch.path("test.db").to_str().unwrap().to_owned()
        }

        fn prune(&self, args: &[&str]) -> Command {
            prune(&self.path(), args)
        }

        /// Deletes each batch in its own transaction. Returns the maximum length of the log, which
        /// would exceed 100 megabytes for 4,000 batches if it were not copied.
        fn prune_slowly(&self) -> u64 {
            let args = ["--portion", "1", "--pause", "0.001"];
            let mut prune = self.prune(&args).spawn().unwrap();
            let mut longest = 0;
            while prune.try_wait().unwrap().is_none() {
                let log = fs::metadata(self.scratch.path("test.db-wal"));
                longest = longest.max(log.map_or(0, |log| log.len()));
                thread::yield_now();
            }
            assert_eq!(prune.wait().unwrap().code(), Some(0));
            println!("log: {longest} bytes");
            longest
        }

        /// Asserts that only the batches to keep are left, with all their values.
        fn assert_left(&self) {
            let database = self.scratch.database();
            let check = |sql| database.query_row(sql, (), |row| row.get::<_, String>(0));
            assert_eq!(check("PRAGMA integrity_check").unwrap(), "ok");
            let mut broken = database.prepare("PRAGMA foreign_key_check").unwrap();
            assert!(!broken.exists(()).unwrap(), "broken reference");
            assert_left(&database, self.count);
        }
    }

    #[test]
    fn batches_are_deleted_under_load() {
        let (old, server) = Old::with_server(20_000);
        let servers = [server];
        prune_under_load(&servers, &old.path(), &old.scratch.database());
        old.assert_left();
        let log = old.scratch.log();
        assert!(!log.contains("\"ERROR\""), "{log}");
    }

    /// Even without batches, the server copies the pages of each portion into the database.
    #[test]
    fn the_log_is_bounded_if_the_server_is_idle() {
        let (old, server) = Old::with_server(4000);
        let longest = old.prune_slowly();
        assert!(longest < 80 << 20, "{longest}");
        assert_eq!(server.get(&numbered(1)).summary(), (200, "OK"));
        old.assert_left();
    }

    #[test]
    fn the_log_is_bounded_and_removed_if_no_server_is_running() {
        let old = Old::new(2000);
        let longest = old.prune_slowly();
        assert!(longest < 10 << 20, "{longest}");
        assert!(!old.scratch.path("test.db-wal").exists());
        old.assert_left();
    }

    #[test]
    fn a_killed_servers_batches_are_kept() {
        let (old, server) = Old::with_server(2000);
        let mut servers = [server];
        let (load, addresses) = (Load::default(), addresses(&servers));
        load.during(&addresses, || {
            load.wait_for_acks(100);
            addresses.lock().unwrap()[0] = None;
            servers[0].kill();
            assert_pruned(old.prune(&[]), 1997);
            servers[0] = Server::start(&old.scratch, &[]);
            addresses.lock().unwrap()[0] = Some(servers[0].address);
            load.wait_for_acks(100);
        });
        load.assert_nothing_lost("kill", &old.scratch.database());
        old.assert_left();
    }

    #[test]
    fn servers_can_start_and_stop_during_prune() {
        let old = Old::new(2000);
        let args = ["--portion", "1", "--pause", "0.001"];
        let mut prune = old.prune(&args).spawn().unwrap();
        for number in 0..4 {
            let mut server = Server::start(&old.scratch, &["--lock-wait", "30"]);
            assert_eq!(server.get(&numbered(number)).summary(), (200, "OK"));
            server.signal(if number % 2 == 0 { "TERM" } else { "KILL" });
            server.wait();
        }
        assert_eq!(prune.wait().unwrap().code(), Some(0));
        old.assert_left();
        let batches = old.scratch.database().batches();
        assert_eq!(batches.len(), KEPT.len() + 1 + 4);
    }

    #[test]
    fn a_signal_ends_prune_after_a_portion() {
        let old = Old::new(2000);
        let mut prune = old.prune(&["--portion", "10", "--pause", "0.3"]);
        prune.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut prune = prune.spawn().unwrap();
        let mut progress = BufReader::new(prune.stderr.take().unwrap()).lines();
        let line = progress.next().unwrap().unwrap();
        assert!(line.starts_with("batches deleted: "), "{line}");
        assert!(line.ends_with(", up to 1970-01-01T00:00:00Z"), "{line}");
        let id = prune.id().to_string();
        let signalled = Command::new("kill").args(["-s", "INT", &id]).status();
        assert!(signalled.unwrap().success());
        assert_eq!(prune.wait().unwrap().code(), Some(0));
        let mut result = String::new();
        prune.stdout.unwrap().read_to_string(&mut result).unwrap();
        let deleted = result
            .strip_prefix("interrupted; batches deleted: ")
            .unwrap();
        let deleted: usize = deleted.split_once(',').unwrap().0.parse().unwrap();
        assert!(deleted > 0);
        let left = old.scratch.database().batches();
        assert!(left.iter().all(|batch| batch.values.0 == 4));
        assert_eq!(left.len(), 2000 - deleted);
    }

    #[test]
    fn a_database_of_version_1_is_upgraded_by_a_server() {
        let old = Old::new(2000);
        let database = old.scratch.database();
        let version = "DROP INDEX batch_by_time; PRAGMA user_version = 0x501";
        database.execute_batch(version).unwrap();
        drop(database);
        let message = "its schema version is 1: start the server once to upgrade it";
        assert_rejected(old.prune(&[]), message);
        drop(Server::start(&old.scratch, &[]));
        old.scratch.assert_logged_once("upgrading the database");
        let database = old.scratch.database();
        let version = database.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        assert_eq!(version.unwrap(), 0x502);
        drop(database);
        assert_pruned(old.prune(&[]), 1997);
        old.assert_left();
    }

    #[test]
    fn invalid_options_are_usage_errors() {
        for (args, message) in [
            (["--before", "9999-12-31"], "must not be in the future"),
            (["--before", "31.12.2025"], "must be a date such as"),
            (["--portion", "0"], "0 is not in 1..=1000000"),
            (["--pause", "0"], "must be 0.001 to 86400 seconds"),
            (["--queue", "1"], "unexpected argument"),
        ] {
            let (status, _, stderr) = output(prune("missing.db", &args));
            assert!(status == Some(2) && stderr.contains(message), "{stderr}");
        }
    }
}

/// Asserts that the database is rejected with this message.
#[track_caller]
fn assert_rejected(prune: Command, message: &str) {
    let (status, stdout, stderr) = output(prune);
    assert_eq!((status, &*stdout), (Some(1), ""), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::*;
    use common::eventually;
    use common::postgres::Database;

    fn start(scratch: &Scratch, database: &Database) -> Server {
        let url = database.url();
        Server::start_on(scratch, Path::new(&url), &["--statement-timeout", "60"])
    }

    /// Inserts old batches into the tables that a server has created.
    fn insert(database: &Database, count: i64) {
        let insert = insert_old(count, "(-batch.id)::text");
        database.query(&format!("{insert} SELECT setval('batch_id_seq', {count})"));
    }

    fn assert_all_left(database: &Database, count: i64) {
        assert_left(database, count);
        for table in ["value", "latest"] {
            let missing = "batch NOT IN (SELECT id FROM batch)";
            let missing = format!("SELECT count(*) FROM {table} WHERE {missing}");
            assert_eq!(database.query(&missing), "0", "{table}");
        }
    }

    #[test]
    fn batches_are_deleted_under_load() {
        let Some(database) = Database::new() else {
            return;
        };
        let scratch = scratch();
        let servers = [start(&scratch, &database), start(&scratch, &database)];
        insert(&database, 20_000);
        prune_under_load(&servers, &database.url(), &database);
        drop(servers);
        assert_all_left(&database, 20_000);
    }

    #[test]
    fn no_portion_scans_a_table() {
        let Some(database) = Database::new() else {
            return;
        };
        drop(start(&scratch(), &database));
        insert(&database, 20_000);
        let latest = "INSERT INTO latest SELECT d, 10, 20000 FROM generate_series(1000, 9000) AS d";
        database.query(latest);
        database.query("ANALYZE");
        let scans = "SELECT string_agg(relname || ' ' || seq_scan, ', ' ORDER BY relname)
                     FROM pg_stat_user_tables WHERE relname IN ('batch', 'value', 'latest')";
        let before = database.query(scans);
        assert_pruned(prune(&database.url(), &[]), 19_997);
        let deleted = "SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = 'batch'";
        eventually("statistics are complete", || {
            database.query(deleted) == "19997"
        });
        assert_eq!(database.query(scans), before);
        assert_all_left(&database, 20_000);
    }

    #[test]
    fn rejected_databases_are_not_changed() {
        let Some(database) = Database::new() else {
            return;
        };
        let (scratch, url) = (scratch(), database.url());
        let reject = |url: &str, message| assert_rejected(prune(url, &[]), message);
        reject(&format!("{url}_missing"), "does not exist");
        reject(&format!("{url}?sslmode=require"), "TLS");
        reject(&url, "it was not created by this program");
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        assert_eq!(database.query(tables), "0");
        drop(start(&scratch, &database));
        insert(&database, 20);
        database.query("INSERT INTO pinquery_migration (version) VALUES (99)");
        reject(&url, "unknown schema version 99");
        database.query(
            "DELETE FROM pinquery_migration WHERE version > 1; DROP INDEX batch_by_time; DROP TABLE sink",
        );
        let message = "its schema version is 1: start the server once to upgrade it";
        reject(&url, message);
        assert_eq!(database.query("SELECT count(*) FROM batch"), "20");
        drop(start(&scratch, &database));
        assert_pruned(prune(&url, &[]), 17);
        assert_all_left(&database, 20);
    }
}
