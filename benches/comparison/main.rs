//! Compares the outcomes of the contenders. Prints the tables of COMPARISON.md that can be reproduced
//! exactly: `--update` writes them to the page, and `--check` fails if the page differs.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use contenders::{CONTENDERS, Contender, Outcome};

const PAGE: &str = "../COMPARISON.md";

/// Queries in the table of outcomes; each is preceded by a token.
const QUERIES: [&str; 11] = [
    "v1=133",
    "v1=99999999999999999999",
    "v2=1e999",
    "v2=NaN",
    "v2=++21.5",
    "v2=1e+2",
    "v3=a+b",
    "v3=100%zz",
    "v3=%FF",
    "v1=1&v1=2",
    "v1=1&v256=2",
];

/// Queries whose errors are quoted.
const QUOTED: [&str; 4] = ["v1=24cm", "v1=133", "v1=1&v256=2", "v3=100%zz"];

/// Workloads of RESULTS.md that are quoted.
const WORKLOADS: [&str; 5] = [
    "real_numbers",
    "pins_32",
    "escaped",
    "texts_1_40",
    "server_like",
];

fn main() -> ExitCode {
    let sections = [
        ("versions", versions()),
        ("outcomes", outcomes()),
        ("errors", errors()),
        ("speed", speed(&read("../RESULTS.md"))),
    ];
    let page = read(PAGE);
    let updated = sections.iter().fold(page.clone(), |page, (name, text)| {
        replace_section(&page, name, text)
    });
    match std::env::args().nth(1).as_deref() {
        None => {
            for (_, text) in sections {
                println!("{text}");
            }
        }
        Some("--update") => fs::write(path(PAGE), updated).expect("the page is writable"),
        Some("--check") if page == updated => println!("COMPARISON.md is up to date"),
        Some("--check") => {
            eprintln!("COMPARISON.md is out of date: run with --update, and review the changes");
            return ExitCode::FAILURE;
        }
        Some(other) => {
            eprintln!("unknown argument {other}: expected --update or --check");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn path(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Replaces the text between two markers.
fn replace_section(page: &str, name: &str, text: &str) -> String {
    let [begin, end] = ["begin", "end"].map(|edge| format!("<!-- {name}: {edge} -->"));
    let (before, rest) = page.split_once(&begin).expect("a first marker");
    let (_, after) = rest.split_once(&end).expect("a last marker");
    format!("{before}{begin}\n{text}{end}{after}")
}

/// Formats the versions of the crates, from the lock file.
fn versions() -> String {
    let lock = include_str!("Cargo.lock");
    let version = |name: &&str| {
        let entry = format!("[[package]]\nname = \"{name}\"\nversion = \"");
        let (_, rest) = lock.split_once(&entry).expect("every crate is locked");
        let (version, _) = rest.split_once('"').expect("versions are quoted");
        format!("`{name}` {version}")
    };
    let crates = CONTENDERS.iter().flat_map(|contender| contender.crates);
    let list: Vec<_> = crates.map(version).collect();
    format!("{}.\n", list.join(", "))
}

fn title(contender: &Contender) -> String {
    contender.crates.join(" + ")
}

fn outcome(contender: &Contender, query: &str) -> Outcome {
    (contender.parse)(&format!("token=t&{query}"))
}

fn row(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<_> = cells.into_iter().collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Formats a table with a column per contender.
fn outcomes() -> String {
    let titles = CONTENDERS.iter().map(title);
    let mut table = row(["query".to_owned()].into_iter().chain(titles));
    table += &row(vec!["---".to_owned(); CONTENDERS.len() + 1]);
    for query in QUERIES {
        let cells = CONTENDERS
            .iter()
            .map(|contender| match outcome(contender, query) {
                Ok(accepted) => format!("`{}`", accepted.values),
                Err(_) => "rejected".to_owned(),
            });
        table += &row([format!("`{query}`")].into_iter().chain(cells));
    }
    let tokens = CONTENDERS.iter().map(tokens);
    table
        + &row(["tokens `%FF` and `%FE`".to_owned()]
            .into_iter()
            .chain(tokens))
}

/// Compares two different tokens that are not UTF-8 when decoded.
fn tokens(contender: &Contender) -> String {
    let [first, second] =
        ["%FF", "%FE"].map(|token| (contender.parse)(&format!("token={token}&v1=1")));
    match (first, second) {
        (Ok(first), Ok(second)) if first.token == second.token => "equal",
        (Ok(_), Ok(_)) => "different",
        _ => "rejected",
    }
    .to_owned()
}

/// Quotes the errors.
fn errors() -> String {
    let mut text = "```text\n".to_owned();
    for query in QUOTED {
        text += &format!("{query}\n");
        for contender in CONTENDERS {
            if let Err(error) = outcome(contender, query) {
                text += &format!("    {:<24}  {}\n", title(contender), error.trim_end());
            }
        }
    }
    text + "```\n"
}

/// Copies ratios from the first table of RESULTS.md.
fn speed(results: &str) -> String {
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    let lines = results.lines().filter(|line| line.starts_with('|'));
    let mut lines = lines.map(cells).filter(|cells| cells.len() > 5);
    let header = lines.next().expect("RESULTS.md has a table of ratios");
    let rows: Vec<_> = lines
        .take_while(|cells| cells.len() == header.len())
        .collect();
    let mut table = row(["parser".to_owned()]
        .into_iter()
        .chain(WORKLOADS.map(|name| format!("`{name}`"))));
    table += &row(vec!["---".to_owned(); WORKLOADS.len() + 1]);
    for contender in CONTENDERS {
        // The library itself is not in the table: its ratio is 1 by definition.
        let Some(column) = header.iter().position(|name| name == contender.crates[0]) else {
            continue;
        };
        let ratios = WORKLOADS.map(|workload| {
            let row = rows.iter().find(|row| row[0] == workload);
            row.expect("RESULTS.md has this workload")[column].clone()
        });
        table += &row([contender.crates[0].to_owned()].into_iter().chain(ratios));
    }
    table
}
