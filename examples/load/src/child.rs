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
use pinquery_server::devices::Devices;
use pinquery_server::http::{router, router_with};
use pinquery_server::metrics::Metrics;
use pinquery_server::serve::serve as serve_connections;
use pinquery_server::sqlite::Sqlite;
use pinquery_server::store::Store;
use tokio::net::TcpListener;

use crate::nothing::Nothing;
use crate::{client, rival};

#[derive(Clone, Copy, PartialEq)]
pub enum Judge {
    Pinquery,
    Framework,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Kept {
    Durable,
    Nothing,
}

#[derive(Clone, Copy, PartialEq)]
pub struct Kind {
    pub judge: Judge,
    pub kept: Kept,
}

impl Kind {
    pub const ALL: [Self; 4] = [
        Self {
            judge: Judge::Pinquery,
            kept: Kept::Durable,
        },
        Self {
            judge: Judge::Framework,
            kept: Kept::Durable,
        },
        Self {
            judge: Judge::Pinquery,
            kept: Kept::Nothing,
        },
        Self {
            judge: Judge::Framework,
            kept: Kept::Nothing,
        },
    ];

    pub fn name(self) -> String {
        let judge = match self.judge {
            Judge::Pinquery => "pinquery",
            Judge::Framework => "framework",
        };
        format!("{judge}, {}", self.kept.name())
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Kept {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Durable => "SQLite",
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
}

pub struct Child {
    pub kind: Kind,
    pub address: SocketAddr,
    process: process::Child,
}

impl Child {
    pub fn start(kind: Kind) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--serve", &kind.name()]);
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().parse().context("the server does not start")?;
        Ok(Self {
            kind,
            address,
            process,
        })
    }

    pub fn spent(&self, runtime: &tokio::runtime::Runtime) -> anyhow::Result<Spent> {
        let metrics = runtime.block_on(client::metrics(self.address))?;
        let name = "pinquery_judging_seconds_total ";
        let judging = metrics
            .lines()
            .find_map(|line| line.strip_prefix(name)?.parse().ok());
        Ok(Spent {
            processor: processor_time(self.process.id()),
            judging: Duration::from_secs_f64(judging.context("no judging time")?),
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // The end of its input ends it, so that its files go too.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
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

pub fn serve(kind: Kind) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match kind.kept {
        Kept::Nothing => runtime.block_on(run::<Nothing>(kind, "")),
        Kept::Durable => {
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

async fn run<S: Store>(kind: Kind, database: &str) -> anyhow::Result<()> {
    let Config { limits, store, .. } = Config::parse_from(["load"]);
    let metrics = Arc::new(Metrics::default());
    let store = S::open(database, Devices::demo(), &store, Arc::clone(&metrics)).await?;
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
