//! Whole queries: what holds for each, and what the reference says of it.

use std::sync::LazyLock;

use super::support::{self, invariants, library_template, notation};
use pinquery_reference::{Datastream, Template};

/// Every type, narrow and wide, on low pins and on pins of three digits.
pub const RICH: &str = "v0:integer v1:integer(0,100) v2:double v3:string(64) \
    v4:enumerable(0,20,130;0) v5:location v6:boolean v7:double(-40,125) v8:enumerable(-1,7) \
    v9:string v10-v12:double v30:integer(-9223372036854775808,9223372036854775807) \
    v40:string(4) v50-v51:location v100:integer v199-v201:double v255:string(100000)";

/// Any bytes as a query, against one template: the invariants of `support::invariants`.
pub fn parse(query: &[u8]) {
    let (template, ours) = &FIXED[0];
    invariants::hold_by(query, template, ours);
}

/// The templates that the first byte of `against_reference` chooses from; an eighth is made of the
/// eight bytes behind it.
pub const TEMPLATES: [&str; 7] = [
    RICH,
    "v0-v12:integer(-100,1000)",
    "v0-v12:double(-40,125)",
    "v0-v12:string(8)",
    "v0-v12:enumerable(0,20,130;0)",
    "v0-v12:location",
    "v0-v12:boolean",
];

static FIXED: LazyLock<Vec<(Template, pinquery::Template)>> = LazyLock::new(|| {
    let templates = TEMPLATES.map(notation::template);
    templates
        .into_iter()
        .map(|template| (template.clone(), library_template(&template)))
        .collect()
});

/// A template, and any bytes as a query: library and reference agree.
pub fn against_reference(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    if let Some((template, ours)) = FIXED.get(usize::from(choice & 7)) {
        support::agree_by(rest, template, ours);
    } else if let Some((bytes, query)) = rest.split_at_checked(8) {
        support::agree(query, &template_of(bytes));
    }
}

/// `v0` to `v7`, a byte for each: its low bits the type, its high bits the bounds.
fn template_of(bytes: &[u8]) -> Template {
    (0..).zip(bytes).filter_map(pin).collect()
}

fn pin((pin, &byte): (u8, &u8)) -> Option<(u8, Datastream)> {
    let size = i64::from(byte >> 3);
    let datastream = match byte & 7 {
        0 => Datastream::Integer {
            min: -size,
            max: size,
        },
        1 => Datastream::Integer {
            min: i64::MIN + size,
            max: i64::MAX - size,
        },
        2 => Datastream::Double {
            min: -size as f64,
            max: size as f64 / 8.0,
        },
        3 => Datastream::String {
            max_len: byte as usize >> 3,
        },
        4 => Datastream::Enumerable {
            values: (0..=size % 8).map(|value| value * size).collect(),
            fallback: (size & 8 == 0).then_some(0),
        },
        5 => Datastream::Location,
        6 => Datastream::Boolean,
        _ => return None,
    };
    Some((pin, datastream))
}
