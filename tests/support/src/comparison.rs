//! Checks that texts compare and hash as their decoded strings.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

use pinquery::{Datastream, Pairs, Text};

use crate::encoding::{Choices, encode};

/// Asserts that the texts of two strings, without escapes and encoded by choices, compare and hash as
/// the strings do.
///
/// # Panics
///
/// If a string contains U+0000, which no datastream accepts.
#[track_caller]
pub fn check_texts(strings: [&str; 2], choices: [&[u8]; 2]) {
    let [one, other] = strings;
    let queries = [(one, choices[0]), (other, choices[1])].map(|(string, choices)| {
        [
            b"=",
            &*encode(string.as_bytes(), &mut Choices::new(choices)),
        ]
        .concat()
    });
    let equal = one == other;
    for text in [plain(one), decoded(&queries[0])] {
        check(&text, one, true);
        check(&text, other, equal);
        check(&text, &one, true);
        check(&text, &other, equal);
        check(&text, &one.to_owned(), true);
        check(&text, &other.to_owned(), equal);
        for other in [plain(other), decoded(&queries[1])] {
            check(&text, &other, equal);
            assert_eq!(hash(text) == hash(other), equal, "{text:?}, {other:?}");
        }
    }
}

/// Asserts that `text == other` is `expected`, in both directions.
#[track_caller]
fn check<'q, T>(text: &Text<'q>, other: &T, expected: bool)
where
    T: PartialEq<Text<'q>> + Debug + ?Sized,
    Text<'q>: PartialEq<T>,
{
    assert_eq!(text == other, expected, "{text:?} == {other:?}");
    assert_eq!(other == text, expected, "{other:?} == {text:?}");
}

/// Returns a text without escapes.
fn plain(string: &str) -> Text<'_> {
    let datastream = Datastream::string_up_to(string.len());
    let (value, _) = datastream.parse(string).expect("a string without U+0000");
    *value.as_string().expect("a string")
}

fn decoded(query: &[u8]) -> Text<'_> {
    let pair = Pairs::new(query).next().expect("a pair");
    pair.value.decode().expect("a well-formed value")
}

fn hash(text: Text<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
