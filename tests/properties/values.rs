//! One value, percent-encoded and decoded.

use proptest::prelude::*;

use pinquery_test_support::encoding::Choices;
use pinquery_test_support::generate::{choices, raw, text};
use pinquery_test_support::types::{self, Datastream};
use pinquery_test_support::value::{Datastreams, denoted};

use super::cases;

/// Generates a datastream and a text for it. The halves of a location are joined with a comma.
fn value() -> impl Strategy<Value = (Datastreams, String)> {
    Datastream::any().prop_flat_map(|plain| {
        let texts = plain.texts().prop_map(|texts| texts.join(","));
        let written = types::value().prop_map(|value| value.to_string());
        let text = prop_oneof![6 => texts, 2 => written, 1 => text()];
        (Just(Datastreams::new(plain).expect("valid bounds")), text)
    })
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn a_value_is_the_same_encoded_and_decoded((datastreams, text) in value(), choices in choices()) {
        let _ = datastreams.parse(&text, &mut Choices::new(&choices));
    }

    #[test]
    fn a_value_fits_if_its_text_is_accepted_unchanged((datastreams, text) in value()) {
        for value in denoted(&text) {
            datastreams.fits(&value);
        }
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error((datastreams, _) in value(), mut raw in raw()) {
        raw.retain(|&byte| byte != b'&');
        let _ = datastreams.parse_encoded(&raw);
    }
}
