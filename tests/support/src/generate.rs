//! Strategies for templates, matching requests, mutations of requests, and raw bytes.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::encoding::{Choices, segment};
use crate::plain::Template;
use crate::types::Datastream;

/// The encoded parts of a query.
#[derive(Clone, Debug)]
pub struct Request {
    /// The segment of the token.
    pub token: Vec<u8>,
    /// The index of the pin that follows the token.
    pub token_at: usize,
    /// The segments of each pin: one, or the two halves of a location.
    pub pins: Vec<Vec<Vec<u8>>>,
}

impl Request {
    /// Joins the parts.
    pub fn query(&self) -> Vec<u8> {
        let mut segments: Vec<&[u8]> = Vec::new();
        for (index, pin) in self.pins.iter().enumerate() {
            if index == self.token_at {
                segments.push(&self.token);
            }
            segments.extend(pin.iter().map(Vec::as_slice));
        }
        if self.token_at >= self.pins.len() {
            segments.push(&self.token);
        }
        segments.join(&b'&')
    }
}

/// Generates templates and queries: grammatical, mutated or raw.
pub fn query() -> impl Strategy<Value = (Template, Vec<u8>)> {
    prop_oneof![
        4 => request().prop_map(|(template, request)| (template, request.query())),
        3 => mutated(),
        2 => rearranged(),
        1 => (template(), raw()),
    ]
}

/// Generates templates of a few pins.
pub fn template() -> impl Strategy<Value = Template> {
    let pin = prop_oneof![3 => 0..12_u8, 1 => any::<u8>()];
    btree_map(pin, Datastream::any(), 1..10)
}

/// Generates integers, with a preference for likely bounds.
pub fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => -200..=200_i64,
        1 => any::<i64>(),
        1 => select(vec![i64::MIN, -2_147_483_649, -2_147_483_648, 2_147_483_647, i64::MAX]),
    ]
}

/// Generates finite doubles, two thirds of them like sensor readings.
pub fn double() -> impl Strategy<Value = f64> {
    use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    prop_oneof![
        2 => (-200_000..200_000_i32).prop_map(|thousandths| f64::from(thousandths) / 1000.0),
        1 => POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO,
    ]
}

/// Generates valid tokens.
pub fn token() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => Just(b"unknown".to_vec()),
        4 => vec(0x21..=0x7E_u8, 1..12),
        4 => vec(
            prop_oneof![
                b'a'..=b'z',
                b'A'..=b'Z',
                b'0'..=b'9',
                Just(b'_'),
                Just(b'-')
            ],
            32
        ),
    ]
}

/// Generates bytes for [`Choices`], empty half of the time.
pub fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(vec![]), vec(any::<u8>(), 1..8)]
}

/// Generates a template and a request for some of its pins. Some values are invalid.
pub fn request() -> impl Strategy<Value = (Template, Request)> {
    template().prop_flat_map(|template| {
        let pins: Vec<_> = template
            .iter()
            .map(|(&pin, datastream)| segments(pin, datastream.clone()))
            .collect();
        let all = pins.len();
        let parts = (
            Just(pins).prop_shuffle(),
            0..=all,
            any::<Index>(),
            token(),
            choices(),
        );
        let request = parts.prop_flat_map(|(mut pins, kept, token_at, token, choices)| {
            pins.truncate(kept.max(1));
            let token_at = token_at.index(pins.len() + 1);
            let token = segment(b"token", &token, &mut Choices::new(&choices));
            (Just(token), Just(token_at), pins)
        });
        let request = request.prop_map(|(token, token_at, pins)| Request {
            token,
            token_at,
            pins,
        });
        (Just(template), request)
    })
}

fn segments(pin: u8, datastream: Datastream) -> BoxedStrategy<Vec<Vec<u8>>> {
    (any::<bool>(), datastream.texts(), choices())
        .prop_map(move |(upper, values, choices)| {
            let name = format!("{}{pin}", if upper { 'V' } else { 'v' });
            let choices = &mut Choices::new(&choices);
            let write = |value: &String| segment(name.as_bytes(), value.as_bytes(), choices);
            values.iter().map(write).collect()
        })
        .boxed()
}

/// Generates the value of a single segment, usually one that fits the type, with white space around it.
pub(crate) fn one(fitting: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Vec<String>> {
    let value = prop_oneof![15 => fitting, 1 => misfit()];
    (value, select(vec!["", "", "", " ", "\t", "\r\n"]))
        .prop_map(|(value, pad)| vec![format!("{pad}{value}{pad}")])
        .boxed()
}

pub(crate) fn integer_text() -> impl Strategy<Value = String> {
    let digits = vec(b'0'..=b'9', 1..24).prop_map(|digits| String::from_utf8(digits).unwrap());
    prop_oneof![
        integer().prop_map(|integer| integer.to_string()),
        (select(vec!["", "+", "-"]), digits).prop_map(|(sign, digits)| sign.to_owned() + &digits),
    ]
}

pub(crate) fn double_text() -> impl Strategy<Value = String> {
    let decimal = (integer_text(), vec(b'0'..=b'9', 0..9))
        .prop_map(|(whole, fraction)| format!("{whole}.{}", String::from_utf8(fraction).unwrap()));
    prop_oneof![
        double().prop_map(|double| double.to_string()),
        double().prop_map(|double| format!("{double:e}")),
        double().prop_map(|double| format!("{double:.2}")),
        decimal,
        integer_text(),
        select(vec![
            ".5", "-.5", "5.", "1e999", "-1E+999", "1e-999", "-0", "-0.0", "0e5"
        ])
        .prop_map(str::to_owned),
    ]
}

/// Generates short texts without U+0000.
pub fn text() -> impl Strategy<Value = String> {
    let plain = (b' '..=b'~').prop_map(char::from);
    let other = any::<char>().prop_map(|character| if character == '\0' { 'é' } else { character });
    let character = prop_oneof![4 => plain, 1 => other];
    vec(character, 0..14).prop_map(String::from_iter)
}

pub(crate) fn misfit() -> impl Strategy<Value = String> {
    let odd = [
        "", ".", "-", "nan", "inf", "0x10", "1,5", "1_0", "1e", "e5", "1 2", "1\u{b}", "x\0", "２",
    ];
    prop_oneof![
        text(),
        double_text(),
        select(odd.to_vec()).prop_map(str::to_owned)
    ]
}

/// Byte strings that mutations insert.
const PIECES: [&[u8]; 32] = [
    b"&",
    b"=",
    b"%",
    b"+",
    b",",
    b" ",
    b"0",
    b"9",
    b".",
    b"-",
    b"e",
    b"v",
    b"V1",
    b"%4",
    b"%zz",
    b"%00",
    b"%FF",
    b"%C3%A9",
    b"\xC3",
    b"\xFF",
    b"\0",
    b"&&",
    b"&token=x",
    b"&v1=1",
    b"v0=",
    b"=&",
    b"&=",
    b"%26",
    b"%3D",
    b"%2B",
    b"1e999",
    b"000000000000000000",
];

/// Generates a mutation: an index, the number of bytes to remove and the bytes to insert.
fn mutation() -> impl Strategy<Value = (Index, usize, Vec<u8>)> {
    let piece = prop_oneof![
        6 => select(PIECES.to_vec()).prop_map(<[u8]>::to_vec),
        2 => any::<u8>().prop_map(|byte| vec![byte]),
        2 => Just(vec![]),
    ];
    (any::<Index>(), select(vec![0, 0, 1, 1, 2, 9]), piece)
}

fn mutated() -> impl Strategy<Value = (Template, Vec<u8>)> {
    (request(), vec(mutation(), 1..4)).prop_map(|((template, request), mutations)| {
        let mut query = request.query();
        for (index, removed, piece) in mutations {
            let at = index.index(query.len() + 1);
            let end = query.len().min(at + removed);
            query.splice(at..end, piece);
        }
        (template, query)
    })
}

/// Generates requests with a segment duplicated, moved, removed or without its datastream.
fn rearranged() -> impl Strategy<Value = (Template, Vec<u8>)> {
    let positions = (any::<Index>(), any::<Index>());
    (request(), positions, 0..4).prop_map(|((mut template, request), (from, to), change)| {
        let query = request.query();
        let mut segments: Vec<&[u8]> = query.split(|&byte| byte == b'&').collect();
        let from = from.index(segments.len());
        match change {
            0 | 1 => segments.insert(to.index(segments.len() + 1), segments[from]),
            2 => drop(segments.remove(from)),
            _ => _ = template.pop_first(),
        }
        (template, segments.join(&b'&'))
    })
}

/// Generates bytes that are rarely a valid query.
pub fn raw() -> impl Strategy<Value = Vec<u8>> {
    let alphabet = select(b"tokenvV0123456789=&%+, -.eAaf\0\xC3\xA9\xFF".to_vec());
    prop_oneof![
        vec(any::<u8>(), 0..40),
        vec(alphabet, 0..40),
        vec(select(PIECES.to_vec()), 0..20).prop_map(|pieces| pieces.concat()),
        vec(select(PIECES.to_vec()), 0..20)
            .prop_map(|pieces| [&b"token=t&"[..], &pieces.concat()].concat()),
    ]
}
