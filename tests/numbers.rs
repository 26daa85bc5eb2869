//! Numbers: all short ones, and those that are hard to parse.
//!
//! Slow tests are ignored; `cargo test --release --test numbers -- --ignored` runs them.
#![allow(missing_docs)]

#[path = "numbers/plain.rs"]
mod plain;
#[path = "numbers/random.rs"]
mod random;

use std::fmt::Write;

use pinquery::{Adjustment, Datastream, Template, Value, VirtualPin};
use pinquery_test_support::decimal::Halfway;
use random::Random;

/// Parses values of one datastream, reusing the query's buffer.
struct Parser {
    template: Template,
    query: String,
}

const PREFIX: &str = "token=t&v1=";

impl Parser {
    fn new(datastream: Datastream) -> Self {
        Self {
            template: Template::from([(VirtualPin(1), datastream)]),
            query: PREFIX.to_owned(),
        }
    }

    fn double() -> Self {
        Self::new(Datastream::double(..).unwrap())
    }

    #[track_caller]
    fn parse(&mut self, text: &str) -> (Value, Option<Adjustment>) {
        self.query.truncate(PREFIX.len());
        self.query.push_str(text);
        let updates = pinquery::parse(&self.query, |_| Some(&self.template)).expect(text);
        let update = updates[0].into_owned();
        (update.value, update.adjusted)
    }

    /// Checks that the text is parsed as this double, or clamped if it is infinite.
    #[track_caller]
    fn check_double(&mut self, text: &str, expected: f64) {
        let clamped = expected.clamp(f64::MIN, f64::MAX);
        match self.parse(text) {
            (Value::Double(double), adjusted) if double.to_bits() == clamped.to_bits() => {
                assert_eq!(adjusted.is_some(), expected.is_infinite(), "{text}");
            }
            (found, _) => panic!("{text}: expected {expected:?}, found {found:?}"),
        }
    }
}

/// Returns the numbers around every power of two and of ten, which include the limits of all types.
fn landmarks() -> Vec<i128> {
    let twos = (0..=70).map(|exponent| 1_i128 << exponent);
    let tens = (0..=25).map(|exponent| 10_i128.pow(exponent));
    let near = |number: i128| (-3..=3).flat_map(move |by| [number + by, -number + by]);
    let mut landmarks: Vec<i128> = twos.chain(tens).flat_map(near).collect();
    landmarks.sort_unstable();
    landmarks.dedup();
    landmarks
}

/// Bounds of the usual integer types, and some on one side of zero.
const BOUNDS: [(i64, i64); 12] = [
    (-2_147_483_648, 2_147_483_647),
    (i64::MIN, i64::MAX),
    (-128, 127),
    (0, 255),
    (-32_768, 32_767),
    (0, 65_535),
    (0, 4_294_967_295),
    (0, 100),
    (0, 0),
    (1_000, 1_000_000_000_000),
    (-10_000_000, -999),
    (i64::MAX, i64::MAX),
];

fn clamped(number: i128, min: i64, max: i64) -> (i64, Option<Adjustment>) {
    match number {
        _ if number < i128::from(min) => (min, Some(Adjustment::Min)),
        _ if number > i128::from(max) => (max, Some(Adjustment::Max)),
        _ => (number as i64, None),
    }
}

#[test]
fn integers_around_bounds_and_powers_are_exact_or_clamped() {
    for (min, max) in BOUNDS {
        let mut parser = Parser::new(Datastream::integer(min..=max).unwrap());
        let bounds = [min, max].map(i128::from);
        let near = bounds
            .iter()
            .flat_map(|bound| (-3..=3).map(move |by| bound + by));
        for number in landmarks().into_iter().chain(near) {
            let (sign, digits) = match number {
                ..0 => ("-", number.unsigned_abs()),
                0.. => ("%2B", number.unsigned_abs()),
            };
            let (expected, adjusted) = clamped(number, min, max);
            for text in [
                number.to_string(),
                format!("{sign}{digits}"),
                format!("{sign}0{digits}"),
                format!("{sign}{digits:030}"),
                format!("+{number}&"),
            ] {
                assert_eq!(
                    parser.parse(&text),
                    (Value::Integer(expected), adjusted),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn enumerables_replace_unlisted_numbers() {
    for value in landmarks()
        .iter()
        .filter_map(|&number| i64::try_from(number).ok())
    {
        let fallback = if value == 7 { 8 } else { 7 };
        let mut parser =
            Parser::new(Datastream::enumerable_or([value, fallback], fallback).unwrap());
        for by in -2..=2 {
            let number = i128::from(value) + by;
            let known = number == i128::from(value) || number == i128::from(fallback);
            let (expected, adjusted) = match known {
                true => (number as i64, None),
                false => (fallback, Some(Adjustment::Fallback)),
            };
            let found = parser.parse(&number.to_string());
            assert_eq!(
                found,
                (Value::Enumerable(expected), adjusted),
                "{number} for {value}"
            );
        }
    }
}

/// Checks all digits of this length, with the point at every position and without, with both signs.
fn check_all_decimals(length: u32) {
    let mut parser = Parser::double();
    let mut text = String::new();
    for number in 0..10_u32.pow(length) {
        let digits = format!("{number:00$}", length as usize);
        for at in 0..=digits.len() {
            let (whole, fraction) = digits.split_at(at);
            for sign in ["", "-"] {
                text.clear();
                write!(text, "{sign}{whole}.{fraction}").unwrap();
                parser.check_double(&text, text.parse().unwrap());
            }
        }
        for sign in ["", "-"] {
            let text = format!("{sign}{digits}");
            parser.check_double(&text, text.parse().unwrap());
        }
    }
}

#[test]
fn decimals_of_up_to_five_digits_agree_with_core() {
    (1..=5).for_each(check_all_decimals);
}

#[test]
#[ignore = "slow: 16 million decimals"]
fn decimals_of_six_digits_agree_with_core() {
    check_all_decimals(6);
}

/// Checks random doubles, formatted exactly and rounded.
fn check_doubles(count: u32, seed: u64) {
    let mut parser = Parser::double();
    let mut random = Random(seed);
    let mut text = String::new();
    for _ in 0..count {
        let double = random.double();
        for style in 0..4 {
            text.clear();
            match style {
                0 => write!(text, "{double}"),
                1 => write!(text, "{double:e}"),
                _ => write!(text, "{double:.16E}"),
            }
            .unwrap();
            parser.check_double(&text, double);
        }
        text.clear();
        write!(text, "{double:.0$}", random.below(18) as usize).unwrap();
        parser.check_double(&text, text.parse().unwrap());
        text.clear();
        write!(text, "{double:.0$e}", random.below(25) as usize).unwrap();
        parser.check_double(&text, text.parse().unwrap());
    }
}

#[test]
fn thirty_thousand_doubles_round_trip_in_every_format() {
    check_doubles(30_000, 1);
}

#[test]
#[ignore = "slow: a minute with --release"]
fn ten_million_doubles_round_trip_in_every_format() {
    check_doubles(10_000_000, 2);
}

/// Checks that the midpoint to the next double rounds to even, and numbers close to it to the nearer
/// double.
fn check_halfway(parser: &mut Parser, double: f64) {
    let next = f64::from_bits(double.to_bits() + 1);
    let even = if double.to_bits() & 1 == 0 {
        double
    } else {
        next
    };
    let halfway = Halfway::above(double);
    parser.check_double(&halfway.text(), even);
    parser.check_double(&format!("-{}", halfway.text()), -even);
    parser.check_double(&halfway.scientific(), even);
    parser.check_double(&halfway.slightly_more(), next);
    parser.check_double(&halfway.slightly_less(), double);
}

fn check_random_halfway(count: u32, seed: u64) {
    let mut parser = Parser::double();
    let mut random = Random(seed);
    for _ in 0..count {
        check_halfway(&mut parser, random.double().abs());
    }
}

#[test]
fn halfway_cases_round_to_even() {
    let mut parser = Parser::double();
    let powers = (0..=0x7FE_u64).map(|exponent| f64::from_bits(exponent << 52));
    for power in powers.step_by(9) {
        check_halfway(&mut parser, power);
        check_halfway(&mut parser, f64::from_bits(power.to_bits() + 1));
    }
    for double in [
        0.0,
        5e-324,
        f64::MIN_POSITIVE,
        1.0,
        9_007_199_254_740_991.0,
        f64::MAX,
    ] {
        check_halfway(&mut parser, double);
    }
    check_random_halfway(300, 3);
}

#[test]
#[ignore = "slow: a minute with --release"]
fn a_million_halfway_cases_round_to_even() {
    check_random_halfway(1_000_000, 4);
}
