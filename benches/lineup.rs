//! All contenders, and the workloads that some of them do not support.

use crate::contender::Entry;
use crate::corpus::Workload;
use crate::library::{Parse, Reference, UpdatesInto};
use crate::rivals;

/// The library's entry points. Ratios are relative to the first.
pub const LIBRARY: [&str; 2] = ["updates_into", "parse"];

/// Every contender, the library first.
pub const ALL: [Entry; 10] = [
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
];

const MAPS: &[&str] = &["serde_urlencoded", "axum", "actix-web"];

/// Contenders, the workloads that they do not support, and why.
pub const EXCLUSIONS: [(&[&str], &[&str], &str); 5] = [
    (
        &["memchr"],
        &[
            "real",
            "escaped",
            "cyrillic",
            "cyrillic_raw",
            "mixed_text",
            "refused",
            "refused_escapes",
            "refused_first",
        ],
        "does not decode",
    ),
    (
        &["form_urlencoded", "serde_urlencoded", "axum", "actix-web"],
        &["refused_escapes", "refused_first"],
        "silently repair malformed escapes and invalid UTF-8",
    ),
    (
        MAPS,
        &["real", "location_pairs"],
        "keep one value per name: the second half of a location replaces the first",
    ),
    (
        MAPS,
        &["refused"],
        "keep one value per name: duplicate pins and tokens go unnoticed",
    ),
    (
        &["axum"],
        &["bytes_65536", "bytes_1048576"],
        "a URI has less than 64 KiB",
    ),
];

/// Returns whether a contender supports the workload.
#[must_use]
pub fn supports(entry: &Entry, workload: &Workload) -> bool {
    !EXCLUSIONS.iter().any(|(contenders, workloads, _)| {
        contenders.contains(&entry.name) && workloads.contains(&&*workload.name)
    })
}

/// Returns the contenders that support the workload; the first is `updates_into`.
pub fn contenders_for(workload: &Workload) -> impl Iterator<Item = &'static Entry> {
    ALL.iter().filter(|entry| supports(entry, workload))
}
