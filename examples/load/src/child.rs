//! A server to be loaded: a process of its own, so that the system counts its processor time.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{self, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::routing::get;
use clap::Parser;
use pinquery_server::app::App;
use pinquery_server::config::Config;
use pinquery_server::devices::{DEMO, DEMO_TOKEN, Devices};
use pinquery_server::http::{router, router_with};
use pinquery_server::metrics::Metrics;
use pinquery_server::postgres::Postgres;
use pinquery_server::serve::serve as serve_connections;
use pinquery_server::sqlite::Sqlite;
use pinquery_server::store::Store;
use serde_json::{Map, Value};
use tokio::net::TcpListener;

use crate::nothing::Nothing;
use crate::{client, rival};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judge {
    Pinquery,
    Framework,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kept {
    Sqlite,
    Postgres,
    Nothing,
}

/// What is measured: so many servers of a kind, on one store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    pub judge: Judge,
    pub kept: Kept,
    pub servers: usize,
}

impl Kind {
    /// Without a PostgreSQL, and what one adds.
    pub fn all(has_postgres: bool) -> Vec<Self> {
        let kind = |judge, kept, servers| Self {
            judge,
            kept,
            servers,
        };
        let mut all = vec![
            kind(Judge::Pinquery, Kept::Sqlite, 1),
            kind(Judge::Framework, Kept::Sqlite, 1),
            kind(Judge::Pinquery, Kept::Nothing, 1),
            kind(Judge::Framework, Kept::Nothing, 1),
        ];
        if has_postgres {
            all.push(kind(Judge::Pinquery, Kept::Postgres, 1));
            all.push(kind(Judge::Pinquery, Kept::Postgres, 2));
        }
        all
    }

    pub fn name(self) -> String {
        let judge = match self.judge {
            Judge::Pinquery => "pinquery",
            Judge::Framework => "framework",
        };
        let times = match self.servers {
            1 => String::new(),
            servers => format!(", {servers} servers"),
        };
        format!("{judge}, {}{times}", self.kept.name())
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::all(true).into_iter().find(|kind| kind.name() == name)
    }
}

impl Kept {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Nothing => "no store",
        }
    }
}

/// What a server has spent since it was started.
#[derive(Clone, Copy)]
pub struct Spent {
    /// In its own code and the system's; none where the system does not say.
    pub processor: Option<Duration>,
    /// Judging queries.
    pub judging: Duration,
    pub commits: f64,
    /// Batches in these commits.
    pub committed: f64,
}

/// Servers of one kind.
pub struct Servers {
    pub kind: Kind,
    pub addresses: Vec<SocketAddr>,
    processes: Vec<process::Child>,
}

impl Servers {
    pub fn start(kind: Kind, postgres: Option<&str>) -> anyhow::Result<Self> {
        let mut servers = Self {
            kind,
            addresses: Vec::new(),
            processes: Vec::new(),
        };
        for _ in 0..kind.servers {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["--serve", &kind.name()]);
            if let Some(url) = postgres {
                command.args(["--postgres", url]);
            }
            let mut process = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let mut line = String::new();
            let output = process.stdout.take().context("no output")?;
            servers.processes.push(process);
            BufReader::new(output).read_line(&mut line)?;
            let address = line.trim().parse().context("the server does not start")?;
            servers.addresses.push(address);
        }
        Ok(servers)
    }

    /// All of them together.
    pub fn spent(&self, runtime: &tokio::runtime::Runtime) -> anyhow::Result<Spent> {
        let mut spent = Spent {
            processor: Some(Duration::ZERO),
            judging: Duration::ZERO,
            commits: 0.0,
            committed: 0.0,
        };
        for (process, &address) in self.processes.iter().zip(&self.addresses) {
            let metrics = runtime.block_on(client::metrics(address))?;
            let metric = |name: &str| -> anyhow::Result<f64> {
                let mut lines = metrics.lines();
                let found = lines.find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
                found.with_context(|| format!("no {name}"))
            };
            let time = processor_time(process.id());
            spent.processor = spent.processor.zip(time).map(|(all, one)| all + one);
            spent.judging += Duration::from_secs_f64(metric("pinquery_judging_seconds_total ")?);
            spent.commits += metric("pinquery_commits_total ")?;
            spent.committed += metric("pinquery_batches_committed_total ")?;
        }
        Ok(spent)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // The end of its input ends it, so that its files go too.
            drop(process.stdin.take());
            let _ = process.wait();
        }
    }
}

/// Of Linux: the 14th and 15th field, in ticks of 10 ms.
fn processor_time(id: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, behind_name) = stat.rsplit_once(") ")?;
    let mut fields = behind_name.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 10))
}

pub fn serve(kind: Kind, postgres: Option<&str>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match kind.kept {
        Kept::Nothing => runtime.block_on(run::<Nothing>(kind, "")),
        Kept::Postgres => {
            let url = postgres.context("no URL")?;
            runtime.block_on(run::<Postgres>(kind, url))
        }
        Kept::Sqlite => {
            let directory = std::env::temp_dir().join(format!("pinquery-load-{}", process::id()));
            fs::create_dir_all(&directory)?;
            let file = directory.join("load.db");
            let file = file.to_str().context("the directory's name is not UTF-8")?;
            let served = runtime.block_on(run::<Sqlite>(kind, file));
            fs::remove_dir_all(&directory)?;
            served
        }
    }
}

/// Many, with the demonstration's template.
fn devices() -> anyhow::Result<Devices> {
    let demo: Value = serde_json::from_str(DEMO)?;
    let template = demo.get(DEMO_TOKEN).context("no demonstration")?;
    let devices: Map<String, Value> = (0..client::DEVICES)
        .map(|device| (client::token(device), template.clone()))
        .collect();
    Devices::from_json(&Value::Object(devices).to_string())
}

async fn run<S: Store>(kind: Kind, database: &str) -> anyhow::Result<()> {
    let Config { limits, store, .. } = Config::parse_from(["load"]);
    let metrics = Arc::new(Metrics::default());
    let store = S::open(database, devices()?, &store, Arc::clone(&metrics)).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    let app = Arc::new(App {
        store,
        metrics: Arc::clone(&metrics),
        demo_token: None,
    });
    let timeout = limits.request_timeout;
    let router = match kind.judge {
        Judge::Pinquery => router(Arc::clone(&app), timeout),
        Judge::Framework => router_with(get(rival::update::<S>), Arc::clone(&app), timeout),
    };
    let ended = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    let stop = async { drop(ended.await) };
    serve_connections(listener, router, &limits, &metrics, stop).await;
    app.store.close().await
}
