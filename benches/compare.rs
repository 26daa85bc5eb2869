//! Two versions of the library, by their figures.

use std::collections::HashSet;
use std::process::ExitCode;

use crate::contender::LIBRARY;
use crate::figures::Figures;

/// Prints what the library takes through what another version of it takes by `parse`.
pub fn print_changes(old: &Figures, new: &Figures) -> ExitCode {
    let [into, parse] = LIBRARY;
    println!("| workload         | old {parse} | new {parse} |         | new {into} |         |");
    println!("| ---------------- | --------: | --------: | ------: | ---------------: | ------: |");
    for workload in new.workloads() {
        let was = old.get(workload, parse);
        let number = |figure: Option<f64>| figure.map_or("-".to_owned(), |f| format!("{f:.0}"));
        let change = |figure: Option<f64>| {
            let change = was.zip(figure).map(|(was, now)| (now / was - 1.0) * 100.0);
            change.map_or("-".to_owned(), |percent| format!("{percent:+.1} %"))
        };
        let [into, parse] = LIBRARY.map(|way| new.get(workload, way));
        println!(
            "| {workload:16} | {:>9} | {:>9} | {:>7} | {:>16} | {:>7} |",
            number(was),
            number(parse),
            change(parse),
            number(into),
            change(into)
        );
    }
    ExitCode::SUCCESS
}

impl Figures {
    /// All workloads in their order.
    pub fn workloads(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.iter().map(|(workload, ..)| workload).collect();
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(*name));
        names
    }
}
