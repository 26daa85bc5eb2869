//! Texts and tokens, compared with strings.

use pinquery::{Pairs, Token};
use pinquery_test_support::comparison::check_texts;
use pinquery_test_support::encoding::{Choices, encode};
use pinquery_test_support::generate::{choices, text, token};
use proptest::prelude::*;
use proptest::sample::select;

use super::cases;

/// Generates two strings. Often they are equal or differ only at the beginning or the end.
fn strings() -> impl Strategy<Value = (String, String)> {
    (text(), text(), any::<char>(), 0..5).prop_map(|(one, suffix, last, relation)| {
        let other = match relation {
            0 => one.clone(),
            1 => one.clone() + &suffix,
            2 => one.chars().skip(1).collect(),
            3 => one.chars().chain([last]).filter(|&c| c != '\0').collect(),
            _ => suffix,
        };
        (one, other)
    })
}

/// Generates tokens and text that is almost a token.
fn token_text() -> impl Strategy<Value = String> {
    let valid = token().prop_map(|token| String::from_utf8(token).unwrap());
    let pad = || select(vec!["", "", "", " ", "\t", "\n", "%20", "\u{a0}", "\0"]);
    let padded =
        (pad(), valid, pad()).prop_map(|(before, token, after)| [before, &token, after].concat());
    prop_oneof![2 => padded, 1 => text(), 1 => any::<String>()]
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn texts_compare_and_hash_as_their_decoded_strings(
        (one, other) in strings(),
        first in choices(),
        second in choices(),
    ) {
        check_texts([&one, &other], [&first, &second]);
        check_texts([&other, &one], [&first, &second]);
    }

    #[test]
    fn parsed_converted_and_decoded_tokens_are_equal(text in token_text(), choices in choices()) {
        let is_valid = !text.is_empty() && text.bytes().all(|byte| (0x21..=0x7E).contains(&byte));
        let parsed = text.parse::<Token>();
        prop_assert_eq!(parsed.as_ref().ok().map(Token::as_str), is_valid.then_some(&*text));
        prop_assert_eq!(Token::try_from(&*text), parsed.clone());
        let query = [b"token=", &*encode(text.as_bytes(), &mut Choices::new(&choices))].concat();
        let decoded = Token::new(Pairs::new(&query).next().unwrap().value);
        prop_assert_eq!(decoded, parsed.ok());
    }
}
