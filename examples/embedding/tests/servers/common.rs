//! A running example, and a client of it.

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

pub fn refused(body: &str) -> (u16, Option<&str>, &str) {
    (400, JSON, body)
}

/// How long each example waits for a head.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Far longer than any answer takes, so that what never comes fails a test and does not hang it.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// An example has no `CARGO_BIN_EXE_…`, but stands beside the directory of its tests.
pub fn program(example: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2).expect("it is in target/…/deps");
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
    /// The query of the `curl` line that it prints.
    pub own_query: String,
    /// What it prints behind that, on standard output and standard error, line by line.
    pub out: Receiver<String>,
    pub err: Receiver<String>,
    /// What reads them.
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
        let (out, out_reader) = lines(child.stdout.take().expect("it is piped"));
        let (err, err_reader) = lines(child.stderr.take().expect("it is piped"));
        let line = |prefix: &str| {
            let line = out.recv_timeout(PATIENCE).expect("it says where it is");
            line.strip_prefix(prefix).expect(prefix).to_owned()
        };
        let address = line("listening on http://");
        let prefix = format!("curl 'http://{address}{PATH}?");
        let own_query = line(&prefix).trim_end_matches('\'').to_owned();
        let address = address.parse().expect("it is an address");
        Self {
            child,
            address,
            own_query,
            out,
            err,
            readers: vec![out_reader, err_reader],
        }
    }

    /// Closes both pipes, each after another line, which `last_words` has to bring about.
    pub fn stop_listening(&mut self, last_words: impl FnOnce(&Self)) {
        self.out = mpsc::channel().1;
        self.err = mpsc::channel().1;
        last_words(self);
        for reader in self.readers.drain(..) {
            reader.join().expect("it ends");
        }
    }

    pub fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_nodelay(true).expect("it is a socket");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("it is a socket");
        Client(BufReader::new(stream))
    }

    /// The answer to one request on a connection of its own.
    pub fn ask(&self, method: &str, target: &[u8]) -> Answer {
        let mut client = self.connect();
        client.send(&request(method, target, ""));
        client.answer()
    }

    /// All that the server sends until it closes the connection.
    pub fn ask_for_all(&self, request: &[u8]) -> String {
        let mut client = self.connect();
        client.send(request);
        let mut whole = String::new();
        client.0.read_to_string(&mut whole).expect("it is closed");
        whole
    }

    #[track_caller]
    pub fn check(&self, query: &str, expected: (u16, Option<&str>, &str)) {
        let answer = self.ask("GET", format!("{PATH}?{query}").as_bytes());
        assert_eq!(answer.parts(), expected, "{query}");
    }

    #[track_caller]
    pub fn prints(&self, expected: &[&str]) {
        for expected in expected {
            assert_eq!(
                self.out.recv_timeout(PATIENCE).as_deref(),
                Ok(*expected),
                "on standard output"
            );
        }
    }

    /// Ends the example. What it has printed and no test has read is given back.
    pub fn stop(mut self) -> (Vec<String>, Vec<String>) {
        self.kill();
        (self.out.iter().collect(), self.err.iter().collect())
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("it runs until now");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where a test fails, too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a pipe, as they come.
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
        self.0.get_mut().write_all(bytes).expect("it is sent");
    }

    pub fn answer(&mut self) -> Answer {
        self.try_answer().expect("there is an answer")
    }

    pub fn try_answer(&mut self) -> io::Result<Answer> {
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
        Ok(Answer { head, body })
    }

    /// Whether the server has closed the connection, and sent nothing before that.
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
pub struct Answer {
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub fn status(&self) -> u16 {
        let status = self.head.strip_prefix("HTTP/1.1 ").expect("it is HTTP/1.1");
        status[..3].parse().expect("a status is a number")
    }

    pub fn parts(&self) -> (u16, Option<&str>, &str) {
        (self.status(), self.header("content-type"), &self.body)
    }
}
