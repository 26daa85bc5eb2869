//! Instructions per request, as committed in `instructions.tsv`: `WORKLOAD CONTENDER FIGURE`, separated
//! by tabs.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::lineup::LIBRARY;
use crate::table;

/// Another build of the standard library changes the figures by about 1 %.
const TOLERANCE: f64 = 0.03;

/// The same binary needs up to twelve instructions more or fewer to copy the updates of `parse`,
/// depending on where the length of the environment places the stack.
const SLACK: f64 = 16.0;

/// Instructions per request for each workload and contender.
#[derive(Default)]
pub struct Figures(Vec<(String, String, f64)>);

impl Figures {
    /// Reads the figures of a file, whose path is relative to this package.
    ///
    /// # Panics
    ///
    /// If the file is not readable.
    #[must_use]
    pub fn read(file: &Path) -> Self {
        let text = fs::read_to_string(path(file));
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.filter_map(parse).collect())
    }

    /// Returns the figure of a contender on a workload.
    #[must_use]
    pub fn get(&self, workload: &str, contender: &str) -> Option<f64> {
        let mut lines = self.0.iter();
        let line = lines.find(|line| line.0 == workload && line.1 == contender)?;
        Some(line.2)
    }

    /// Adds a figure.
    pub fn push(&mut self, workload: &str, contender: &str, figure: f64) {
        let (workload, contender) = (workload.to_owned(), contender.to_owned());
        self.0.push((workload, contender, figure));
    }

    /// Returns the number of figures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the workloads in the order in which their first figures were added.
    #[must_use]
    pub fn workloads(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for (name, ..) in &self.0 {
            if !names.contains(&&**name) {
                names.push(&**name);
            }
        }
        names
    }

    /// Writes the figures to a file.
    ///
    /// # Panics
    ///
    /// If the file is not writable.
    pub fn write(&self, file: &Path) {
        let mut text = "# instructions per request: workload, contender, figure. Updated by\n\
             # cargo bench -p pinquery-bench --bench instructions -- --update\n"
            .to_owned();
        for (workload, contender, figure) in &self.0 {
            writeln!(text, "{workload}\t{contender}\t{figure:.3}").expect("strings are writable");
        }
        fs::write(path(file), text).expect("the package's directory is writable");
    }

    /// Prints the figures next to the committed ones. Returns how many of the library's are worse or
    /// not committed; a new version of a rival may be worse.
    #[must_use]
    pub fn compare_with_committed(&self, committed: &Self) -> usize {
        let mut failures = 0;
        for (workload, contender, figure) in &self.0 {
            let was = committed.get(workload, contender);
            let (verdict, fails) = match was {
                Some(was) if *figure > was * (1.0 + TOLERANCE) + SLACK => ("WORSE", true),
                Some(was) if *figure < was * (1.0 - TOLERANCE) - SLACK => ("better: update", false),
                Some(_) => ("", false),
                None => ("NOT COMMITTED", true),
            };
            let was = was.map_or_else(|| "-".to_owned(), |was| format!("{was:.1}"));
            println!("{workload:16} {contender:16} {figure:10.1} {was:>10} {verdict}");
            failures += usize::from(fails && LIBRARY.contains(&&**contender));
        }
        failures
    }

    /// Prints the library's figures relative to those of `parse` in another version.
    pub fn print_changes_since(&self, old: &Self) {
        let header = ["workload", "old parse", "parse", "", "updates_into", ""];
        let [into, parse] = LIBRARY;
        let rows = self.workloads().into_iter().map(|workload| {
            let was = old.get(workload, parse);
            let number = |figure: Option<f64>| figure.map_or("-".to_owned(), |f| format!("{f:.0}"));
            let change = |figure: Option<f64>| {
                let change = was.zip(figure).map(|(was, now)| (now / was - 1.0) * 100.0);
                change.map_or("-".to_owned(), |percent| format!("{percent:+.1} %"))
            };
            let [into, parse] = [into, parse].map(|name| self.get(workload, name));
            vec![
                workload.to_owned(),
                number(was),
                number(parse),
                change(parse),
                number(into),
                change(into),
            ]
        });
        println!("{}", table::markdown(&header, rows));
    }
}

fn parse(line: &str) -> Option<(String, String, f64)> {
    let mut fields = line.split('\t');
    let (workload, contender) = (fields.next()?, fields.next()?);
    let figure = fields.next()?.parse().ok()?;
    Some((workload.to_owned(), contender.to_owned(), figure))
}

fn path(file: &Path) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}
