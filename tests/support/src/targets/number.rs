//! Numbers, in every datastream that parses them.

use std::cmp::Ordering;
use std::sync::LazyLock;

use pinquery::VirtualPin;

use super::{Summary, summary};
use crate::Device;
use crate::decimal::Decimal;
use crate::encoding::{Choices, encode};
use crate::plain::{Adjustment, Outcome, Rejection, Update, Updates, Value};

static DEVICE: LazyLock<Device> = LazyLock::new(|| {
    Device::read(
        "v1:integer v2:double v3:enumerable(0,20,130;0) v4:location v5:location \
         v6:integer(-5,5) v7:double(-0.5,1e3) v8:enumerable(-9223372036854775808,7)",
    )
});

/// Every context of a number in a query: each type, wide and narrow, and both halves of a location.
const CONTEXTS: [(&str, &str); 10] = [
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

/// Parses a number in every context; the first byte chooses its encoding.
///
/// Asserts that library and reference agree, that integers match decimal arithmetic on their digits and
/// doubles are the nearest to their [`Decimal`], and that a leading zero and white space change nothing.
pub fn number(data: &[u8]) -> Summary {
    let (choice, text) = data.split_first()?;
    let padded = padded(text);
    let mut all = Vec::new();
    for (before, after) in CONTEXTS {
        let parse = |text: &[u8], choice| {
            let value = encode(text, &mut Choices::new(&[choice]));
            let query = [b"token=t&", before.as_bytes(), &value, after.as_bytes()].concat();
            DEVICE.outcome(&query)
        };
        let outcome = parse(text, *choice);
        if let Some(padded) = &padded {
            let again = parse(padded, !choice);
            assert!(is_alike(&outcome, &again), "padding changed the outcome");
        }
        all.push(summary(&outcome));
    }
    let value = encode(text, &mut Choices::new(&[*choice]));
    let text = (value.len() <= 4096).then_some(text.trim_ascii());
    let text = text.and_then(|text| std::str::from_utf8(text).ok());
    exact_integer(text, &value);
    exact_double(text, &value);
    all.dedup();
    Some(all.join("; "))
}

/// Returns whether both are equal except for the span of an error.
fn is_alike(one: &Outcome, other: &Outcome) -> bool {
    match (one, other) {
        (Err(one), Err(other)) => {
            let span = one.span.clone();
            *one == Rejection {
                span,
                ..other.clone()
            }
        }
        _ => one == other,
    }
}

/// Adds a leading zero and white space, if the text begins with a digit or a sign and a digit.
fn padded(text: &[u8]) -> Option<Vec<u8>> {
    // Encoded in up to three bytes each, a longer text would exceed the limit.
    let is_short = text.len() < 1300;
    let text = text.trim_ascii();
    let signs = usize::from(matches!(text, [b'+' | b'-', ..]));
    let (sign, digits) = text.split_at(signs);
    let is_digit = digits.first().is_some_and(u8::is_ascii_digit);
    (is_short && is_digit).then(|| [b"\t ", sign, b"0", digits, b"\r\n"].concat())
}

/// The widest bounds.
static WIDE: LazyLock<Device> = LazyLock::new(|| {
    Device::read("v1:integer(-9223372036854775808,9223372036854775807) v2:double")
});

/// Compares an integer of any length with its digits. `text` is `None` if the value is too long or
/// not UTF-8.
fn exact_integer(text: Option<&str>, value: &[u8]) {
    let parsed = WIDE.parse(&[b"token=t&v1=", value].concat());
    let Some(number) = text.and_then(Digits::of) else {
        assert!(parsed.is_err());
        return;
    };
    let (integer, adjusted) = if number.is_beyond(i64::MIN) {
        (i64::MIN, Some(Adjustment::Min))
    } else if number.is_beyond(i64::MAX) {
        (i64::MAX, Some(Adjustment::Max))
    } else {
        (number.text().parse().unwrap(), None)
    };
    let expected = Update {
        pin: VirtualPin(1),
        value: Value::Integer(integer),
        adjusted,
    };
    assert_eq!(parsed, Ok(Updates(vec![expected])));
}

/// Compares a double with its exact decimal. `text` is `None` if the value is too long or not
/// UTF-8.
fn exact_double(text: Option<&str>, value: &[u8]) {
    let parsed = WIDE.parse(&[b"token=t&v2=", value].concat());
    let Some((text, decimal)) = text.and_then(|text| Some((text, Decimal::parse(text)?))) else {
        assert!(parsed.is_err());
        return;
    };
    let updates = parsed.expect("a number");
    let Value::Double(double) = updates[0].value else {
        panic!("{updates}");
    };
    let nearest = match (updates[0].adjusted, double) {
        (None, _) => double,
        (Some(Adjustment::Min), f64::MIN) => f64::NEG_INFINITY,
        (Some(Adjustment::Max), f64::MAX) => f64::INFINITY,
        _ => panic!("{updates}"),
    };
    assert_eq!(nearest.is_sign_negative(), text.starts_with('-'));
    assert!(decimal.rounds_to(nearest.abs()), "{updates} for {text:?}");
}

/// `[+-]?[0-9]+`, without the leading zeros.
struct Digits {
    negative: bool,
    digits: String,
}

impl Digits {
    fn of(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            negative: text.starts_with('-'),
            digits: digits.trim_start_matches('0').to_owned(),
        })
    }

    fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}0{}", self.digits)
    }

    /// Returns whether the number has the bound's sign and is farther from zero.
    fn is_beyond(&self, bound: i64) -> bool {
        let limit = bound.unsigned_abs().to_string();
        let by_length = self.digits.len().cmp(&limit.len());
        let farther = by_length.then_with(|| self.digits.cmp(&limit)) == Ordering::Greater;
        self.negative == (bound < 0) && farther
    }
}
