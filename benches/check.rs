//! Holds what was measured to the committed figures, or renews these.

use std::fmt::Write;
use std::fs;
use std::process::ExitCode;

use crate::contender::LIBRARY;
use crate::figures::{Figures, path};

/// A sort of figure.
pub struct Sort {
    /// The committed file in `benches/`.
    pub file: &'static str,
    /// The bench that measures it.
    pub bench: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// How much more than the committed figure is still no failure: 0.03 for 3 in 100.
    pub tolerance: f64,
    /// And how much more whatever the figure is.
    pub slack: f64,
}

impl Sort {
    /// Writes what was measured into the committed file.
    pub fn renew(&self, measured: &Figures) -> ExitCode {
        let mut text = format!(
            "# {} a request: workload, contender, figure. Renewed by\n\
             # cargo bench -p pinquery-bench --bench {} -- --renew\n",
            self.unit, self.bench
        );
        for (workload, contender, figure) in measured.iter() {
            writeln!(text, "{workload}\t{contender}\t{figure:.3}").expect("a string takes it");
        }
        fs::write(path(self.file), text).expect("the package's folder can be written to");
        println!("benches/{} is renewed", self.file);
        ExitCode::SUCCESS
    }

    /// Fails where the library needs more than its committed figure. What the rivals need is
    /// theirs to say: a new version of one fails nothing.
    pub fn check(&self, measured: &Figures) -> ExitCode {
        let committed = Figures::read(self.file);
        let mut worse = 0;
        for (workload, contender, figure) in measured.iter() {
            let was = committed.get(workload, contender);
            let verdict = match was {
                Some(was) if figure > was * (1.0 + self.tolerance) + self.slack => "WORSE",
                Some(was) if figure < was * (1.0 - self.tolerance) - self.slack => "better: renew",
                Some(_) => "",
                None => "NOT COMMITTED",
            };
            let was = was.map_or_else(|| "-".to_owned(), |was| format!("{was:.1}"));
            println!("{workload:16} {contender:16} {figure:10.1} {was:>10} {verdict}");
            worse += usize::from(LIBRARY.contains(&contender) && verdict.starts_with(['W', 'N']));
        }
        if worse == 0 {
            return ExitCode::SUCCESS;
        }
        println!(
            "{worse} of the library's figures exceed benches/{} by more than {}% and {:.0}, or are \
             not in it. If that is meant: cargo bench -p pinquery-bench --bench {} -- --renew",
            self.file,
            self.tolerance * 100.0,
            self.slack,
            self.bench
        );
        ExitCode::FAILURE
    }
}

impl Figures {
    /// Adds a figure.
    pub fn push(&mut self, workload: &str, contender: &str, figure: f64) {
        self.0
            .push((workload.to_owned(), contender.to_owned(), figure));
    }

    /// All figures in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, f64)> {
        self.0.iter().map(|line| (&*line.0, &*line.1, line.2))
    }
}
