//! All contenders, and the workloads that some of them do not support.

use std::fmt;

use crate::contender::Entry;
use crate::corpus::Workload;
use crate::library::{Parse, Reference, UpdatesInto};
#[cfg(target_arch = "x86_64")]
use crate::limit::Limit;
use crate::rivals;

/// The library's entry points. Ratios are relative to the first.
pub const LIBRARY: [&str; 2] = ["updates_into", "parse"];

/// Every contender, the library first.
pub const ALL: &[Entry] = &[
    Entry::new::<UpdatesInto>(LIBRARY[0]),
    Entry::new::<Parse>(LIBRARY[1]),
    Entry::new::<rivals::FormUrlencoded>("form_urlencoded"),
    Entry::new::<rivals::FormNet>("form-net"),
    Entry::new::<rivals::Xocomil>("xocomil"),
    Entry::new::<rivals::Memchr>("memchr"),
    Entry::unordered::<rivals::SerdeUrlencoded>("serde_urlencoded"),
    Entry::unordered::<rivals::Axum>("axum"),
    Entry::unordered::<rivals::Actix>("actix-web"),
    Entry::new::<Reference>("reference"),
    #[cfg(target_arch = "x86_64")]
    Entry::new::<Limit>("limit"),
];

/// A set of workloads.
#[derive(Clone, Copy, Debug)]
pub enum Workloads {
    /// Only these workloads.
    These(&'static [&'static str]),
    /// All workloads except these.
    AllBut(&'static [&'static str]),
}

impl Workloads {
    fn contains(self, name: &str) -> bool {
        match self {
            Self::These(names) => names.contains(&name),
            Self::AllBut(names) => !names.contains(&name),
        }
    }
}

/// Writes `real, escaped` or `all but real, escaped`.
impl fmt::Display for Workloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::These(names) => f.write_str(&names.join(", ")),
            Self::AllBut(names) => write!(f, "all but {}", names.join(", ")),
        }
    }
}

const MAPS: &[&str] = &["serde_urlencoded", "axum", "actix-web"];

/// Contenders, the workloads that they do not support, and why.
pub const EXCLUSIONS: [(&[&str], Workloads, &str); 6] = [
    (
        &["memchr"],
        Workloads::These(&[
            "real",
            "escaped",
            "cyrillic",
            "cyrillic_raw",
            "mixed_text",
            "refused",
            "refused_escapes",
            "refused_first",
        ]),
        "does not decode",
    ),
    (
        &["form_urlencoded", "serde_urlencoded", "axum", "actix-web"],
        Workloads::These(&["refused_escapes", "refused_first"]),
        "silently repair malformed escapes and invalid UTF-8",
    ),
    (
        MAPS,
        Workloads::These(&["real", "location_pairs"]),
        "keep one value per name: the second half of a location replaces the first",
    ),
    (
        MAPS,
        Workloads::These(&["refused"]),
        "keep one value per name: duplicate pins and tokens go unnoticed",
    ),
    (
        &["axum"],
        Workloads::These(&["bytes_65536", "bytes_1048576"]),
        "rejects URIs of 64 KiB and more",
    ),
    (
        &["limit"],
        Workloads::AllBut(&["vendor_example", "pins_32", "long_text"]),
        "a prototype with unsafe code, not a rival",
    ),
];

/// Returns whether a contender supports the workload.
#[must_use]
pub fn supports(entry: &Entry, workload: &Workload) -> bool {
    !EXCLUSIONS.iter().any(|(contenders, workloads, _)| {
        contenders.contains(&entry.name) && workloads.contains(&workload.name)
    })
}

/// Returns the contenders that support the workload; the first is `updates_into`.
pub fn contenders_for(workload: &Workload) -> impl Iterator<Item = &'static Entry> {
    ALL.iter().filter(|entry| supports(entry, workload))
}
