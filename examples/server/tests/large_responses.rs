//! Large responses are bounded in bytes, sent piece by piece, and have a deadline.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::Duration;

use common::{Client, Response, Scratch, Server, TIMEOUT, TOKEN, eventually};
use serde_json::Value;
use tokio::net::TcpSocket;

const MIB: usize = 1024 * 1024;

const TIMED_OUT: &str = "pinquery_connections_broken_total{kind=\"timed_out\"}";

/// Starts a server with three devices: one with a string, one with 256 strings, one with a number.
fn start(scratch: &Scratch, database: &Path, args: &[&str]) -> Server {
    let string = r#"{"type":"string","max_len":65535}"#;
    let wide = (0..256).map(|pin| format!(r#""v{pin}":{string}"#));
    let wide = wide.collect::<Vec<_>>().join(",");
    let devices = format!(
        r#"{{"{TOKEN}":{{"v0":{string}}},"wide":{{{wide}}},"small":{{"v1":{{"type":"integer"}}}}}}"#
    );
    fs::write(scratch.path("devices.json"), devices).unwrap();
    Server::start_on(scratch, database, args)
}

fn update(client: &mut Client, token: &str, pair: &str) {
    let target = format!("/external/api/batch/update?token={token}&{pair}");
    assert_eq!(client.get(&target).unwrap().summary(), (200, "OK"));
}

/// Sends batches for the first device. Their strings begin with consecutive numbers.
fn fill(server: &Server, batches: usize) {
    let mut client = server.connect();
    for number in 0..batches {
        update(&mut client, TOKEN, &format!("v0={number:_<14000}"));
    }
}

/// Sends a string of this length for each pin of the second device.
fn fill_wide(server: &Server, length: usize) {
    let mut client = server.connect();
    for pin in 0..256 {
        update(&mut client, "wide", &format!("v{pin}={pin:_<length$}"));
    }
}

fn state_request(query: &str) -> Vec<u8> {
    let length = query.len();
    let head = format!("POST /page/state HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    (head + query).into_bytes()
}

/// Returns a client for which the system buffers little data.
#[tokio::main(flavor = "current_thread")]
async fn connect(server: &Server) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.set_send_buffer_size(16 * 1024).unwrap();
    let stream = socket.connect(server.address).await.unwrap();
    let stream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    Client(stream)
}

/// Sends requests from clients that do not read, and waits until the server is idle.
#[cfg(target_os = "linux")]
fn stop_reading(server: &Server, clients: usize, requests: &[u8]) -> Vec<Client> {
    let clients = (0..clients).map(|_| {
        let mut client = connect(server);
        client.send(requests).unwrap();
        client
    });
    let clients = clients.collect();
    eventually("the server is idle", || {
        let before = cpu_time(server);
        thread::sleep(Duration::from_secs(1));
        cpu_time(server) == before
    });
    clients
}

#[cfg(target_os = "linux")]
fn cpu_time(server: &Server) -> [String; 2] {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.id())).unwrap();
    let mut fields = stat.split(' ').skip(13).map(str::to_owned);
    [fields.next().unwrap(), fields.next().unwrap()]
}

/// Returns the most memory that the server has used so far.
#[cfg(target_os = "linux")]
fn memory(server: &Server) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap().trim().trim_end_matches(" kB");
    peak.parse::<usize>().unwrap() * 1024
}

#[test]
#[cfg(target_os = "linux")]
fn slow_readers_of_a_large_page_need_little_memory() {
    let scratch = Scratch::new();
    let server = start(
        &scratch,
        &scratch.path("test.db"),
        &["--write-timeout", "3600"],
    );
    fill(&server, 500);
    let before = memory(&server);
    let request = state_request(&format!("token={TOKEN}"));
    // Many requests per client, because the first responses fit into the buffers of the system.
    let slow = stop_reading(&server, 60, &request.repeat(100));
    let growth = memory(&server) - before;
    println!("{} slow readers: {growth} bytes", slow.len());
    assert!(growth < 100 * MIB, "{growth}");
}

#[test]
#[cfg(target_os = "linux")]
fn large_responses_beyond_the_memory_limit_get_503() {
    let scratch = Scratch::new();
    let server = start(
        &scratch,
        &scratch.path("test.db"),
        &["--write-timeout", "3600"],
    );
    fill(&server, 38);
    fill_wide(&server, 15_000);
    let before = memory(&server);
    let get_all = "/external/api/getAll?token=wide";
    let request = format!("GET {get_all} HTTP/1.1\r\nHost: x\r\n\r\n");
    let slow = stop_reading(&server, 30, request.repeat(2).as_bytes());
    let growth = memory(&server) - before;
    println!("growth: {growth} bytes");
    assert!(growth < 100 * MIB, "{growth}");

    let rejected = server.get(get_all);
    let message = "Too many large responses are in progress. Try again.";
    let body = format!(r#"{{"error":{{"message":"{message}"}}}}"#);
    assert_eq!(rejected.summary(), (503, &*body));
    assert_eq!(rejected.header("retry-after"), Some("1"));
    let unavailable = "pinquery_reads_unavailable_total{kind=\"responses_full\"}";
    assert!(server.metric(unavailable) >= 1.0);
    // Other devices are not affected.
    update(&mut server.connect(), "small", "v1=1");
    let small = server.get("/external/api/getAll?token=small");
    assert_eq!(small.summary(), (200, r#"{"v1":1}"#));
    // The first 13 responses would leave less than this one needs.
    let large = server.post("/page/state", &format!("token={TOKEN}"));
    assert_eq!(large.status, 200);
    drop(slow);
    eventually("the memory is free again", || {
        server.get(get_all).status == 200
    });
}

#[test]
fn a_client_that_reads_too_slowly_is_disconnected() {
    let scratch = Scratch::new();
    let database = scratch.path("test.db");
    let args = ["--head", "65536", "--write-timeout", "2"];
    let server = start(&scratch, &database, &args);
    fill_wide(&server, 60_000);
    let mut slow = connect(&server);
    let target = "/external/api/getAll?token=wide";
    slow.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
        .unwrap();
    let (mut total, mut buffer) = (0, vec![0; 16 * 1024]);
    while let Ok(1..) = slow.0.read(&mut buffer).inspect(|length| total += length) {
        // Often enough that a timeout for each write would not expire.
        thread::sleep(Duration::from_millis(5));
    }
    assert!(total < 256 * 60_000, "{total} bytes were read");
    assert_eq!(server.metric(TIMED_OUT), 1.0);
}

#[test]
fn connections_outlive_the_deadline_of_a_response() {
    let scratch = Scratch::new();
    let args = ["--write-timeout", "0.5"];
    let server = start(&scratch, &scratch.path("test.db"), &args);
    fill(&server, 1);
    let mut client = server.connect();
    let request = state_request(&format!("token={TOKEN}"));
    for _ in 0..2 {
        client.send(&request.repeat(2)).unwrap();
        for _ in 0..2 {
            let response = client.read_response(false).unwrap();
            assert_eq!(parse(&response).1.len(), 1);
        }
        thread::sleep(Duration::from_secs(1));
    }
    // The HTTP library itself sends the first and the last of these responses.
    let request = String::from_utf8(request).unwrap();
    let request = request.replace("Host: x", "Host: x\r\nExpect: 100-continue");
    client.send(request.as_bytes()).unwrap();
    assert_eq!(client.read_response(false).unwrap().status, 100);
    assert_eq!(client.read_response(false).unwrap().status, 200);
    thread::sleep(Duration::from_secs(1));
    client.send(b"nonsense\r\n\r\n").unwrap();
    assert_eq!(client.read_response(false).unwrap().status, 400);
    assert_eq!(server.metric(TIMED_OUT), 0.0);
}

#[test]
fn http_1_0_clients_get_large_responses() {
    let scratch = Scratch::new();
    let server = start(&scratch, &scratch.path("test.db"), &[]);
    fill(&server, 50);
    let request = String::from_utf8(state_request(&format!("token={TOKEN}"))).unwrap();
    let request = request.replace("HTTP/1.1", "HTTP/1.0");
    let mut client = server.connect();
    client.send(request.as_bytes()).unwrap();
    let mut response = String::new();
    client.0.read_to_string(&mut response).unwrap();
    let (_, body) = response.split_once("\r\n\r\n").unwrap();
    let state: Value = serde_json::from_str(body).unwrap();
    assert_eq!(state["batches"].as_array().unwrap().len(), 38);
}

/// Returns whether there are more batches, and the ids and strings of the batches of a response.
fn parse(response: &Response) -> (bool, BTreeMap<i64, String>) {
    assert_eq!(response.status, 200, "{response:?}");
    let state: Value = serde_json::from_str(&response.body).unwrap();
    let batches = state["batches"].as_array().unwrap().iter().map(|batch| {
        let value = batch["updates"][0]["value"].as_str().unwrap();
        let number = value.trim_end_matches('_').to_owned();
        (batch["id"].as_i64().unwrap(), number)
    });
    (state["more"].as_bool().unwrap(), batches.collect())
}

/// Reads all batches in portions.
fn portions_are_complete(server: &Server) {
    fill(server, 100);
    let state = |query: &str| {
        let query = format!("token={TOKEN}{query}");
        parse(&server.post("/page/state", &query))
    };
    let (more, newest) = state("");
    assert!(more);
    let newest: Vec<String> = newest.into_values().collect();
    let numbers = |range: std::ops::Range<i32>| range.map(|number| number.to_string());
    assert!(newest.iter().cloned().eq(numbers(62..100)), "{newest:?}");
    let (mut after, mut seen, mut sizes) = (0, Vec::new(), Vec::new());
    loop {
        let (more, batches) = state(&format!("&after={after}"));
        let Some((&last, _)) = batches.last_key_value() else {
            break;
        };
        assert!(batches.keys().all(|&id| id > after));
        after = last;
        sizes.push((batches.len(), more));
        seen.extend(batches.into_values());
    }
    assert!(seen.into_iter().eq(numbers(0..100)));
    let expected = [(38, true), (38, true), (24, false)];
    assert_eq!(sizes, expected);
    let (mut before, mut seen, mut sizes) = (i64::MAX, Vec::new(), Vec::new());
    loop {
        let (more, batches) = state(&format!("&before={before}"));
        let Some((&first, _)) = batches.first_key_value() else {
            break;
        };
        assert!(batches.keys().all(|&id| id < before));
        before = first;
        sizes.push((batches.len(), more));
        seen.extend(batches.into_values().rev());
    }
    assert!(seen.into_iter().rev().eq(numbers(0..100)));
    assert_eq!(sizes, expected);
}

#[test]
fn portions_are_complete_on_sqlite() {
    let scratch = Scratch::new();
    portions_are_complete(&start(&scratch, &scratch.path("test.db"), &[]));
}

#[test]
#[cfg(feature = "postgres")]
fn portions_are_complete_on_postgres() {
    let Some(database) = common::postgres::Database::new() else {
        return;
    };
    let scratch = Scratch::new();
    let args = ["--statement-timeout", "60"];
    portions_are_complete(&start(&scratch, Path::new(&database.url()), &args));
}
