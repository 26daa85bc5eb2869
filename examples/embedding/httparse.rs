//! `pinquery` without a framework: a socket, a buffer of bytes and `httparse`.
//!
//! ```text
//! cargo run -p pinquery-embedding --example embed_httparse -- [PORT]
//! ```
//!
//! It does what a framework would do: it reads until the head is complete, within a limit and a
//! deadline, and splits the target at its first `?`.
//!
//! Every response has `Connection: close`. With one request per connection there is no body to skip,
//! and nothing after a request can be mistaken for another one. A request with an unescaped space in
//! its query gets 400 without a body, because guessing where the target ends would repair the input.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};
use std::{error, thread};

use demo::{PATH, log};
use pinquery::{Error, Template};

/// Maximum concurrent connections. More wait in the listener's backlog.
const WORKERS: usize = 64;
/// Also limits the length of the query.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

type Devices = HashMap<String, Template>;

struct Response {
    status: u16,
    header: Option<(&'static str, &'static str)>,
    body: &'static str,
}

impl Response {
    const fn empty(status: u16) -> Self {
        Self {
            status,
            header: None,
            body: "",
        }
    }
}

/// Returns the response to a request, or `None` if its head is incomplete.
fn response_to(head: &[u8], devices: &Devices) -> Option<Response> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(_)) => {}
        // Includes too many headers.
        Err(_) => return Some(Response::empty(400)),
    }
    let target = request.path.unwrap_or_default();
    // Without `?` the query is "". An absolute URL, as sent to proxies, matches no path.
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path.strip_suffix('/').unwrap_or(path) != PATH {
        return Some(Response::empty(404));
    }
    if request.method != Some("GET") {
        return Some(Response {
            header: Some(("Allow", "GET")),
            ..Response::empty(405)
        });
    }
    Some(match pinquery::parse(query, |token| devices.get(token)) {
        Ok(updates) => {
            demo::save(&updates);
            Response {
                status: 200,
                header: Some(("Content-Type", "text/plain; charset=utf-8")),
                body: "OK",
            }
        }
        Err(error) => {
            log(format_args!("rejected: {error}")); // kind, pin, span and reason, no byte of the query
            Response {
                status: error.status(),
                header: Some(("Content-Type", Error::CONTENT_TYPE)),
                body: error.body(),
            }
        }
    })
}

fn serve(stream: &mut TcpStream, devices: &Devices) -> io::Result<()> {
    let Some(response) = read_and_respond(stream, devices)? else {
        return Ok(());
    };
    let Response {
        status,
        header,
        body,
    } = response;
    let reason = match status {
        200 => "OK",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        _ => "Bad Request",
    };
    let length = body.len();
    let header = header.map(|(name, value)| format!("{name}: {value}\r\n"));
    let header = header.unwrap_or_default();
    // One write, so that a short response is one packet.
    let bytes = format!(
        "HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Length: {length}\r\n{header}\r\n{body}"
    );
    stream.set_write_timeout(Some(HEAD_TIMEOUT))?;
    stream.write_all(bytes.as_bytes())?;
    // The response has been sent; it does not matter whether the client closes its side.
    let _ = close(stream);
    Ok(())
}

/// Reads until the head is complete. Returns `None` if the client disconnects before.
fn read_and_respond(stream: &mut TcpStream, devices: &Devices) -> io::Result<Option<Response>> {
    let deadline = Instant::now() + HEAD_TIMEOUT;
    let mut buffer = [0; MAX_HEAD];
    let mut len = 0;
    loop {
        let free = &mut buffer[len..];
        if free.is_empty() {
            return Ok(Some(Response::empty(431)));
        }
        len += match read_before(deadline, stream, free) {
            Ok(0) => return Ok(None),
            Ok(read) => read,
            Err(error) if is_timeout(&error) => return Ok(Some(Response::empty(408))),
            Err(error) => return Err(error),
        };
        // Parses from the start after each read. The cost is bounded by the buffer's size.
        if let Some(response) = response_to(&buffer[..len], devices) {
            return Ok(Some(response));
        }
    }
}

/// Reads once. The timeout is set before every read, because a socket's timeout restarts with each:
/// a client that sends a byte now and then could occupy a worker for hours.
fn read_before(deadline: Instant, stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// Returns whether a read timed out. The kind depends on the platform.
fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// Closes after the client does. Closing while bytes are unread would reset the connection, and the
/// client might lose the response.
fn close(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    let deadline = Instant::now() + CLOSE_TIMEOUT;
    let mut rest = [0; 4096];
    while read_before(deadline, stream, &mut rest)? > 0 {}
    Ok(())
}

fn work(listener: &TcpListener, devices: &Devices) {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                if let Err(error) = serve(&mut stream, devices) {
                    log(format_args!("connection: {error}"));
                }
            }
            Err(error) => {
                log(format_args!("accept: {error}"));
                // If file descriptors are exhausted, the next call also fails.
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

fn main() -> Result<(), Box<dyn error::Error>> {
    let port = demo::port();
    let devices = HashMap::from([(demo::TOKEN.to_owned(), demo::template()?)]);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    demo::announce(listener.local_addr()?);

    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| work(&listener, &devices));
        }
    });
    Ok(())
}
