//! A temporary NATS cluster with JetStream on loopback, run by an unprivileged user and stopped on
//! drop.
#![cfg(feature = "nats")]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_nats::jetstream;
use serde_json::Value;

use super::postgres::{give_to_postgres, unprivileged_user};
use super::{Client, Scratch, eventually};

/// Time allowed for a test's own attempt to connect and for its requests.
const TIMEOUT: Duration = Duration::from_secs(30);

pub struct Cluster {
    nodes: Vec<Node>,
    scratch: Scratch,
}

impl Cluster {
    /// Returns a server shared by the tests of this binary, or `None`, with a note, if NATS is not
    /// installed and `PINQUERY_REQUIRE_NATS` is not set. Each test uses its own stream.
    pub fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cluster) = shared.upgrade() {
            return Some(cluster);
        }
        let cluster = Arc::new(Self::start(1)?);
        *shared = Arc::downgrade(&cluster);
        Some(cluster)
    }

    /// Starts a cluster of this many nodes, which the test may kill.
    pub fn start(count: usize) -> Option<Self> {
        let Some(program) = find_program() else {
            let is_required = std::env::var_os("PINQUERY_REQUIRE_NATS").is_some();
            assert!(!is_required, "nats-server is required but not installed");
            println!("skipped: nats-server is not installed");
            return None;
        };
        // Another program may take a port before a node does.
        for _ in 0..10 {
            let scratch = Scratch::new();
            // The user may not have access to its directory. Copied by another process: a file that
            // this one writes cannot be executed while a child of another test inherits it.
            copy(&program, &scratch.path("nats-server"));
            let nodes = configure(&scratch, count);
            let cluster = Self { nodes, scratch };
            cluster.nodes.iter().for_each(Node::start);
            if cluster.wait_until_up() {
                return Some(cluster);
            }
        }
        panic!("NATS does not start");
    }

    /// Returns the URL of a stream with these parameters, such as `stream=NAME&replicas=3`.
    pub fn url(&self, parameters: &str) -> String {
        let servers: Vec<String> = self.nodes.iter().map(Node::address).collect();
        let servers = servers.join(",");
        format!("nats://pinquery:SECRET@{servers}?{parameters}")
    }

    /// Sends requests to JetStream through a node that is neither frozen nor killed.
    pub fn run<T>(&self, requests: impl AsyncFnOnce(jetstream::Context) -> T) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("runtime");
        runtime.block_on(async {
            let options = async_nats::ConnectOptions::new().connection_timeout(TIMEOUT);
            let options = options.user_and_password("pinquery".to_owned(), "SECRET".to_owned());
            let nodes = self.nodes.iter().filter(|node| node.is_active());
            let servers: Vec<String> = nodes.map(Node::address).collect();
            let client = options.connect(servers).await;
            let mut context = jetstream::new(client.expect("client connects"));
            context.set_timeout(TIMEOUT);
            requests(context).await
        })
    }

    /// Waits until all running nodes have caught up. Returns whether none of them has exited.
    pub fn wait_until_up(&self) -> bool {
        let mut has_exited = false;
        eventually("NATS is up", || {
            has_exited = self.nodes.iter().any(Node::has_exited);
            has_exited || self.nodes.iter().all(Node::is_up)
        });
        !has_exited
    }

    /// Kills a node with SIGKILL.
    pub fn kill(&self, node: usize) {
        assert!(self.nodes[node].kill(), "the node does not run");
    }

    /// Starts a killed node, and waits until it has caught up.
    pub fn restart(&self, node: usize) {
        // A client that tries to connect may occupy the port.
        eventually("the node restarts", || {
            self.nodes[node].start();
            self.wait_until_up()
        });
    }

    /// Stops a node without closing its connections.
    pub fn freeze(&self, node: usize) {
        self.nodes[node].signal("STOP");
    }

    pub fn thaw(&self, node: usize) {
        self.nodes[node].signal("CONT");
    }

    /// Waits until the stream has a leader, and returns it. Ignores frozen nodes.
    pub fn leader(&self, stream: &str) -> usize {
        let mut leader = None;
        eventually("the stream has a leader", || {
            leader = self.nodes.iter().position(|node| node.leads(stream));
            leader.is_some()
        });
        leader.expect("a leader")
    }

    /// Copies the stores of all nodes, while they are stopped.
    pub fn copy_stores(&self) {
        self.while_stopped(|| copy(&self.scratch.path("stores"), &self.scratch.path("copy")));
    }

    /// Replaces the stores of all nodes with their copy.
    pub fn restore_stores(&self) {
        self.while_stopped(|| copy(&self.scratch.path("copy"), &self.scratch.path("stores")));
    }

    fn while_stopped(&self, action: impl FnOnce()) {
        for node in 0..self.nodes.len() {
            self.kill(node);
        }
        action();
        self.nodes.iter().for_each(Node::start);
        for node in &self.nodes {
            eventually("the nodes restart", || {
                if node.has_exited() {
                    node.start();
                }
                node.is_up()
            });
        }
    }

    /// Returns the log of a node.
    pub fn log(&self, node: usize) -> String {
        let log = self.nodes[node].config.with_extension("log");
        fs::read_to_string(log).unwrap_or_default()
    }
}

/// Replaces a file or a directory with a copy that has the same owners.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let status = Command::new("cp").arg("-aL").args([from, to]).status();
    assert!(status.expect("`cp` runs").success());
}

struct Node {
    name: String,
    /// The ports for clients and for HTTP.
    port: u16,
    http: u16,
    config: PathBuf,
    process: Mutex<Option<Process>>,
}

struct Process {
    child: Child,
    is_frozen: bool,
}

impl Node {
    fn start(&self) {
        let mut command = Command::new(self.config.with_file_name("nats-server"));
        if let Some((user, group)) = unprivileged_user() {
            command.uid(user).gid(group);
        }
        let log = fs::File::options();
        let log = { log }
            .create(true)
            .append(true)
            .open(self.config.with_extension("log"));
        command.arg("--config").arg(&self.config);
        let child = command.stderr(log.expect("log opens")).spawn();
        *self.process() = Some(Process {
            child: child.expect("nats-server starts"),
            is_frozen: false,
        });
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the process. Returns whether it was running.
    fn kill(&self) -> bool {
        let process = self.process().take();
        process.is_some_and(|mut process| {
            process
                .child
                .kill()
                .and_then(|()| process.child.wait())
                .is_ok()
        })
    }

    fn signal(&self, name: &str) {
        let mut process = self.process();
        let process = process.as_mut().expect("the node runs");
        let id = process.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.expect("`kill` runs").success());
        process.is_frozen = name == "STOP";
    }

    fn has_exited(&self) -> bool {
        let mut process = self.process();
        let exited = |process: &mut Process| process.child.try_wait().expect("status").is_some();
        process.as_mut().is_some_and(exited)
    }

    fn address(&self) -> String {
        loopback(self.port).to_string()
    }

    /// Returns whether it is neither frozen nor killed.
    fn is_active(&self) -> bool {
        let process = self.process();
        process.as_ref().is_some_and(|process| !process.is_frozen)
    }

    /// Requests the state of an active node.
    fn get(&self, target: &str) -> Option<Value> {
        let client = self
            .is_active()
            .then(|| Client::try_connect(loopback(self.http)));
        let response = client?.ok()?.get(target).ok()?;
        serde_json::from_str(&response.body).ok()
    }

    /// Returns whether it has caught up with the others, or is frozen or killed.
    fn is_up(&self) -> bool {
        !self.is_active()
            || self
                .get("/healthz")
                .is_some_and(|health| health["status"] == "ok")
    }

    fn leads(&self, stream: &str) -> bool {
        let state = self.get("/jsz?accounts=true&streams=true");
        let state = state.unwrap_or_default();
        // All users belong to the same account.
        let details = state["account_details"][0]["stream_detail"].as_array();
        details
            .into_iter()
            .flatten()
            .any(|detail| detail["name"] == stream && detail["cluster"]["leader"] == *self.name)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes the configuration of each node. A single node is not a cluster.
fn configure(scratch: &Scratch, count: usize) -> Vec<Node> {
    let stores = scratch.path("stores");
    fs::create_dir(&stores).expect("directory is created");
    give_to_postgres(&stores);
    let ports = free_ports(3 * count);
    let routes: Vec<String> = ports
        .chunks(3)
        .map(|ports| format!("nats://{}", loopback(ports[1])))
        .collect();
    let nodes = ports.chunks(3).enumerate().map(|(index, ports)| {
        let name = format!("node-{index}");
        let [port, route, http] = [0, 1, 2].map(|index| ports[index]);
        let cluster = match count {
            1 => String::new(),
            _ => format!(
                r#"cluster {{ name: test, listen: "{}", routes: {routes:?} }}"#,
                loopback(route)
            ),
        };
        let config = scratch.path(&name).with_extension("conf");
        let text = format!(
            "server_name: {name}\nlisten: {:?}\nhttp: {:?}\n\
             jetstream {{ store_dir: {:?} }}\n\
             authorization {{ user: pinquery, password: SECRET }}\n{cluster}\n",
            loopback(port).to_string(),
            loopback(http).to_string(),
            stores.join(&name),
        );
        fs::write(&config, text).expect("configuration is written");
        Node {
            name,
            port,
            http,
            config,
            process: Mutex::default(),
        }
    });
    nodes.collect()
}

/// Returns the program in `PINQUERY_NATS_SERVER` or in `PATH`.
fn find_program() -> Option<PathBuf> {
    let given = std::env::var_os("PINQUERY_NATS_SERVER").map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = || std::env::split_paths(&paths).map(|path| path.join("nats-server"));
    given.or_else(|| found().find(|path| path.is_file()))
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn free_ports(count: usize) -> Vec<u16> {
    let bind = |_| TcpListener::bind(loopback(0)).expect("free port");
    let listeners: Vec<TcpListener> = (0..count).map(bind).collect();
    let port = |listener: &TcpListener| listener.local_addr().expect("address").port();
    listeners.iter().map(port).collect()
}
