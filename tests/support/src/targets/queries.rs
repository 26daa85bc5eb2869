//! Whole queries: invariants, and agreement with the reference.

use std::sync::LazyLock;

use super::{Summary, shortened, summary};
use crate::plain::{Template, Updates, show};
use crate::types::{self, Datastream};
use crate::{Device, convert, notation};

/// The device of [`parse`].
pub static FUZZ_TEMPLATE: LazyLock<Device> =
    LazyLock::new(|| Device::read(&types::FUZZ_TEMPLATE.join(" ")));

/// Checks the invariants of a query with one template; see [`Device::check_invariants`].
pub fn parse(query: &[u8]) -> Summary {
    FUZZ_TEMPLATE.check_invariants(query);
    Some(summary(&FUZZ_TEMPLATE.parse(query)))
}

/// Asserts that library and reference agree on a template, in its notation, and a query on the
/// following lines.
pub fn against_reference(data: &[u8]) -> Summary {
    let (device, query) = device(data)?;
    Some(summary(&device.outcome(query)))
}

/// Checks the invariants of a query, its results included, and that library and reference agree on
/// them. The input is that of [`against_reference`].
pub fn results(data: &[u8]) -> Summary {
    let (device, query) = device(data)?;
    device.check_invariants(query);
    let outcome = device.outcome(query);
    let Some(results) = device.results(query) else {
        return Some(summary(&outcome));
    };
    let results = convert::results(results).into_iter();
    let shown: Vec<_> = results
        .map(|result| show(&result.map(|update| Updates(vec![update]))))
        .collect();
    Some(shortened(&shown.join("; ")))
}

/// Splits an input into the device of its first line and the rest. Asserts that the library
/// rejects invalid bounds.
pub fn device(data: &[u8]) -> Option<(Device, &[u8])> {
    let end = data.iter().position(|&byte| byte == b'\n')?;
    let plain = notation::template(std::str::from_utf8(&data[..end]).ok()?).ok()?;
    let library = convert::template(&plain).ok();
    assert_eq!(library.is_some(), is_valid(&plain), "{plain:?}");
    let device = Device {
        plain,
        library: library?,
    };
    Some((device, &data[end + 1..]))
}

fn is_valid(template: &Template) -> bool {
    template.values().all(Datastream::is_valid)
}
