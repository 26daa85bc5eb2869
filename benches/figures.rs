//! Figures that do not drift, kept in the repository: `WORKLOAD CONTENDER FIGURE`, tab by tab.

use std::fs;
use std::path::PathBuf;

/// One figure a request for each workload and contender.
#[derive(Default)]
pub struct Figures(pub Vec<(String, String, f64)>);

impl Figures {
    /// The figures in a file, whose path begins in `benches`.
    pub fn read(name: &str) -> Self {
        let text = fs::read_to_string(path(name));
        let text = text.unwrap_or_else(|error| panic!("{name}: {error}"));
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.filter_map(parse).collect())
    }

    /// The figure of a contender on a workload.
    pub fn get(&self, workload: &str, contender: &str) -> Option<f64> {
        let mut lines = self.0.iter();
        lines
            .find(|line| line.0 == workload && line.1 == contender)
            .map(|line| line.2)
    }
}

fn parse(line: &str) -> Option<(String, String, f64)> {
    let mut fields = line.split('\t');
    let (workload, contender) = (fields.next()?, fields.next()?);
    let figure = fields.next()?.parse().ok()?;
    Some((workload.to_owned(), contender.to_owned(), figure))
}

/// Where a file of the bench package is.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}
