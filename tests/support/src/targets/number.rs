//! Numbers, in every datastream that reads them.

use std::cmp::Ordering;
use std::sync::LazyLock;

use pinquery::VirtualPin;

use super::{Summary, summary};
use crate::encoding::{Choices, encode};
use crate::plain::{Adjustment, Outcome, Update, Updates, Value};
use crate::{Device, convert, types};

static DEVICE: LazyLock<Device> = LazyLock::new(|| {
    Device::read(
        "v1:integer v2:double v3:enumerable(0,20,130;0) v4:location v5:location \
         v6:integer(-5,5) v7:double(-0.5,1e3) v8:enumerable(-9223372036854775808,7)",
    )
});

/// Every place of a number in a query: each type, wide and narrow, and both halves of a location.
const PLACES: [(&str, &str); 10] = [
    ("v1=", ""),
    ("v2=", ""),
    ("v3=", ""),
    ("v6=", ""),
    ("v7=", "&v1=1"),
    ("v8=", "&"),
    ("v4=", ",1"),
    ("v4=1,", ""),
    ("v5=1&v5=", ""),
    ("v5=", "&v5=1"),
];

/// A byte that chooses how to write it, and any bytes as the text of a number: the reference's view
/// of it at every place, which for doubles is `core`'s, exact decimal arithmetic for integers, and
/// zeros and blanks that change nothing.
pub fn number(data: &[u8]) -> Summary {
    let (choice, text) = data.split_first()?;
    let padded = padded(text);
    let mut all = Vec::new();
    for (before, behind) in PLACES {
        let parse = |text: &[u8], choice| {
            let value = encode(text, &mut Choices::new(&[choice]));
            let query = [b"token=t&", before.as_bytes(), &value, behind.as_bytes()].concat();
            DEVICE.outcome(&query)
        };
        let outcome = parse(text, *choice);
        if let Some(padded) = &padded {
            let again = parse(padded, !choice);
            assert!(is_alike(&outcome, &again), "padding changed the outcome");
        }
        all.push(summary(&outcome));
    }
    exact(text, &encode(text, &mut Choices::new(&[*choice])));
    all.dedup();
    Some(all.join("; "))
}

/// Whether both are the same but for the place of an error.
fn is_alike(one: &Outcome, other: &Outcome) -> bool {
    match (one, other) {
        (Err(one), Err(other)) => one.kind == other.kind,
        _ => one == other,
    }
}

/// The same number with a zero in front and blanks around, where there is a digit to put it before.
fn padded(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    let signs = usize::from(matches!(text, [b'+' | b'-', ..]));
    let (sign, digits) = text.split_at(signs);
    // Each byte may take three, and what is longer than the limit is refused.
    let has_room = text.len() < 1300;
    let is_digit = digits.first().is_some_and(u8::is_ascii_digit);
    (has_room && is_digit).then(|| [b"\t ", sign, b"0", digits, b"\r\n"].concat())
}

/// An integer of any length, as the digits that it is written with.
fn exact(text: &[u8], value: &[u8]) {
    static WIDE: LazyLock<Device> = LazyLock::new(|| {
        let (min, max) = (i64::MIN, i64::MAX);
        let widest = types::Integer { min, max };
        Device::new([(1, types::Datastream::Integer(widest))].into())
    });
    let query = [b"token=t&v1=", value].concat();
    let parsed = pinquery::parse(&query, |_| Some(&WIDE.library));
    let Some(number) = Digits::of(text).filter(|_| value.len() <= 4096) else {
        assert!(parsed.is_err());
        return;
    };
    let (integer, adjusted) = if number.is_beyond(i64::MIN) {
        (i64::MIN, Some(Adjustment::Min))
    } else if number.is_beyond(i64::MAX) {
        (i64::MAX, Some(Adjustment::Max))
    } else {
        (number.written().parse().unwrap(), None)
    };
    let expected = Update {
        pin: VirtualPin(1),
        value: Value::Integer(integer),
        adjusted,
    };
    assert_eq!(convert::outcome(parsed), Ok(Updates(vec![expected])));
}

/// `[+-]?[0-9]+`, without the leading zeros.
struct Digits {
    negative: bool,
    digits: String,
}

impl Digits {
    fn of(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text.trim_ascii()).ok()?;
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            negative: text.starts_with('-'),
            digits: digits.trim_start_matches('0').to_owned(),
        })
    }

    fn written(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}0{}", self.digits)
    }

    /// Whether the number is farther from zero than the bound, on the bound's side.
    fn is_beyond(&self, bound: i64) -> bool {
        let limit = bound.unsigned_abs().to_string();
        let by_length = self.digits.len().cmp(&limit.len());
        let farther = by_length.then_with(|| self.digits.cmp(&limit)) == Ordering::Greater;
        self.negative == (bound < 0) && farther
    }
}
