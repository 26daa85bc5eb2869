//! Loads the server, and beside it the same server with the framework's own query extractor and a
//! hand-made conversion in place of pinquery; each with a durable store and with one that keeps
//! nothing. Given a PostgreSQL, also one server and two with that as their store.
//!
//! ```text
//! cargo run --release -p pinquery-load -- --seconds 5 --connections 32
//! ```
#![forbid(unsafe_code)]

mod child;
mod client;
mod figures;
mod nothing;
mod rival;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use clap::builder::RangedU64ValueParser;

use child::{Judge, Kept, Kind, Servers};
use client::Page;
use figures::Round;
use tokio::runtime::Runtime;

/// Loads the server and a rival without pinquery, in turns, on this machine.
#[derive(Parser)]
struct Plan {
    /// Seconds of each measurement
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    seconds: Duration,
    /// Connections, kept alive, each with one request at a time
    #[arg(long, value_name = "N", default_value = "32", value_parser = up_to(512))]
    connections: usize,
    /// Measurements of each server, in turns
    #[arg(long, value_name = "N", default_value = "3", value_parser = up_to(20))]
    rounds: usize,
    /// A PostgreSQL database to write into, as postgres://USER@HOST/NAME
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// What `load` starts itself as
    #[arg(long, hide = true)]
    serve: Option<String>,
}

fn up_to(most: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=most)
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = text.parse().unwrap_or(f64::NAN);
    match (0.1..=60.0).contains(&seconds) {
        true => Ok(Duration::from_secs_f64(seconds)),
        false => Err("takes 0.1 to 60 seconds"),
    }
}

fn main() -> ExitCode {
    let plan = Plan::parse();
    let done = match &plan.serve {
        Some(name) => Kind::named(name)
            .context("no such server")
            .and_then(|kind| child::serve(kind, plan.postgres.as_deref())),
        None => load(&plan),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn load(plan: &Plan) -> anyhow::Result<()> {
    let mut servers = Vec::new();
    for kind in Kind::all(plan.postgres.is_some()) {
        servers.push((Servers::start(kind, plan.postgres.as_deref())?, Vec::new()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // The first requests of each are not measured: they fill caches and connections.
    for (server, _) in &servers {
        let warm = client::run(&server.addresses, plan.connections, plan.seconds / 10);
        runtime.block_on(warm)?;
    }
    for round in 0..plan.rounds {
        let forth = 0..servers.len();
        let order: Vec<usize> = if round % 2 == 0 {
            forth.collect()
        } else {
            forth.rev().collect()
        };
        for index in order {
            let (server, rounds) = &mut servers[index];
            rounds.push(measure(&runtime, server, plan)?);
        }
    }
    report(servers)
}

/// Loads servers of one kind, while a page reads along where there is anything to be read.
fn measure(runtime: &Runtime, servers: &Servers, plan: &Plan) -> anyhow::Result<Round> {
    let before = servers.spent(runtime)?;
    let addresses = &servers.addresses;
    let is_over = AtomicBool::new(false);
    let (sample, missed) = runtime.block_on(async {
        let mut page = Page::open(addresses).await?;
        let load = async {
            let sample = client::run(addresses, plan.connections, plan.seconds).await;
            is_over.store(true, Ordering::Relaxed);
            sample
        };
        let (sample, read) = tokio::join!(load, page.read(&is_over));
        let (sample, ()) = (sample?, read?);
        let missed = match servers.kind.kept {
            Kept::Nothing => 0,
            _ => page.missed(sample.firsts).await?,
        };
        anyhow::Ok((sample, missed))
    })?;
    Ok(Round::new(sample, missed, before, servers.spent(runtime)?))
}

fn report(servers: Vec<(Servers, Vec<Round>)>) -> anyhow::Result<()> {
    let rows: Vec<(Kind, Vec<Round>)> = servers
        .into_iter()
        .map(|(server, rounds)| (server.kind, rounds))
        .collect();
    figures::print(&rows);
    for kept in [Kept::Sqlite, Kept::Nothing] {
        let rounds = |judge| {
            rows.iter()
                .find(|(kind, _)| (kind.judge, kind.kept) == (judge, kept))
                .map(|(_, rounds)| &rounds[..])
        };
        if let (Some(ours), Some(theirs)) = (rounds(Judge::Pinquery), rounds(Judge::Framework)) {
            figures::compare(kept, ours, theirs);
        }
    }
    if rows
        .iter()
        .flat_map(|(_, rounds)| rounds)
        .any(|round| round.errors > 0 || round.missed > 0)
    {
        bail!("some requests were not answered OK, or the page missed a batch");
    }
    Ok(())
}
