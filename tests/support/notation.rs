//! The notation of the spec lines: `<template> | <query> => <outcome>`.

use pinquery_reference::{Datastream, Template};

/// One line of a spec file.
pub struct Case {
    pub template: Template,
    pub query: Vec<u8>,
    pub outcome: String,
}

/// The cases of a spec file with their line numbers.
pub fn cases(file: &str) -> impl Iterator<Item = (usize, Case)> {
    file.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| (number, case(line)))
}

#[track_caller]
fn case(line: &str) -> Case {
    let (template, rest) = line.split_once(" | ").expect("a template and a query");
    let (query, outcome) = rest.rsplit_once(" => ").expect("a query and an outcome");
    Case {
        template: self::template(template.trim()),
        query: unescape(query.trim()),
        outcome: repetitions(outcome.trim()),
    }
}

/// `v1:integer(0,100) v2:double v3:string(64) v4:enumerable(0,20;0) v0-v9:boolean`; `-` has no
/// pins, `@contract` is the template of the contract's section 6.
#[track_caller]
pub fn template(text: &str) -> Template {
    match text {
        "-" => Template::new(),
        "@contract" => template(
            "v1:integer(0,100) v2:double v3:string(64) v4:enumerable(0,20,130;0) v5:location \
             v6:boolean",
        ),
        _ => text.split_whitespace().flat_map(entry).collect(),
    }
}

fn entry(text: &str) -> impl Iterator<Item = (u8, Datastream)> {
    let (pins, datastream) = text.split_once(':').expect("a pin and its datastream");
    let (first, last) = pins.split_once('-').unwrap_or((pins, pins));
    let number = |pin: &str| -> u8 { pin.strip_prefix('v').unwrap().parse().unwrap() };
    let datastream = self::datastream(datastream);
    (number(first)..=number(last)).map(move |pin| (pin, datastream.clone()))
}

fn datastream(text: &str) -> Datastream {
    let (name, bounds) = match text.split_once('(') {
        Some((name, bounds)) => (name, bounds.strip_suffix(')').expect("a closing bracket")),
        None => (text, ""),
    };
    let (min, max) = bounds.split_once(',').unwrap_or(("", ""));
    match name {
        "integer" => Datastream::Integer {
            min: or(min, -2_147_483_648),
            max: or(max, 2_147_483_647),
        },
        "double" => Datastream::Double {
            min: or(min, f64::MIN),
            max: or(max, f64::MAX),
        },
        "string" => Datastream::String {
            max_len: or(bounds, 1024),
        },
        "enumerable" => {
            let (values, fallback) = bounds.split_once(';').unwrap_or((bounds, ""));
            Datastream::Enumerable {
                values: values.split(',').map(|v| v.parse().unwrap()).collect(),
                fallback: (!fallback.is_empty()).then(|| fallback.parse().unwrap()),
            }
        }
        "location" => Datastream::Location,
        "boolean" => Datastream::Boolean,
        _ => panic!("no datastream: {text}"),
    }
}

fn or<T: std::str::FromStr>(text: &str, default: T) -> T {
    match text {
        "" => default,
        _ => text.parse().ok().expect("a number"),
    }
}

/// `\xHH`, `\\`, `\s` for a space, `\rep(N:text)`, `\empty`.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend(plain.as_bytes());
        rest = if let Some(tail) = escape.strip_prefix("empty") {
            tail
        } else if let Some(tail) = escape.strip_prefix("rep(") {
            let (count, text, tail) = repetition(tail);
            bytes.extend(unescape(text).repeat(count));
            tail
        } else {
            let (byte, length) = match escape.as_bytes() {
                [b'x', ..] => (u8::from_str_radix(&escape[1..3], 16).unwrap(), 3),
                [b'\\', ..] => (b'\\', 1),
                [b's', ..] => (b' ', 1),
                _ => panic!("no escape: \\{escape}"),
            };
            bytes.push(byte);
            &escape[length..]
        };
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// In an outcome only `\rep` is the notation's own; the other escapes are those of `Debug`.
fn repetitions(text: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once(r"\rep(") {
        let (count, text, tail) = repetition(escape);
        whole += plain;
        whole += &text.repeat(count);
        rest = tail;
    }
    whole + rest
}

fn repetition(text: &str) -> (usize, &str, &str) {
    let (count, rest) = text.split_once(':').expect("a count");
    let (text, tail) = rest.split_once(')').expect("a closing bracket");
    (count.parse().unwrap(), text, tail)
}
