//! Encoding a batch in any way that a client might, and parsing it.

use proptest::collection::btree_map;
use proptest::prelude::*;

use pinquery_test_support::Device;
use pinquery_test_support::encoding::Choices;
use pinquery_test_support::generate::{choices, token};
use pinquery_test_support::types::value;
use pinquery_test_support::write::Batch;

use super::cases;

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn a_batch_round_trips(
        token in token(),
        token_at in 0..20_usize,
        pins in btree_map(any::<u8>(), value(), 1..20),
        choices in choices(),
    ) {
        let token = String::from_utf8(token).unwrap();
        let pins = pins.into_iter().collect();
        let batch = Batch { token, token_at, pins };
        batch.assert_round_trips(&Device::new(batch.template()), &mut Choices::new(&choices));
    }
}
