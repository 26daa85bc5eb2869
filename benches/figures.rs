//! Figures that do not drift, kept in the repository: `WORKLOAD CONTENDER FIGURE`, tab by tab.

use std::fs;
use std::path::{Path, PathBuf};

/// One figure a request for each workload and contender.
#[derive(Default)]
pub struct Figures(pub Vec<(String, String, f64)>);

impl Figures {
    /// The committed figures in a file of `benches`; none where there is no such file.
    pub fn committed(name: &str) -> Self {
        let path = path(name);
        if path.exists() {
            Self::read(&path)
        } else {
            Self::default()
        }
    }

    /// The figures in a file.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("there is a file of figures");
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
