//! Rewriting a query without changing its meaning.

use std::ops::Range;

use pinquery::Pairs;
use pinquery_test_support::Device;
use pinquery_test_support::encoding::escape;
use pinquery_test_support::generate::{self, Request};
use pinquery_test_support::plain::{Rejection, Template};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::cases;

/// A rewritten query, and the position of each byte of the original.
struct Rewritten {
    query: Vec<u8>,
    /// The start of each byte, and the end of the query.
    starts: Vec<usize>,
    /// The end of each byte.
    ends: Vec<usize>,
}

impl Rewritten {
    /// Inserts `before(index)` before each byte, which is replaced with `byte(index)`.
    fn new(old: &[u8], before: impl Fn(usize) -> Vec<u8>, byte: impl Fn(usize) -> Vec<u8>) -> Self {
        let (mut query, mut starts, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..old.len() {
            query.extend(before(index));
            starts.push(query.len());
            query.extend(byte(index));
            ends.push(query.len());
        }
        query.extend(before(old.len()));
        starts.push(query.len());
        Self {
            query,
            starts,
            ends,
        }
    }

    fn span(&self, kind: &str, span: Range<usize>) -> Range<usize> {
        if matches!(kind, "missing_token" | "no_pins") {
            return self.query.len()..self.query.len();
        }
        // A name starts after what was inserted before it. An empty value has no bytes, so it starts
        // where the preceding byte ends.
        let start = match span.start.checked_sub(1) {
            Some(last) if span.is_empty() && kind != "invalid_pin" => self.ends[last],
            _ => self.starts[span.start],
        };
        let end = match span.is_empty() {
            true => start,
            false => self.ends[span.end - 1],
        };
        start..end
    }

    /// Checks that the rewritten query has the outcome of the original.
    fn check_outcome(&self, old: &[u8], template: Template) -> Result<(), TestCaseError> {
        let device = Device::new(template);
        let expected = device.parse(old).map_err(|rejection| Rejection {
            span: self.span(rejection.kind, rejection.span.clone()),
            ..rejection
        });
        let shown = String::from_utf8_lossy(&self.query);
        prop_assert_eq!(device.parse(&self.query), expected, "for {:?}", shown);
        Ok(())
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn extra_separators_change_nothing(
        (template, query) in generate::query(),
        positions in vec((any::<Index>(), 1..4_usize), 1..4),
    ) {
        let boundaries: Vec<usize> = (0..=query.len())
            .filter(|&at| at == 0 || query.get(at).is_none_or(|&byte| byte == b'&') || query[at - 1] == b'&')
            .collect();
        let chosen: Vec<(usize, usize)> =
            positions.iter().map(|(index, count)| (*index.get(&boundaries), *count)).collect();
        let before = |at| {
            let here = chosen.iter().filter(|(position, _)| *position == at);
            vec![b'&'; here.map(|(_, count)| count).sum()]
        };
        let rewritten = Rewritten::new(&query, before, |at| vec![query[at]]);
        rewritten.check_outcome(&query, template)?;
    }

    #[test]
    fn percent_encoding_a_byte_changes_nothing(
        (template, query) in generate::query(),
        choices in vec(any::<u8>(), 1..9),
    ) {
        let plain = plain_bytes(&query);
        let byte = |at: usize| match choices[at % choices.len()] {
            choice if plain[at] && choice & 1 == 0 => escape(query[at], choice).to_vec(),
            _ => vec![query[at]],
        };
        let rewritten = Rewritten::new(&query, |_| vec![], byte);
        rewritten.check_outcome(&query, template)?;
    }

    #[test]
    fn permuting_the_pins_permutes_the_updates(
        ((template, request), order, token_at) in shuffled(),
    ) {
        let device = Device::new(template);
        if let Ok(updates) = device.parse(&request.query()) {
            let permuted = Request {
                token: request.token.clone(),
                token_at,
                pins: order.iter().map(|&index| request.pins[index].clone()).collect(),
            };
            let expected = order.iter().map(|&index| updates[index].clone()).collect();
            prop_assert_eq!(device.parse(&permuted.query()), Ok(expected));
        }
    }
}

/// Generates a request with another order of its pins and another position of its token.
fn shuffled() -> impl Strategy<Value = ((Template, Request), Vec<usize>, usize)> {
    generate::request().prop_flat_map(|(template, request)| {
        let count = request.pins.len();
        let order = Just((0..count).collect::<Vec<usize>>()).prop_shuffle();
        (Just((template, request)), order, 0..=count)
    })
}

/// Returns which bytes belong to a name or a value but are neither `+` nor part of an escape, malformed
/// ones included.
fn plain_bytes(query: &[u8]) -> Vec<bool> {
    let mut plain = vec![false; query.len()];
    for pair in Pairs::new(query) {
        for part in [pair.name, pair.value] {
            let mut escaped = 0_usize;
            for (at, &byte) in part.span().zip(part.raw()) {
                plain[at] = escaped == 0 && byte != b'%' && byte != b'+';
                escaped = if byte == b'%' {
                    2
                } else {
                    escaped.saturating_sub(1)
                };
            }
        }
    }
    plain
}
