//! Metrics, and the listener for them and for health checks.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use common::{Client, Response, Scratch, Server, eventually, output, serve_devices, update_target};

const DOCS: [&str; 3] = [
    include_str!("../OPERATIONS.md"),
    include_str!("../README.md"),
    include_str!("../GROWTH.md"),
];

/// Returns the samples of a response by name and labels.
///
/// Panics unless it is valid OpenMetrics text that contains only the types that the server uses.
fn parse(metrics: &Response) -> BTreeMap<&str, f64> {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(metrics.header("content-type"), Some(content_type));
    let body = metrics.body.strip_suffix("# EOF\n").expect("end marker");
    let mut samples = BTreeMap::new();
    let mut families = BTreeMap::new();
    for block in body.split("# HELP ").skip(1) {
        let family = Family::parse(block);
        samples.extend(family.samples.iter().copied());
        let name = family.name;
        assert!(families.insert(name, ()).is_none(), "{name} twice");
    }
    assert!(body.starts_with("# HELP "), "{body}");
    samples
}

struct Family<'a> {
    name: &'a str,
    samples: Vec<(&'a str, f64)>,
}

impl<'a> Family<'a> {
    /// Parses the lines of a metric family after `# HELP `.
    fn parse(block: &'a str) -> Self {
        let mut lines = block.lines().peekable();
        let help = lines.next().expect("help");
        let (name, help) = help.split_once(' ').expect("name");
        assert!(is_name(name) && !help.is_empty(), "{block}");
        let kind = lines.next().and_then(|line| line.strip_prefix("# TYPE "));
        let kind = kind.and_then(|kind| kind.strip_prefix(name)).expect("type");
        let unit = lines.next_if(|line| line.starts_with("# UNIT "));
        if let Some(unit) = unit.and_then(|line| line.rsplit(' ').next()) {
            assert_eq!(name.rsplit('_').next(), Some(unit), "{block}");
        }
        let samples: Vec<_> = lines.map(parse_sample).collect();
        assert!(!samples.is_empty(), "{block}");
        let mut names: Vec<_> = samples.iter().map(|(sample, _)| sample).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), samples.len(), "{block}");
        let suffixes = match kind {
            " counter" => &["_total"][..],
            " gauge" => &[""],
            " histogram" => &["_sum", "_count", "_bucket"],
            _ => panic!("{block}"),
        };
        for (sample, value) in &samples {
            let sample = sample.split('{').next().expect("name");
            let suffix = sample.strip_prefix(name).expect("the family's name");
            assert!(suffixes.contains(&suffix), "{block}");
            assert!(value.is_finite() && *value >= 0.0, "{block}");
        }
        if kind == " histogram" {
            check_histogram(&samples);
        }
        Self { name, samples }
    }
}

fn is_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Parses `name 1` or `name{label="value"} 1`.
fn parse_sample(line: &str) -> (&str, f64) {
    let (sample, value) = line.rsplit_once(' ').expect(line);
    if let Some((name, labels)) = sample.split_once('{') {
        let (label, value) = labels.split_once("=\"").expect(line);
        let value = value.strip_suffix("\"}").expect(line);
        assert!(is_name(name) && is_name(label), "{line}");
        assert!(!value.contains(['"', '\\', ',']), "{line}");
    } else {
        assert!(is_name(sample), "{line}");
    }
    (sample, value.parse().expect(line))
}

/// Checks that the buckets are cumulative, in ascending order, and end with one for all values.
fn check_histogram(samples: &[(&str, f64)]) {
    let buckets = samples.iter().filter_map(|(sample, count)| {
        let (_, bound) = sample.split_once("_bucket{le=\"")?;
        let bound: f64 = bound.strip_suffix("\"}")?.parse().expect("bound");
        Some((bound, *count))
    });
    let buckets: Vec<_> = buckets.collect();
    assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1));
    let count = samples.iter().find(|(name, _)| name.ends_with("_count"));
    let (_, count) = count.expect("count");
    assert_eq!(buckets.last(), Some(&(f64::INFINITY, *count)));
}

#[test]
fn metrics_are_valid_openmetrics_text() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for pins in ["v1=1&v4=7", "v1=133", "v99=1", "v1=%zz"] {
        server.update(pins);
    }
    let metrics = server.get("/metrics");
    let samples = parse(&metrics);
    assert_eq!(samples["pinquery_batches_accepted_total"], 2.0);
    assert_eq!(
        samples["pinquery_batches_rejected_total{kind=\"unknown_pin\"}"],
        1.0
    );
}

#[test]
fn durations_of_accepted_batches_include_the_commit() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &["--lock-wait", "3600"]);
    assert_eq!(server.update("v99=1").status, 400);
    let count = || server.metric("pinquery_batch_duration_seconds_count");
    assert_eq!(count(), 0.0);
    let database = scratch.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut client = server.send_and_wait_until_parsed(&update_target("v1=1"));
    // Longer than the batch would take if it did not wait.
    std::thread::sleep(Duration::from_secs(1));
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(client.read_response(false).unwrap().summary(), (200, "OK"));
    assert_eq!(count(), 1.0);
    let sum = server.metric("pinquery_batch_duration_seconds_sum");
    assert!(sum >= 1.0, "{sum}");
    for (bound, count) in [("0.0005", 0.0), ("0.5", 0.0), ("+Inf", 1.0)] {
        let bucket = format!("pinquery_batch_duration_seconds_bucket{{le=\"{bound}\"}}");
        assert_eq!(server.metric(&bucket), count, "{bound}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_process_is_measured_under_the_standard_names() {
    let scratch = Scratch::new();
    let serve = serve_devices(&scratch);
    let mut command = std::process::Command::new("prlimit");
    command.arg("--nofile=777:1000").arg(serve.get_program());
    command.args(serve.get_args());
    let server = Server::spawn(&scratch, command);
    let value = |name: &str| server.metric(name);
    assert_eq!(value("process_max_fds"), 777.0);
    let before = value("process_open_fds");
    let clients: Vec<_> = (0..20).map(|_| server.connect()).collect();
    eventually("connections are open files", || {
        // A few connections of earlier requests may have been counted.
        value("process_open_fds") >= before + 15.0
    });
    drop(clients);
    let process = format!("/proc/{}", server.id());
    eventually("all threads are counted", || {
        let threads = fs::read_dir(format!("{process}/task")).expect("threads");
        value("process_threads") == threads.count() as f64
    });
    eventually("memory is measured in bytes", || {
        let status = fs::read_to_string(format!("{process}/status")).expect("status");
        value("process_virtual_memory_bytes") == 1024.0 * field(&status, "VmSize:")
            && value("process_resident_memory_bytes") == 1024.0 * field(&status, "VmRSS:")
    });
    let cpu = value("process_cpu_seconds_total");
    eventually("processor time passes", || {
        value("process_cpu_seconds_total") > cpu
    });
    let started = value("process_start_time_seconds");
    let before = modified(&scratch.path("devices.json"));
    let after = modified(&scratch.path("test.db-wal"));
    // The clock of the file system lags a little.
    assert!((before..after + 1.0).contains(&started), "{started}");
}

/// Returns a number of `/proc/PID/status`.
fn field(status: &str, name: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.expect(name).parse().expect(name)
}

fn modified(path: &Path) -> f64 {
    let time = fs::metadata(path).and_then(|file| file.modified());
    let time = time.expect("time").duration_since(UNIX_EPOCH);
    time.expect("after 1970").as_secs_f64()
}

#[test]
fn the_size_of_a_sqlite_database_includes_its_log() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let long = format!("v3={}", "x".repeat(1000));
    for _ in 0..20 {
        assert_eq!(server.update(&long).summary(), (200, "OK"));
    }
    let length = |name| fs::metadata(scratch.path(name)).expect("file").len() as f64;
    assert!(length("test.db-wal") > 0.0);
    let size = length("test.db") + length("test.db-wal");
    assert_eq!(server.metric("pinquery_database_bytes"), size);
    assert!(server.metric("pinquery_database_free_bytes") > 0.0);
    // Has the same effect as a database that does not respond.
    fs::rename(scratch.path("test.db"), scratch.path("moved")).unwrap();
    let metrics = server.get("/metrics");
    let samples = parse(&metrics);
    assert_eq!(samples["pinquery_batches_accepted_total"], 20.0);
    assert!(!samples.contains_key("pinquery_database_bytes"));
}

fn get(address: SocketAddr, target: &str) -> Response {
    Client::connect(address).get(target).expect("a response")
}

/// Starts the server with a listener for metrics and health, and returns its address.
fn start_with_admin(scratch: &Scratch, args: &[&str]) -> (Server, SocketAddr) {
    let args = [&["--admin-listen", "127.0.0.1:0"], args].concat();
    let server = Server::start(scratch, &args);
    let line = |line: &str| Some(line.strip_prefix("  admin:    http://")?.to_owned());
    let line = server.banner.lines().find_map(line).expect("an address");
    let (address, path) = line.split_once('/').expect("a path");
    assert_eq!(path, "metrics");
    let address = address.parse().expect("address");
    (server, address)
}

#[test]
fn metrics_and_health_are_only_on_the_admin_listener() {
    let scratch = Scratch::new();
    let (server, admin) = start_with_admin(&scratch, &[]);
    for target in ["/metrics", "/metrics/", "/health", "/health/"] {
        assert_eq!(server.get(target).status, 404, "{target}");
        let response = get(admin, target);
        assert_eq!(response.status, 200, "{target}");
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    for target in [
        "/",
        "/page.js",
        "/external/api/getAll?token=x",
        "/page/state",
    ] {
        assert_eq!(get(admin, target).status, 404, "{target}");
    }
    assert_eq!(get(admin, &update_target("v1=1")).status, 404);
    assert_eq!(server.update("v1=1").summary(), (200, "OK"));
    let metrics = get(admin, "/metrics");
    assert_eq!(parse(&metrics)["pinquery_batches_accepted_total"], 1.0);
    assert!(scratch.log().contains(&format!("\"admin\":\"{admin}\"")));
}

/// Opens connections until a new one gets 503. All of them stay open.
fn flood(address: SocketAddr) -> Vec<Client> {
    let mut clients = Vec::new();
    loop {
        let mut client = Client::connect(address);
        match client.get("/").expect("a response").status {
            503 => return clients,
            _ => clients.push(client),
        }
    }
}

#[test]
fn a_flood_of_one_listener_does_not_affect_the_other() {
    let scratch = Scratch::new();
    let args = ["--connections", "8", "--header-timeout", "3600"];
    let (server, admin) = start_with_admin(&scratch, &args);
    let clients = flood(server.address);
    assert_eq!(clients.len(), 8);
    for target in ["/health", "/metrics"] {
        assert_eq!(get(admin, target).status, 200);
    }
    drop(clients);
    let admin_clients = flood(admin);
    assert_eq!(admin_clients.len(), 16);
    eventually("a batch is accepted", || {
        server.update("v1=1").status == 200
    });
}

#[test]
fn both_listeners_complete_requests_in_flight_at_shutdown() {
    let scratch = Scratch::new();
    let (mut server, admin) = start_with_admin(&scratch, &["--lock-wait", "3600"]);
    let database = scratch.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let request = |address, target: &str| {
        let mut client = Client::connect(address);
        client.send_get(target).expect("request is sent");
        client
    };
    // Both wait for the database.
    let mut batch = request(server.address, &update_target("v1=1"));
    let mut health = request(admin, "/health");
    std::thread::sleep(Duration::from_millis(500));
    server.signal("TERM");
    for address in [server.address, admin] {
        eventually("the listener is closed", || {
            Client::try_connect(address).is_err()
        });
    }
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(batch.read_response(false).unwrap().summary(), (200, "OK"));
    assert_eq!(health.read_response(false).unwrap().status, 200);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn an_admin_address_in_use_prevents_the_start() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("free port");
    let same = free.local_addr().expect("address").to_string();
    drop(free);
    for (listen, admin) in [("127.0.0.1:0", &server.address.to_string()), (&same, &same)] {
        let other = Scratch::new();
        let mut command = serve_devices(&other);
        command.args(["--listen", listen, "--admin-listen", admin]);
        let (code, stdout, stderr) = output(command);
        assert_eq!((code, &*stdout), (Some(1), ""), "{stderr}");
        let hint = "use `--admin-listen 127.0.0.1:0` for a free port";
        assert!(stderr.contains(hint), "{stderr}");
        assert!(!other.path("test.db").exists());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn documented_metrics_are_served_and_vice_versa() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    let metrics = server.get("/metrics");
    let samples: Vec<_> = parse(&metrics)
        .into_keys()
        .map(|sample| sample.split('{').next().expect("name"))
        .collect();
    let is_metric = |word: &&str| word.starts_with("pinquery_") || word.starts_with("process_");
    let is_separator = |character: char| !character.is_alphanumeric() && character != '_';
    // Served with NATS only.
    let is_of_nats =
        |word: &&str| word.starts_with("pinquery_publish_") || word.starts_with("pinquery_sink_");
    let documented = DOCS.iter().flat_map(|text| text.split(is_separator));
    let documented: Vec<_> = documented
        .filter(|word| is_metric(word) && !is_of_nats(word))
        .collect();
    // Alerts contain the names of a histogram's samples, and the table its own name.
    for name in &documented {
        let bucket = format!("{name}_bucket");
        let is_served = samples.contains(name) || samples.contains(&&*bucket);
        assert!(is_served, "{name} is documented");
    }
    for sample in samples {
        let name = sample.trim_end_matches("_sum").trim_end_matches("_count");
        assert!(documented.contains(&name), "{sample} is served");
    }
}
