//! Whole queries: what holds for each, and what the reference says of it.

use std::sync::LazyLock;

use super::{Told, told};
use crate::plain::Template;
use crate::{Device, convert, notation};

/// Every type, narrow and wide, on low pins and on pins of three digits.
pub const RICH: &str = "v0:integer v1:integer(0,100) v2:double v3:string(64) \
    v4:enumerable(0,20,130;0) v5:location v6:boolean v7:double(-40,125) v8:enumerable(-1,7) \
    v9:string v10-v12:double v30:integer(-9223372036854775808,9223372036854775807) \
    v40:string(4) v50-v51:location v100:integer v199-v201:double v255:string(100000)";

/// Any bytes as a query, against one template: what [`Device::hold`] asserts.
pub fn parse(query: &[u8]) -> Told {
    static DEVICE: LazyLock<Device> = LazyLock::new(|| Device::read(RICH));
    DEVICE.hold(query);
    Some(told(&DEVICE.judge(query)))
}

/// A template in the notation of the spec lines, and behind the line's end any bytes as a query:
/// library and reference agree.
pub fn against_reference(data: &[u8]) -> Told {
    let (device, query) = device(data)?;
    Some(told(&device.outcome(query)))
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
    template.values().all(|datastream| datastream.is_sound())
}
