//! Numbers: every one of a kind where they can be counted, and the hard ones.
//!
//! What takes minutes is ignored; `cargo test --release --test numbers -- --ignored` runs it.
#![allow(missing_docs)]

#[path = "numbers/decimal.rs"]
mod decimal;
#[path = "numbers/plain.rs"]
mod plain;
#[path = "numbers/random.rs"]
mod random;

use std::fmt::Write;

use decimal::Halfway;
use pinquery::{Adjustment, Datastream, Template, Value, VirtualPin};
use random::Random;

/// A query with one value, its buffer used again and again.
struct Judge {
    template: Template,
    query: String,
}

const PREFIX: &str = "token=t&v1=";

impl Judge {
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

    /// Holds a text to the double that it means, clamped where it is beyond all.
    #[track_caller]
    fn means(&mut self, text: &str, expected: f64) {
        let clamped = expected.clamp(f64::MIN, f64::MAX);
        match self.parse(text) {
            (Value::Double(double), adjusted) if double.to_bits() == clamped.to_bits() => {
                assert_eq!(adjusted.is_some(), expected.is_infinite(), "{text}");
            }
            (found, _) => panic!("{text} is {expected:?}, not {found:?}"),
        }
    }
}

/// The numbers next to every power of two and of ten and every bound of a data type.
fn landmarks() -> Vec<i128> {
    let twos = (0..=70).map(|exponent| 1_i128 << exponent);
    let tens = (0..=25).map(|exponent| 10_i128.pow(exponent));
    let near = |number: i128| (-3..=3).flat_map(move |by| [number + by, -number + by]);
    let mut landmarks: Vec<i128> = twos.chain(tens).flat_map(near).collect();
    landmarks.sort_unstable();
    landmarks.dedup();
    landmarks
}

/// The bounds of the usual types, and some that lie on one side of zero.
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
fn integers_around_every_bound_and_power_are_exact_or_clamped() {
    for (min, max) in BOUNDS {
        let mut judge = Judge::new(Datastream::integer(min..=max).unwrap());
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
                    judge.parse(&text),
                    (Value::Integer(expected), adjusted),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn an_enumerable_takes_its_numbers_and_no_neighbour() {
    for value in landmarks()
        .iter()
        .filter_map(|&number| i64::try_from(number).ok())
    {
        let fallback = if value == 7 { 8 } else { 7 };
        let mut judge = Judge::new(Datastream::enumerable_or([value, fallback], fallback).unwrap());
        for by in -2..=2 {
            let number = i128::from(value) + by;
            let known = number == i128::from(value) || number == i128::from(fallback);
            let (expected, adjusted) = match known {
                true => (number as i64, None),
                false => (fallback, Some(Adjustment::Fallback)),
            };
            let found = judge.parse(&number.to_string());
            assert_eq!(
                found,
                (Value::Enumerable(expected), adjusted),
                "{number} for {value}"
            );
        }
    }
}

/// Every run of so many digits, with the point at every place and nowhere, with both signs.
fn every_decimal(length: u32) {
    let mut judge = Judge::double();
    let mut text = String::new();
    for number in 0..10_u32.pow(length) {
        let digits = format!("{number:00$}", length as usize);
        for at in 0..=digits.len() {
            let (whole, fraction) = digits.split_at(at);
            for sign in ["", "-"] {
                text.clear();
                write!(text, "{sign}{whole}.{fraction}").unwrap();
                judge.means(&text, text.parse().unwrap());
            }
        }
        for sign in ["", "-"] {
            let text = format!("{sign}{digits}");
            judge.means(&text, text.parse().unwrap());
        }
    }
}

#[test]
fn every_decimal_of_up_to_five_digits_is_what_core_says() {
    (1..=5).for_each(every_decimal);
}

#[test]
#[ignore = "sixteen million decimals: with --release"]
fn every_decimal_of_six_digits_is_what_core_says() {
    every_decimal(6);
}

/// Each printed in ways that keep it, and in ways that round it.
fn doubles(count: u32, seed: u64) {
    let mut judge = Judge::double();
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
            judge.means(&text, double);
        }
        text.clear();
        write!(text, "{double:.0$}", random.below(18) as usize).unwrap();
        judge.means(&text, text.parse().unwrap());
        text.clear();
        write!(text, "{double:.0$e}", random.below(25) as usize).unwrap();
        judge.means(&text, text.parse().unwrap());
    }
}

#[test]
fn thirty_thousand_doubles_come_back_from_every_format() {
    doubles(30_000, 1);
}

#[test]
#[ignore = "takes a minute with --release"]
fn ten_million_doubles_come_back_from_every_format() {
    doubles(10_000_000, 2);
}

/// Halfway, the even one of both neighbours; a little beside it, the nearer one.
fn halfway(judge: &mut Judge, double: f64) {
    let next = f64::from_bits(double.to_bits() + 1);
    let even = if double.to_bits() & 1 == 0 {
        double
    } else {
        next
    };
    let halfway = Halfway::above(double);
    judge.means(&halfway.text(), even);
    judge.means(&format!("-{}", halfway.text()), -even);
    judge.means(&halfway.scientific(), even);
    judge.means(&halfway.more(), next);
    judge.means(&halfway.less(), double);
}

fn halves(count: u32, seed: u64) {
    let mut judge = Judge::double();
    let mut random = Random(seed);
    for _ in 0..count {
        halfway(&mut judge, random.double().abs());
    }
}

#[test]
fn halfway_cases_round_to_even() {
    let mut judge = Judge::double();
    let powers = (0..=0x7FE_u64).map(|exponent| f64::from_bits(exponent << 52));
    for power in powers.step_by(9) {
        halfway(&mut judge, power);
        halfway(&mut judge, f64::from_bits(power.to_bits() + 1));
    }
    for double in [
        0.0,
        5e-324,
        f64::MIN_POSITIVE,
        1.0,
        9_007_199_254_740_991.0,
        f64::MAX,
    ] {
        halfway(&mut judge, double);
    }
    halves(300, 3);
}

#[test]
#[ignore = "takes a minute with --release"]
fn a_million_halfway_cases_round_to_even() {
    halves(1_000_000, 4);
}
