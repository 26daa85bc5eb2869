//! A template as a flat table, and the tables that replace branches.

use pinquery::Adjustment;
use pinquery_test_support::plain;

use crate::device::Datastream;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    #[default]
    Integer,
    Double,
    String,
}

/// A pin's datastream.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(32))]
pub struct Entry {
    /// The minimum and the negated maximum: lower bounds of a number and of its negative.
    pub bounds: [f64; 2],
    /// The maximum of a number, or of a string's length.
    pub max: f64,
    /// Zero if the pin has no datastream.
    pub name: u32,
    /// All ones if a point is not allowed.
    pub integral: u8,
    pub kind: Kind,
}

/// The datastreams by pin, and the last of their kinds.
#[derive(Debug)]
pub struct Template(pub [Entry; 256], pub Kind);

impl Template {
    /// Returns `None` if a datastream is not supported.
    #[must_use]
    pub fn new(plain: &plain::Template) -> Option<Box<Self>> {
        let mut template = Self([Entry::default(); 256], Kind::Integer);
        let exact = |bound: i64| (bound.unsigned_abs() <= 1 << 53).then_some(bound as f64);
        for (&pin, datastream) in plain {
            let (kind, min, max) = match datastream {
                Datastream::Integer(it) => (Kind::Integer, exact(it.min)?, exact(it.max)?),
                Datastream::Double(it) => (Kind::Double, it.min, it.max),
                Datastream::String(it) => (Kind::String, 0.0, it.max_len as f64),
                _ => return None,
            };
            let name = format!("v{pin}\0\0");
            template.0[usize::from(pin)] = Entry {
                bounds: [min, -max],
                max,
                name: u32::from_le_bytes(*name.as_bytes().first_chunk()?),
                integral: u8::from(kind != Kind::Integer).wrapping_sub(1),
                kind,
            };
            template.1 = template.1.max(kind);
        }
        Some(Box::new(template))
    }
}

/// One structure, so that one register addresses all tables.
#[repr(C, align(16))]
pub struct Tables {
    /// Signs of a number and its negative.
    pub signs: [[f64; 2]; 2],
    /// Powers of ten, by the length of a fraction with its point.
    pub powers: [[f64; 2]; 9],
    /// By the bit of the offset of `=`, divided by four: the mask of a name, its `v` and zeros, and
    /// the factor that adds up its digits in the highest byte.
    pub names: [[u32; 8]; 3],
    /// By two bits: below the minimum, above the maximum.
    pub adjusted: [Option<Adjustment>; 4],
    /// The 16 bytes from an offset mark as many bytes at their end.
    pub last: [u8; 32],
}

pub static TABLES: Tables = Tables {
    signs: [[0.0, -0.0], [-0.0, 0.0]],
    powers: [
        [1e0; 2], [1e0; 2], [1e1; 2], [1e2; 2], [1e3; 2], [1e4; 2], [1e5; 2], [1e6; 2], [1e7; 2],
    ],
    names: [
        [0x20, 0xFFFF, 0xFF_FFFF, 0x20, u32::MAX, 0x20, 0x20, 0x20],
        [0, 0x3076, 0x30_3076, 0, 0x3030_3076, 0, 0, 0],
        [0, 0x1_0000, 0xA_0100, 0, 0x64_0A01, 0, 0, 0],
    ],
    adjusted: [None, Some(Adjustment::Min), Some(Adjustment::Max), None],
    last: {
        let mut last = [0; 32];
        last.split_at_mut(16).1.copy_from_slice(&[u8::MAX; 16]);
        last
    },
};
