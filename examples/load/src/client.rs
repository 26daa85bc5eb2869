//! Connections that are kept alive, each with one request at a time, and a page that reads along.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Devices that send in turn. The page looks at the first.
pub const DEVICES: usize = 1000;

/// How often the page asks where there was nothing more.
const EVERY: Duration = Duration::from_millis(100);

/// How long it waits for the last batches.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the requests of one measurement took.
#[derive(Default)]
pub struct Sample {
    /// From each request's first byte to its answer's last.
    pub latencies: Vec<Duration>,
    /// Answers other than OK.
    pub errors: usize,
    /// Batches of the first device that were answered OK.
    pub firsts: usize,
    pub time: Duration,
}

/// Sends batches for that long, by connections to each of the servers in turn.
pub async fn run(
    addresses: &[SocketAddr],
    connections: usize,
    time: Duration,
) -> io::Result<Sample> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..connections {
        tasks.spawn(send(
            addresses[number % addresses.len()],
            number,
            start + time,
        ));
    }
    let mut all = Sample::default();
    while let Some(sent) = tasks.join_next().await {
        let sample = sent.map_err(io::Error::other)??;
        all.latencies.extend(sample.latencies);
        all.errors += sample.errors;
        all.firsts += sample.firsts;
    }
    all.time = start.elapsed();
    Ok(all)
}

async fn send(address: SocketAddr, number: usize, end: Instant) -> io::Result<Sample> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut sample = Sample::default();
    let mut answer = Vec::new();
    // By a step that meets every device.
    for count in (number..).step_by(37) {
        let request = batch(count);
        let start = Instant::now();
        if start >= end {
            break;
        }
        stream.write_all(request.as_bytes()).await?;
        let body = read(&mut stream, &mut answer).await?;
        sample.latencies.push(start.elapsed());
        let is_ok = answer.starts_with(b"HTTP/1.1 200 ") && &answer[body..] == b"OK";
        sample.errors += usize::from(!is_ok);
        sample.firsts += usize::from(is_ok && count % DEVICES == 0);
    }
    Ok(sample)
}

/// Four pins, as half of the real requests have at most; values that are not all alike.
fn batch(count: usize) -> String {
    let (integer, tenths, degrees) = (count % 120, count % 1000, count % 170);
    let token = token(count % DEVICES);
    format!(
        "GET /external/api/batch/update?token={token}&v1={integer}&v2=21.{tenths}&v3=all+well&v5={degrees}.94,60.17 \
         HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n"
    )
}

/// As long as the vendor's.
pub fn token(device: usize) -> String {
    format!("load-test-device-number-{device:08}")
}

/// Goes from one answer to the next, as the page does, and to the servers in turn.
pub struct Page {
    addresses: Vec<SocketAddr>,
    after: Option<i64>,
    turn: usize,
    seen: usize,
}

impl Page {
    /// Looks at what is there already.
    pub async fn open(addresses: &[SocketAddr]) -> io::Result<Self> {
        let mut page = Self {
            addresses: addresses.to_vec(),
            after: None,
            turn: 0,
            seen: 0,
        };
        page.ask().await?;
        page.seen = 0;
        Ok(page)
    }

    /// Reads along until it is over.
    pub async fn read(&mut self, is_over: &AtomicBool) -> io::Result<()> {
        while !is_over.load(Ordering::Relaxed) {
            if !self.ask().await? {
                tokio::time::sleep(EVERY).await;
            }
        }
        Ok(())
    }

    /// How many of the batches that were answered OK it has not seen.
    pub async fn missed(&mut self, answered: usize) -> io::Result<usize> {
        let start = Instant::now();
        while self.ask().await? || (self.seen < answered && start.elapsed() < PATIENCE) {}
        Ok(answered.saturating_sub(self.seen))
    }

    /// Whether there is more.
    async fn ask(&mut self) -> io::Result<bool> {
        let after = self.after.map(|after| format!("&after={after}"));
        let body = format!("token={}{}", token(0), after.unwrap_or_default());
        let head = format!(
            "POST /page/state HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.turn += 1;
        let address = self.addresses[self.turn % self.addresses.len()];
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("{head}{body}").as_bytes()).await?;
        let mut answer = Vec::new();
        let body = read(&mut stream, &mut answer).await?;
        let state: Value = serde_json::from_slice(&answer[body..])?;
        let batches = state["batches"]
            .as_array()
            .map_or(&[][..], |batches| batches);
        self.seen += batches.len();
        let last = batches.last().and_then(|batch| batch["id"].as_i64());
        // Nothing at all is where the first batch is next.
        self.after = last.or(self.after).or(Some(0));
        Ok(state["more"] == true)
    }
}

/// The server's metrics as text.
pub async fn metrics(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        .await?;
    let mut answer = Vec::new();
    let body = read(&mut stream, &mut answer).await?;
    Ok(String::from_utf8_lossy(&answer[body..]).into_owned())
}

/// Reads one answer; where its body begins.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) -> io::Result<usize> {
    answer.clear();
    loop {
        if let Some(body) = body(answer)
            && answer.len() >= body + length(&answer[..body])?
        {
            return Ok(body);
        }
        if stream.read_buf(answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn body(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    Some(end + 4)
}

fn length(head: &[u8]) -> io::Result<usize> {
    let head = str::from_utf8(head).map_err(io::Error::other)?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.unwrap_or("0").parse().map_err(io::Error::other)
}
