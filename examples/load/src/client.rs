//! Connections that are kept alive, each with one request at a time.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use pinquery_server::devices::DEMO_TOKEN;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What the requests of one measurement took.
#[derive(Default)]
pub struct Sample {
    /// From each request's first byte to its answer's last.
    pub latencies: Vec<Duration>,
    /// Answers other than OK.
    pub errors: usize,
    pub time: Duration,
}

/// Sends batches for that long.
pub async fn run(address: SocketAddr, connections: usize, time: Duration) -> io::Result<Sample> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..connections {
        tasks.spawn(send(address, number, start + time));
    }
    let mut all = Sample::default();
    while let Some(sent) = tasks.join_next().await {
        let sample = sent.map_err(io::Error::other)??;
        all.latencies.extend(sample.latencies);
        all.errors += sample.errors;
    }
    all.time = start.elapsed();
    Ok(all)
}

async fn send(address: SocketAddr, number: usize, end: Instant) -> io::Result<Sample> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut sample = Sample::default();
    let mut answer = Vec::new();
    for count in number.. {
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
    }
    Ok(sample)
}

/// Four pins, as half of the real requests have at most; values that are not all alike.
fn batch(count: usize) -> String {
    let (integer, tenths, degrees) = (count % 120, count % 1000, count % 170);
    format!(
        "GET /external/api/batch/update?token={DEMO_TOKEN}&v1={integer}&v2=21.{tenths}&v3=all+well&v5={degrees}.94,60.17 \
         HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n"
    )
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
