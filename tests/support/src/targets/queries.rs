//! Whole queries: what holds for each, and what the reference says of it.

use std::sync::LazyLock;

use super::{Summary, summary};
use crate::plain::Template;
use crate::types::{self, Datastream};
use crate::{Device, convert, notation};

/// The device of [`parse`].
pub static FUZZ_TEMPLATE: LazyLock<Device> =
    LazyLock::new(|| Device::read(&types::FUZZ_TEMPLATE.join(" ")));

/// Any bytes as a query, against one template: what [`Device::hold`] asserts.
pub fn parse(query: &[u8]) -> Summary {
    FUZZ_TEMPLATE.check_invariants(query);
    Some(summary(&FUZZ_TEMPLATE.parse(query)))
}

/// A template in the notation of the spec lines, and behind the line's end any bytes as a query:
/// library and reference agree.
pub fn against_reference(data: &[u8]) -> Summary {
    let (device, query) = device(data)?;
    Some(summary(&device.outcome(query)))
}

/// The device of the first line, and what stands behind the line. What no template can have is
/// refused by the library, too.
pub fn device(data: &[u8]) -> Option<(Device, &[u8])> {
    let end = data.iter().position(|&byte| byte == b'\n')?;
    let plain = notation::template(std::str::from_utf8(&data[..end]).ok()?).ok()?;
    let library = convert::template(&plain).ok();
    assert_eq!(library.is_some(), is_sound(&plain), "{plain:?}");
    let device = Device {
        plain,
        library: library?,
    };
    Some((device, &data[end + 1..]))
}

fn is_sound(template: &Template) -> bool {
    template.values().all(Datastream::is_sound)
}
