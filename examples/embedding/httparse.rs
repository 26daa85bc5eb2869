//! `pinquery` where there is no framework: a socket, a buffer of bytes and `httparse`.
//!
//! ```text
//! cargo run -p pinquery-embedding --example embed_httparse -- [PORT]
//! ```
//!
//! It shows what a framework does otherwise: reading until the head is whole, within a limit and
//! a deadline, and splitting the target at its first `?`.
//!
//! Every answer says `Connection: close`: with one request a connection there is no body to be
//! skipped, and nothing behind a request that could be taken for a second one. A client that
//! escapes nothing gets 400 without a body where its query has a space, because its request line
//! has too many words then; guessing where the target ends would be a repair.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};
use std::{error, thread};

use demo::{PATH, log};
use pinquery::{Error, Template};

/// How many connections are served at once. More wait in the listener's backlog.
const WORKERS: usize = 64;
/// Nothing else limits the length of a query.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

type Devices = HashMap<String, Template>;

struct Answer {
    status: u16,
    header: Option<(&'static str, &'static str)>,
    body: &'static str,
}

impl Answer {
    const fn empty(status: u16) -> Self {
        Self {
            status,
            header: None,
            body: "",
        }
    }
}

/// The answer to a request, or `None` while its head is not whole.
fn answer_to(head: &[u8], devices: &Devices) -> Option<Answer> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(_)) => {}
        // Too many headers, too.
        Err(_) => return Some(Answer::empty(400)),
    }
    let target = request.path.unwrap_or_default();
    // A target without `?` has the query "", which has no token. One with a scheme and a host, as
    // proxies get it, is another path here.
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path.strip_suffix('/').unwrap_or(path) != PATH {
        return Some(Answer::empty(404));
    }
    if request.method != Some("GET") {
        return Some(Answer {
            header: Some(("Allow", "GET")),
            ..Answer::empty(405)
        });
    }
    Some(match pinquery::parse(query, |token| devices.get(token)) {
        Ok(updates) => {
            demo::save(&updates);
            Answer {
                status: 200,
                header: Some(("Content-Type", "text/plain; charset=utf-8")),
                body: "OK",
            }
        }
        Err(error) => {
            log(format_args!("refused: {error}")); // kind, pin, place and reason; no byte of the query
            Answer {
                status: error.status(),
                header: Some(("Content-Type", Error::CONTENT_TYPE)),
                body: error.body(),
            }
        }
    })
}

fn serve(stream: &mut TcpStream, devices: &Devices) -> io::Result<()> {
    let Some(answer) = read_and_answer(stream, devices)? else {
        return Ok(());
    };
    let Answer {
        status,
        header,
        body,
    } = answer;
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
    // In one write, so that it goes out in one packet.
    let response = format!(
        "HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Length: {length}\r\n{header}\r\n{body}"
    );
    stream.set_write_timeout(Some(HEAD_TIMEOUT))?;
    stream.write_all(response.as_bytes())?;
    // The answer is out; a client that does not close its side is no failure.
    let _ = close(stream);
    Ok(())
}

/// Reads until the head is whole. `None` where the client leaves before that.
fn read_and_answer(stream: &mut TcpStream, devices: &Devices) -> io::Result<Option<Answer>> {
    let deadline = Instant::now() + HEAD_TIMEOUT;
    let mut buffer = [0; MAX_HEAD];
    let mut len = 0;
    loop {
        let room = &mut buffer[len..];
        if room.is_empty() {
            return Ok(Some(Answer::empty(431)));
        }
        len += match read_before(deadline, stream, room) {
            Ok(0) => return Ok(None),
            Ok(read) => read,
            Err(error) if is_timeout(&error) => return Ok(Some(Answer::empty(408))),
            Err(error) => return Err(error),
        };
        // From its beginning after each read, which is bounded because the buffer is.
        if let Some(answer) = answer_to(&buffer[..len], devices) {
            return Ok(Some(answer));
        }
    }
}

/// Reads once. A socket's own timeout begins anew with every read, so that a byte now and then
/// would hold a worker for hours.
fn read_before(deadline: Instant, stream: &mut TcpStream, room: &mut [u8]) -> io::Result<usize> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// What a socket's timeout is called depends on the platform.
fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// Closes once the client has. Closed while bytes are unread, a connection is reset, and the
/// client may lose its answer.
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
                log(format_args!("no connection: {error}"));
                // Out of file descriptors, it would fail again at once.
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
