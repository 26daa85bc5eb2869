//! Loads the server, and beside it the same server with the framework's own query extractor and a
//! hand-made conversion in place of pinquery; each with a durable store and with one that keeps
//! nothing.
//!
//! ```text
//! cargo run --release -p pinquery-server --bin load -- --seconds 5 --connections 32
//! ```
#![forbid(unsafe_code)]

mod child;
mod client;
mod figures;
mod rival;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use lexopt::{Arg, ValueExt};

use child::{Child, Judge, Kept, Kind};
use figures::Round;

const HELP: &str = "\
Loads the server and a rival without pinquery, in turns, on this machine.

Usage: load [--seconds S] [--connections N] [--rounds N]

  --seconds S      Of each measurement [5]
  --connections N  Kept alive, each with one request at a time [32]
  --rounds N       Measurements of each server, in turns [3]
";

struct Plan {
    seconds: f64,
    connections: usize,
    rounds: usize,
}

enum Command {
    Help,
    Load(Plan),
    /// What `load` starts itself as.
    Serve(Kind),
}

fn main() -> ExitCode {
    let done = read().and_then(|command| match command {
        Command::Help => {
            print!("{HELP}");
            Ok(())
        }
        Command::Serve(kind) => child::serve(kind),
        Command::Load(plan) => load(&plan),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn read() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let mut plan = Plan {
        seconds: 5.0,
        connections: 32,
        rounds: 3,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("seconds") => plan.seconds = parser.value()?.parse()?,
            Arg::Long("connections") => plan.connections = parser.value()?.parse()?,
            Arg::Long("rounds") => plan.rounds = parser.value()?.parse()?,
            Arg::Long("serve") => {
                let name = parser.value()?.string()?;
                return Ok(Command::Serve(
                    Kind::named(&name).context("no such server")?,
                ));
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let Plan {
        seconds,
        connections,
        rounds,
    } = plan;
    if !(0.1..=60.0).contains(&seconds)
        || !(1..=512).contains(&connections)
        || !(1..=20).contains(&rounds)
    {
        bail!("takes 0.1 to 60 seconds, 1 to 512 connections, 1 to 20 rounds");
    }
    Ok(Command::Load(plan))
}

fn load(plan: &Plan) -> anyhow::Result<()> {
    let mut servers = Vec::new();
    for kind in Kind::ALL {
        servers.push((Child::start(kind)?, Vec::new()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let time = Duration::from_secs_f64(plan.seconds);
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
