//! At least one test for every row of the contract.

mod locations;
mod order;
mod results;
mod values;

use pinquery::VirtualPin;

use super::parse;
use crate::notation;
use crate::plain::{Adjustment, Outcome, Template, Update, Updates, Value};

/// Returns a template with every type.
fn template() -> Template {
    let template = "v1:integer(0,100) v2:double v3:string(4) v4:enumerable(0,20,130;20) v5:location \
        v6:boolean v7:integer(-9223372036854775808,9223372036854775807) v8:double(0,1.5) \
        v9:enumerable(-1,9223372036854775807) v10:string(100000) v255:boolean";
    notation::template(template).unwrap()
}

fn parsed(query: &[u8]) -> Outcome {
    let template = template();
    parse(query, |token| (token != "unknown").then_some(&template))
}

#[track_caller]
fn accepts(query: &str, expected: &[(u8, Value, Option<Adjustment>)]) {
    let expected = expected.iter().cloned();
    let expected: Updates = expected
        .map(|(pin, value, adjusted)| Update {
            pin: VirtualPin(pin),
            value,
            adjusted,
        })
        .collect();
    assert_eq!(parsed(query.as_bytes()), Ok(expected), "{query:?}");
}

/// Asserts a rejection with a span that starts at `at` and covers `spanned`.
#[track_caller]
fn rejects(query: impl AsRef<[u8]>, kind: &str, at: usize, spanned: impl AsRef<[u8]>) {
    let query = query.as_ref();
    let rejection = parsed(query).expect_err("the query is rejected");
    assert_eq!(rejection.kind, kind, "{query:?}");
    assert_eq!(rejection.span.start, at, "{query:?}");
    assert_eq!(&query[rejection.span], spanned.as_ref(), "{query:?}");
}

/// Asserts the value of a pin.
#[track_caller]
fn accepts_value(pin: u8, value: &str, expected: Value) {
    accepts(&format!("token=t&v{pin}={value}"), &[(pin, expected, None)]);
}

#[track_caller]
fn adjusts(pin: u8, value: &str, expected: Value, adjusted: Adjustment) {
    accepts(
        &format!("token=t&v{pin}={value}"),
        &[(pin, expected, Some(adjusted))],
    );
}

#[track_caller]
fn rejects_value(pin: u8, value: &str) {
    let name = format!("token=t&v{pin}=");
    rejects(format!("{name}{value}"), "invalid_value", name.len(), value);
}
