//! Runs an example, and a client for it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub const PATH: &str = "/external/api/batch/update";
pub const TEXT: Option<&str> = Some("text/plain; charset=utf-8");
pub const JSON: Option<&str> = Some("application/json");

pub const INVALID_TOKEN: &str = r#"{"error":{"message":"Invalid token."}}"#;
pub const WRONG_PIN: &str = r#"{"error":{"message":"Wrong pin format."}}"#;
pub const NO_DATASTREAM: &str = r#"{"error":{"message":"No datastream setup for that pin."}}"#;
pub const WRONG_VALUE: &str =
    r#"{"error":{"message":"Value doesn't match the Datastream data type"}}"#;

pub const OK: (u16, Option<&str>, &str) = (200, TEXT, "OK");

pub fn rejected(body: &str) -> (u16, Option<&str>, &str) {
    (400, JSON, body)
}

/// Far longer than any response takes. A missing response fails the test instead of blocking it.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// Returns the path of an example, for which Cargo sets no `CARGO_BIN_EXE_…`.
pub fn program(example: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2).expect("a test is in target/…/deps");
    let name = format!("{example}{}", std::env::consts::EXE_SUFFIX);
    let program = profile.join("examples").join(name);
    assert!(
        program.exists(),
        "not built: cargo build -p pinquery-embedding --examples"
    );
    program
}

/// A running example.
pub struct Server {
    pub child: Child,
    pub address: SocketAddr,
    /// The query of the `curl` command it prints.
    pub printed_query: String,
    /// The lines it prints after that on standard output, and those on standard error.
    pub out: Receiver<String>,
    pub err: Receiver<String>,
    readers: Vec<JoinHandle<()>>,
}

impl Server {
    pub fn start(example: &str) -> Self {
        let mut child = Command::new(program(example))
            .arg("0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let (out, out_reader) = lines(child.stdout.take().expect("the pipe has not been taken"));
        let (err, err_reader) = lines(child.stderr.take().expect("the pipe has not been taken"));
        let line = |prefix: &str| {
            let line = out
                .recv_timeout(TIMEOUT)
                .expect("the example prints its address");
            line.strip_prefix(prefix).expect(prefix).to_owned()
        };
        let address = line("listening on http://");
        let prefix = format!("curl 'http://{address}{PATH}?");
        let printed_query = line(&prefix).trim_end_matches('\'').to_owned();
        let address = address.parse().expect("the address is valid");
        Self {
            child,
            address,
            printed_query,
            out,
            err,
            readers: vec![out_reader, err_reader],
        }
    }

    /// Closes both pipes. A reader only notices at its next line, which `print` has to cause.
    pub fn close_output(&mut self, print: impl FnOnce(&Self)) {
        self.out = mpsc::channel().1;
        self.err = mpsc::channel().1;
        print(self);
        for reader in self.readers.drain(..) {
            reader.join().expect("the reader ends");
        }
    }

    pub fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).expect("the example listens");
        stream.set_nodelay(true).expect("the socket is open");
        stream
            .set_read_timeout(Some(TIMEOUT))
            .expect("the socket is open");
        Client(BufReader::new(stream))
    }

    /// Sends a request on a new connection and returns the response.
    pub fn request(&self, method: &str, target: &[u8]) -> Response {
        let mut client = self.connect();
        client.send(&request(method, target, ""));
        client.response()
    }

    /// Sends bytes and returns everything that the server sends before it closes the connection.
    pub fn exchange(&self, request: &[u8]) -> String {
        let mut client = self.connect();
        client.send(request);
        let mut whole = String::new();
        client
            .0
            .read_to_string(&mut whole)
            .expect("the server closes the connection");
        whole
    }

    #[track_caller]
    pub fn check(&self, query: &str, expected: (u16, Option<&str>, &str)) {
        self.check_at(PATH, query, expected);
    }

    #[track_caller]
    pub fn check_at(&self, path: &str, query: &str, expected: (u16, Option<&str>, &str)) {
        let response = self.request("GET", format!("{path}?{query}").as_bytes());
        assert_eq!(response.parts(), expected, "{path}?{query}");
    }

    #[track_caller]
    pub fn prints(&self, expected: &[&str]) {
        for expected in expected {
            assert_eq!(
                self.out.recv_timeout(TIMEOUT).as_deref(),
                Ok(*expected),
                "on standard output"
            );
        }
    }

    /// Stops the example and returns the lines that have not been read.
    pub fn stop(mut self) -> (Vec<String>, Vec<String>) {
        self.kill();
        (self.out.iter().collect(), self.err.iter().collect())
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("the example is running");
        self.child.wait().expect("the example exits");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Also if a test fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the lines of a pipe on a thread.
pub fn lines(pipe: impl Read + Send + 'static) -> (Receiver<String>, JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            if sender.send(line.expect("all output is UTF-8")).is_err() {
                break;
            }
        }
    });
    (receiver, reader)
}

pub fn request(method: &str, target: &[u8], headers: &str) -> Vec<u8> {
    let rest = format!(" HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    [method.as_bytes(), b" ", target, rest.as_bytes()].concat()
}

pub fn batch(query: &str) -> Vec<u8> {
    request("GET", format!("{PATH}?{query}").as_bytes(), "")
}

pub struct Client(pub BufReader<TcpStream>);

impl Client {
    pub fn send(&mut self, bytes: &[u8]) {
        self.0
            .get_mut()
            .write_all(bytes)
            .expect("the request is sent");
    }

    pub fn response(&mut self) -> Response {
        self.try_response().expect("there is a response")
    }

    pub fn try_response(&mut self) -> io::Result<Response> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let length = header(&head, "content-length").map_or(0, |length| {
            length.parse().expect("a content length is a number")
        });
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        let body = String::from_utf8(body).expect("every body is UTF-8");
        Ok(Response { head, body })
    }

    /// Returns whether the server closed the connection without sending anything more.
    pub fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => rest.is_empty(),
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find_map(|(found, value)| found.eq_ignore_ascii_case(name).then_some(value))
}

#[derive(Debug)]
pub struct Response {
    pub head: String,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub fn status(&self) -> u16 {
        let status = self
            .head
            .strip_prefix("HTTP/1.1 ")
            .expect("the response is HTTP/1.1");
        status[..3].parse().expect("a status is a number")
    }

    pub fn parts(&self) -> (u16, Option<&str>, &str) {
        (self.status(), self.header("content-type"), &self.body)
    }
}
