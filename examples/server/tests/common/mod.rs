//! Starts the server for a test, talks HTTP to it, and cleans up.
#![allow(dead_code)] // no test uses all of it

pub mod load;
pub mod nats;
pub mod postgres;
pub mod sqlite;
pub mod stream;

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// A token that must never appear in a log.
pub const TOKEN: &str = "SECRET-Zs96cP5jLMhLoJofg";

pub const DEVICES: &str = r#"{
    "SECRET-Zs96cP5jLMhLoJofg": {
        "v1": {"type": "integer", "min": 0, "max": 100},
        "v2": {"type": "double"},
        "v3": {"type": "string", "max_len": 1024},
        "v4": {"type": "enumerable", "values": [0, 20, 130], "fallback": 0},
        "v5": {"type": "location"},
        "v6": {"type": "boolean"},
        "v7": {"type": "double", "min": -40, "max": 125},
        "v10": {"type": "integer"}, "v11": {"type": "integer"},
        "v12": {"type": "integer"}, "v13": {"type": "integer"}
    },
    "another-device": {"v1": {"type": "integer"}}
}"#;

/// The body of a response if the database is not available.
pub const UNAVAILABLE: &str =
    r#"{"error":{"message":"The database is not available. Try again."}}"#;

/// A request whose body is incomplete.
pub const INCOMPLETE: &[u8] =
    b"POST /page/state HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ntoken=";

/// The timeout for every operation of a test.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// A temporary directory, removed on drop.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pinquery-server-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // An earlier process with the same id may have been killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("directory is created");
        fs::write(path.join("devices.json"), DEVICES).expect("devices file is written");
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn database(&self) -> Connection {
        Connection::open(self.path("test.db")).expect("database opens")
    }

    /// Returns what the server has logged so far. Logging is asynchronous.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Waits until the log contains this text, and fails if it appears more than once.
    pub fn assert_logged_once(&self, text: &str) {
        eventually(text, || self.log().contains(text));
        assert_eq!(self.log().matches(text).count(), 1, "{}", self.log());
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server process.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub banner: String,
}

impl Server {
    /// Starts the server on the devices and the database in the directory.
    pub fn start(scratch: &Scratch, args: &[&str]) -> Self {
        Self::start_on(scratch, &scratch.path("test.db"), args)
    }

    pub fn start_on(scratch: &Scratch, database: &Path, args: &[&str]) -> Self {
        let mut command = command();
        command.arg("--devices").arg(scratch.path("devices.json"));
        command.arg("--database").arg(database).args(args);
        // A busy machine may be slow; tests of timeouts set their own.
        if !args.contains(&"--request-timeout") {
            command.args(["--request-timeout", "60"]);
        }
        Self::spawn(scratch, command)
    }

    /// Starts the server with its log in the directory.
    pub fn spawn(scratch: &Scratch, mut command: Command) -> Self {
        let mut log = fs::File::options();
        let log = log.create(true).append(true).open(scratch.path("log"));
        command.stderr(log.expect("log opens"));
        Self::spawn_logging(command)
    }

    /// Starts the server with the standard error of the command.
    pub fn spawn_logging(mut command: Command) -> Self {
        command.args(["--listen", "127.0.0.1:0"]);
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("server starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
        let mut banner = String::new();
        while !banner.contains("\n  database: ") {
            let length = stdout.read_line(&mut banner).expect("stdout");
            assert_ne!(length, 0, "the server exits: {banner}");
        }
        let (_, address) = banner.split_once("http://").expect("address");
        let (address, _) = address.split_once('\n').expect("a line");
        Self {
            child,
            address: address.parse().expect("address"),
            banner,
        }
    }

    /// Takes the read end of standard error, which must be a pipe.
    pub fn log_reader(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("stderr is a pipe")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Sends a request on a new connection.
    pub fn get(&self, target: &str) -> Response {
        self.connect().get(target).expect("a response")
    }

    /// Sends a batch update with these pins.
    pub fn update(&self, pins: &str) -> Response {
        self.get(&update_target(pins))
    }

    pub fn post(&self, target: &str, body: &str) -> Response {
        self.connect().post(target, body).expect("a response")
    }

    /// Sends a batch that has to wait for the database, and waits until it is parsed.
    pub fn send_and_wait_until_parsed(&self, target: &str) -> Client {
        let parsed = || self.metric("pinquery_parsing_seconds_total");
        let before = parsed();
        let mut client = self.connect();
        client.send_get(target).expect("request is sent");
        eventually("the batch is parsed", || parsed() > before);
        client
    }

    pub fn metric(&self, name: &str) -> f64 {
        let metrics = self.get("/metrics").body;
        let number = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
        metrics.lines().find_map(number).expect("the metric exists")
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.expect("`kill` runs").success());
    }

    /// Waits for the process to exit.
    pub fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    /// Kills the process with SIGKILL unless it has exited.
    pub fn kill(&mut self) {
        self.child.kill().expect("server is killed");
        self.child.wait().expect("server exits");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_pinquery-server"))
}

/// Returns the command to serve the devices and the database in the directory.
pub fn serve_devices(scratch: &Scratch) -> Command {
    let mut command = command();
    command.arg("--devices").arg(scratch.path("devices.json"));
    command.arg("--database").arg(scratch.path("test.db"));
    command
}

pub fn update_target(pins: &str) -> String {
    format!("/external/api/batch/update?token={TOKEN}&{pins}")
}

/// Returns the target of a batch with the same number in four pins, to detect partial batches.
pub fn numbered(number: i64) -> String {
    let pins = format!("v10={number}&v11={number}&v12={number}&v13={number}");
    update_target(&pins)
}

/// Returns the exit code, standard output and standard error of a server that fails to start.
pub fn output(mut command: Command) -> (Option<i32>, String, String) {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("server starts");
    wait(&mut child);
    let output = child.wait_with_output().expect("output");
    let texts = [output.stdout, output.stderr].map(text);
    let [stdout, stderr] = texts.map(|text| text.expect("UTF-8"));
    (output.status.code(), stdout, stderr)
}

/// Waits for a server to exit, and kills it if it does not.
fn wait(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    while start.elapsed() < TIMEOUT {
        if let Some(status) = child.try_wait().expect("exit status") {
            return status;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("server is killed");
    panic!("the server does not exit");
}

/// A keep-alive connection.
pub struct Client(pub TcpStream);

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).expect("client connects")
    }

    pub fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    pub fn get(&mut self, target: &str) -> io::Result<Response> {
        self.send_get(target)?;
        self.read_response(false)
    }

    /// Sends a request without waiting for the response.
    pub fn send_get(&mut self, target: &str) -> io::Result<()> {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes())
    }

    pub fn post(&mut self, target: &str, body: &str) -> io::Result<Response> {
        let length = body.len();
        let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        self.send(format!("{head}{body}").as_bytes())?;
        self.read_response(false)
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Reads a response; a response to HEAD has a length but no body.
    pub fn read_response(&mut self, is_head: bool) -> io::Result<Response> {
        let head = self.read_until(b"\r\n\r\n")?;
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let mut response = Response {
            status: status.ok_or_else(|| io::Error::other("missing status"))?,
            head,
            body: String::new(),
        };
        let length = response.header("content-length");
        let length = length.map_or(0, |length| length.parse().expect("length"));
        if response.header("transfer-encoding") == Some("chunked") {
            response.body = text(self.read_chunks()?)?;
        } else if !is_head {
            response.body = text(self.read_bytes(length)?)?;
        }
        Ok(response)
    }

    fn read_until(&mut self, end: &[u8]) -> io::Result<String> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end) {
            bytes.extend(self.read_bytes(1)?);
        }
        text(bytes)
    }

    fn read_bytes(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn read_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(self.read_until(b"\r\n")?.trim_end(), 16);
            let chunk = self.read_bytes(size.map_err(io::Error::other)? + 2)?;
            let Some((chunk, b"\r\n")) = chunk.split_last_chunk() else {
                return Err(io::Error::other("chunk of another size"));
            };
            if chunk.is_empty() {
                return Ok(body);
            }
            body.extend(chunk);
        }
    }

    /// Waits for the server to close the connection.
    pub fn closed(&mut self) -> bool {
        match self.0.read(&mut [0; 4096]) {
            Ok(length) => length == 0,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(io::Error::other)
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (header, value) = line.split_once(": ")?;
            header.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn summary(&self) -> (u16, &str) {
        (self.status, &self.body)
    }
}

/// Waits until the condition holds.
pub fn eventually(description: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < TIMEOUT, "timed out: {description}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A file system of two megabytes, unmounted on drop.
pub struct SmallDisk(pub PathBuf);

impl SmallDisk {
    pub fn mount(path: PathBuf) -> Self {
        fs::create_dir_all(&path).expect("directory is created");
        let arguments = ["-t", "tmpfs", "-o", "size=2m", "tmpfs"];
        let mounted = Command::new("mount").args(arguments).arg(&path).status();
        assert!(mounted.expect("`mount` runs").success());
        Self(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
