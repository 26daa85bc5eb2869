//! Starts the server, talks HTTP to it, and ends both with the test.
#![allow(dead_code)] // no test uses all of it

#[cfg(feature = "postgres")]
pub mod postgres;

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// A token that must never be seen in a log.
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

/// How long anything in a test may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A directory that goes with its test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pinquery-server-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // One that was killed may have had the same id, and left its directory.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        fs::write(path.join("devices.json"), DEVICES).expect("a devices' file");
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn database(&self) -> Connection {
        Connection::open(self.path("test.db")).expect("the database")
    }

    /// All that the server has logged so far: a thread of its own writes it.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Waits until the log has this text, and fails where it is there more often than once.
    pub fn logged_once(&self, text: &str) {
        eventually(text, || self.log().contains(text));
        assert_eq!(self.log().matches(text).count(), 1, "{}", self.log());
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The server as a process of its own.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub welcome: String,
}

impl Server {
    /// Starts it with the devices and the database of the directory.
    pub fn start(scratch: &Scratch, args: &[&str]) -> Self {
        Self::start_on(scratch, &scratch.path("test.db"), args)
    }

    pub fn start_on(scratch: &Scratch, database: &Path, args: &[&str]) -> Self {
        let mut command = command();
        command.arg("--devices").arg(scratch.path("devices.json"));
        command.arg("--database").arg(database).args(args);
        // On a busy machine, what is not about time takes its time.
        if !args.contains(&"--request-timeout") {
            command.args(["--request-timeout", "60"]);
        }
        Self::spawn(scratch, command)
    }

    /// Starts it with its log in the directory.
    pub fn spawn(scratch: &Scratch, mut command: Command) -> Self {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(scratch.path("log"));
        command.stderr(log.expect("a log"));
        Self::spawn_logging(command)
    }

    /// Starts it with its log where the command says.
    pub fn spawn_logging(mut command: Command) -> Self {
        command.args(["--listen", "127.0.0.1:0"]);
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut welcome = String::new();
        for line in lines.by_ref().map_while(Result::ok) {
            welcome += &line;
            welcome.push('\n');
            if line.starts_with("  database: ") {
                break;
            }
        }
        let (_, address) = welcome.split_once("http://").expect("an address");
        let address = address
            .lines()
            .next()
            .and_then(|address| address.parse().ok());
        Self {
            child,
            address: address.expect("an address"),
            welcome,
        }
    }

    /// The other end of its standard error, where that is a pipe.
    pub fn log_reader(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("a pipe")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// One request on a connection of its own.
    pub fn get(&self, target: &str) -> Answer {
        self.connect().get(target).expect("an answer")
    }

    /// A batch update with this query behind the token.
    pub fn update(&self, pins: &str) -> Answer {
        self.get(&update_target(pins))
    }

    pub fn post(&self, target: &str, body: &str) -> Answer {
        let length = body.len();
        let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        let mut client = self.connect();
        client
            .send(format!("{head}{body}").as_bytes())
            .expect("it is sent");
        client.answer(false).expect("an answer")
    }

    /// Sends a batch that has to wait for the database, and waits until the store has it.
    pub fn send_and_wait_until_it_waits(&self, target: &str) -> Client {
        let judged = || self.metric("pinquery_judging_seconds_total");
        let before = judged();
        let mut client = self.connect();
        let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
        client.send(request.as_bytes()).expect("it is sent");
        eventually("the batch is judged", || judged() > before);
        // From there to the store is one step, which no metric shows.
        std::thread::sleep(Duration::from_millis(300));
        client
    }

    pub fn metric(&self, name: &str) -> f64 {
        let metrics = self.get("/metrics").body;
        let line = metrics
            .lines()
            .find(|line| line.split(' ').next() == Some(name));
        let (_, number) = line
            .expect("the metric")
            .rsplit_once(' ')
            .expect("a number");
        number.parse().expect("a number")
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.id().to_string()])
            .status();
        assert!(status.expect("`kill` runs").success());
    }

    /// Waits for the end of the process.
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its status") {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// SIGKILL: the process does nothing any more.
    pub fn kill(&mut self) {
        self.child.kill().expect("a kill");
        self.child.wait().expect("its end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_pinquery-server"))
}

/// The command that serves the devices and the database of the directory.
pub fn serve_devices(scratch: &Scratch) -> Command {
    let mut command = command();
    command.arg("--devices").arg(scratch.path("devices.json"));
    command.arg("--database").arg(scratch.path("test.db"));
    command
}

pub fn update_target(pins: &str) -> String {
    format!("/external/api/batch/update?token={TOKEN}&{pins}")
}

/// A batch that can be checked: the same number in four pins.
pub fn numbered(number: i64) -> String {
    update_target(&format!(
        "v10={number}&v11={number}&v12={number}&v13={number}"
    ))
}

/// The status of a server that ends by itself, and what it says.
pub fn output(mut command: Command) -> (Option<i32>, String, String) {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the server starts");
    let begin = Instant::now();
    while child.try_wait().expect("its status").is_none() {
        if begin.elapsed() > PATIENCE {
            child.kill().expect("a kill");
            panic!("the server goes on");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("its output");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A connection that is kept alive, as firmware has one.
pub struct Client(pub TcpStream);

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).expect("a connection")
    }

    pub fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    pub fn get(&mut self, target: &str) -> io::Result<Answer> {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes())?;
        self.answer(false)
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Reads one answer; one to HEAD has a length and no body.
    pub fn answer(&mut self, is_head: bool) -> io::Result<Answer> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).map_err(io::Error::other)?;
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let mut answer = Answer {
            status: status.ok_or_else(|| io::Error::other("no status"))?,
            head,
            body: String::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse().expect("a length"));
        if !is_head {
            let mut body = vec![0; length];
            self.0.read_exact(&mut body)?;
            answer.body = String::from_utf8(body).map_err(io::Error::other)?;
        }
        Ok(answer)
    }

    /// Waits for the server to close the connection.
    pub fn closed(&mut self) -> bool {
        match self.0.read(&mut [0; 4096]) {
            Ok(length) => length == 0,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (header, value) = line.split_once(": ")?;
            header.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn told(&self) -> (u16, &str) {
        (self.status, &self.body)
    }
}

/// Repeats until it holds, and fails if it never does.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A file system of two megabytes, for as long as it is kept.
pub struct SmallDisk(pub PathBuf);

impl SmallDisk {
    pub fn mount(path: PathBuf) -> Self {
        fs::create_dir_all(&path).expect("a directory");
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
