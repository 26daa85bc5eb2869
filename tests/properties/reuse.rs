//! A buffer that is reused for a series of queries.

use pinquery::{BatchUpdate, Updates};
use pinquery_test_support::Device;
use pinquery_test_support::encoding::Choices;
use pinquery_test_support::generate::choices;
use pinquery_test_support::plain::is_identical;
use pinquery_test_support::types::value;
use pinquery_test_support::write::Batch;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::cases;

/// Generates batches of 1 to 256 pins, usually few.
fn batch() -> impl Strategy<Value = Batch> {
    let values = prop_oneof![3 => vec(value(), 1..=12), 1 => vec(value(), 13..=256)];
    (values, any::<u8>()).prop_map(|(values, first)| Batch {
        token: "t".to_owned(),
        token_at: 0,
        pins: values
            .into_iter()
            .enumerate()
            .map(|(index, value)| (first.wrapping_add(index as u8), value))
            .collect(),
    })
}

/// Generates a device and a query for it. About half of the queries are rejected.
fn query() -> impl Strategy<Value = (Device, Vec<u8>)> {
    let wrong = select(vec!["", "", "", "&x", "&v0=%zz", "&token=t"]);
    (batch(), choices(), wrong, any::<Index>()).prop_map(|(batch, choices, wrong, at)| {
        let mut query = batch.query(&mut Choices::new(&choices));
        let separators: Vec<usize> = (0..=query.len())
            .filter(|&at| query.get(at).is_none_or(|&byte| byte == b'&'))
            .collect();
        let at = *at.get(&separators);
        query.splice(at..at, wrong.bytes());
        (Device::new(batch.template()), query)
    })
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_reused_buffer_equals_a_new_one(series in vec(query(), 1..8)) {
        let mut reused = Updates::new();
        for (device, query) in &series {
            let request = BatchUpdate::parse(query).unwrap();
            let filled = request.updates_into(&device.library, &mut reused);
            match request.updates(&device.library) {
                Ok(new) => prop_assert!(filled == Ok(()) && is_identical(&reused, &new)),
                Err(error) => prop_assert!(filled == Err(error) && reused.is_empty()),
            }
        }
    }
}
