//! Every row of the contract at least once.

mod locations;
mod order;
mod values;

use super::{Adjustment, Datastream, Refusal, Template, Update, Value, judge};

/// A datastream of each type, some of them twice.
fn template() -> Template {
    Template::from([
        (1, Datastream::Integer { min: 0, max: 100 }),
        (
            2,
            Datastream::Double {
                min: -f64::MAX,
                max: f64::MAX,
            },
        ),
        (3, Datastream::String { max_len: 4 }),
        (
            4,
            Datastream::Enumerable {
                values: vec![0, 20, 130],
                fallback: Some(20),
            },
        ),
        (5, Datastream::Location),
        (6, Datastream::Boolean),
        (
            7,
            Datastream::Integer {
                min: i64::MIN,
                max: i64::MAX,
            },
        ),
        (8, Datastream::Double { min: 0.0, max: 1.5 }),
        (
            9,
            Datastream::Enumerable {
                values: vec![-1, i64::MAX],
                fallback: None,
            },
        ),
        (10, Datastream::String { max_len: 100_000 }),
        (255, Datastream::Boolean),
    ])
}

fn judged(query: &[u8]) -> Result<Vec<Update>, Refusal> {
    let template = template();
    judge(query, |token| (token != "unknown").then_some(&template))
}

#[track_caller]
fn accepts(query: &str, expected: &[(u8, Value, Option<Adjustment>)]) {
    let updates = match judged(query.as_bytes()) {
        Ok(updates) => updates,
        Err(refusal) => panic!("{query:?} is refused: {refusal:?}"),
    };
    let same = updates.len() == expected.len()
        && updates.iter().zip(expected).all(|(update, expected)| {
            update.pin == expected.0 && update.value == expected.1 && update.adjusted == expected.2
        });
    assert!(same, "{query:?} gives {updates:?}, not {expected:?}");
}

/// `spanned` is what the span covers, `at` where it starts.
#[track_caller]
fn refuses(query: impl AsRef<[u8]>, kind: &str, at: usize, spanned: impl AsRef<[u8]>) {
    let query = query.as_ref();
    let refusal = judged(query).expect_err("it is accepted");
    assert_eq!(refusal.kind, kind, "{query:?}");
    assert_eq!(refusal.span.start, at, "{query:?}");
    assert_eq!(&query[refusal.span], spanned.as_ref(), "{query:?}");
}

/// The value of the only pin, written as it is in a query.
#[track_caller]
fn fits(pin: u8, value: &str, expected: Value) {
    accepts(&format!("token=t&v{pin}={value}"), &[(pin, expected, None)]);
}

#[track_caller]
fn is_adjusted(pin: u8, value: &str, expected: Value, adjusted: Adjustment) {
    accepts(
        &format!("token=t&v{pin}={value}"),
        &[(pin, expected, Some(adjusted))],
    );
}

#[track_caller]
fn does_not_fit(pin: u8, value: &str) {
    let name = format!("token=t&v{pin}=");
    refuses(format!("{name}{value}"), "invalid_value", name.len(), value);
}
