//! Loads the server, and beside it the same server with the framework's own query extractor and a
//! hand-made conversion in place of pinquery; each with a durable store and with one that keeps
//! nothing.
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
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use clap::builder::RangedU64ValueParser;

use child::{Child, Judge, Kept, Kind};
use figures::Round;

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
            .and_then(child::serve),
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
    for kind in Kind::ALL {
        servers.push((Child::start(kind)?, Vec::new()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let time = plan.seconds;
    // The first requests of each are not measured: they fill caches and connections.
    for (server, _) in &servers {
        runtime.block_on(client::run(server.address, plan.connections, time / 10))?;
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
            let before = server.spent(&runtime)?;
            let sample = runtime.block_on(client::run(server.address, plan.connections, time))?;
            rounds.push(Round::new(sample, before, server.spent(&runtime)?));
        }
    }
    let rows: Vec<(Kind, Vec<Round>)> = servers
        .into_iter()
        .map(|(server, rounds)| (server.kind, rounds))
        .collect();
    figures::print(&rows);
    for kept in [Kept::Durable, Kept::Nothing] {
        let rounds = |judge| {
            rows.iter()
                .find(|(kind, _)| *kind == Kind { judge, kept })
                .map(|(_, rounds)| &rounds[..])
        };
        if let (Some(ours), Some(theirs)) = (rounds(Judge::Pinquery), rounds(Judge::Framework)) {
            figures::compare(kept, ours, theirs);
        }
    }
    if rows
        .iter()
        .flat_map(|(_, rounds)| rounds)
        .any(|round| round.errors > 0)
    {
        bail!("some requests were not answered OK");
    }
    Ok(())
}
