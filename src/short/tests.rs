//! The fast path takes what it is for. Its giving up is not wrong, only slow, and so is seen here
//! alone.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::*;
use crate::datastream::Datastream;

const AT: usize = "v1=".len();

/// What a whole query of the pin `v1` becomes, and where its segment ends. `None` is not wrong
/// for anything, only slow.
fn value(query: &str, datastream: &Datastream) -> Option<(Judged<'static>, usize)> {
    let query: &'static str = String::leak(query.into());
    let mut end = End::EMPTY;
    end.fill(query.as_bytes());
    let window = Window {
        query: query.as_bytes(),
        end: &end,
    };
    let view = window.view(0)?;
    let segment = Segment {
        window,
        start: 0,
        view,
        value: AT,
        pin: VirtualPin(1),
    };
    let mut updates = Updates::new();
    let end = segment.add(datastream.kind(), &mut updates)?;
    match *updates {
        [update] => Some(((update.value, update.adjusted), end)),
        _ => None,
    }
}

#[track_caller]
fn reads(datastream: &Datastream, text: &str, expected: Value<'_>) {
    for behind in ["", "&", "&v2=1&v3=2&v4=3&v5=4&v6=5&v7=6"] {
        let judged = ((expected, None), AT + text.len());
        let query = format!("v1={text}{behind}");
        assert_eq!(value(&query, datastream), Some(judged), "{query}");
    }
}

#[track_caller]
fn leaves(datastream: &Datastream, texts: &[&str]) {
    for text in texts {
        let query = format!("v1={text}");
        assert_eq!(value(&query, datastream), None, "{query}");
    }
}

#[test]
fn every_pin_is_read_here() {
    for number in 0..=255 {
        for letter in ['v', 'V'] {
            let name = format!("{letter}{number}");
            let word = |text: &str| {
                let bytes = format!("{text:&<8}").into_bytes();
                u64::from_le_bytes(*bytes.first_chunk().expect("eight"))
            };
            let expected = (VirtualPin(number), name.len() + 1);
            assert_eq!(pin(word(&format!("{name}=7"))), Some(expected));
            assert_eq!(pin(word(&name)), None);
            assert_eq!(pin(word(&format!("{name}x="))), None);
        }
    }
}

#[test]
fn short_values_are_read_here() {
    reads(
        &Datastream::integer(..).unwrap(),
        "-33",
        Value::Integer(-33),
    );
    reads(
        &Datastream::double(..).unwrap(),
        "4.25",
        Value::Double(4.25),
    );
    let levels = Datastream::enumerable([0, 20]).unwrap();
    reads(&levels, "20", Value::Enumerable(20));
    leaves(&Datastream::boolean(), &["", "2", "01", "1.0", "%31"]);
    leaves(&levels, &["", "7", "20.0"]);
}

#[test]
fn truth_is_read_here_as_digits_and_as_words_in_any_case() {
    for (text, expected) in [
        ("1", true),
        ("0", false),
        ("true", true),
        ("TRUE", true),
        ("false", false),
        ("fAlse", false),
    ] {
        reads(&Datastream::boolean(), text, Value::Boolean(expected));
        for place in 0..=text.len() {
            for byte in 0..0x80 {
                let mut other = format!("{text}&").into_bytes();
                let same = other[place].eq_ignore_ascii_case(&byte)
                    || matches!((text.len(), place, byte), (1, 0, b'0' | b'1'));
                other[place] = byte;
                let other = String::from_utf8(other).unwrap();
                let read = value(&format!("v1={other}"), &Datastream::boolean());
                assert_eq!(read.is_some(), same, "{other}");
            }
        }
        leaves(&Datastream::boolean(), &[&format!("{text}s")]);
    }
}

#[test]
fn texts_below_24_bytes_are_read_here() {
    let letters: String = ('a'..='x').collect();
    for length in 0..letters.len() {
        let text = &letters[..length];
        reads(
            &Datastream::string_up_to(length),
            text,
            Value::String(Text::plain(text)),
        );
        leaves(&Datastream::string_up_to(length), &[&format!("{text}y")]);
        leaves(
            &Datastream::string(),
            &[&format!("{text}%20"), &format!("{text}+")],
        );
    }
    leaves(&Datastream::string(), &[&letters]);
}

#[test]
fn longer_texts_are_found_without_decoding() {
    for length in 0..200 {
        let text: String = ('a'..='z').cycle().take(length).collect();
        let expected = (Value::String(Text::plain(&text)), AT + length);
        for behind in ["", "&", "&v2=1"] {
            let query = format!("v1={text}{behind}");
            let query = query.as_bytes();
            assert_eq!(long_text(query, AT, length), Some(expected));
            assert_eq!(
                length
                    .checked_sub(1)
                    .and_then(|max| long_text(query, AT, max)),
                None
            );
        }
        assert_eq!(
            long_text(format!("v1={text}%41").as_bytes(), AT, 1024),
            None
        );
    }
}

#[test]
fn both_forms_of_a_location_are_read_here() {
    let place = Value::Location {
        longitude: -0.1276,
        latitude: 51.5072,
    };
    let location = Datastream::location();
    reads(&location, "-0.1276,51.5072", place);
    reads(&location, "-0.1276&V1=51.5072", place);
    leaves(
        &location,
        &[
            "1", "1,", "1,2,3", "1&v2=2", "1&v1=2,3", "181,0", "0,91", "1 2",
        ],
    );
}

#[test]
fn a_run_goes_up_to_the_first_segment_that_is_not_its_own() {
    let template: Template = (0..=99)
        .map(|pin| (VirtualPin(pin), Datastream::string()))
        .collect();
    let long = format!("v3={}", "x".repeat(100));
    let accepted = ["v1=a", "V2=", &long, "v4=a+b", "v5=%41", "v99=z"];
    for refused in ["", "v", "v1", "v1=b", "v100=x", "w7=x", "v7=%", "token=x"] {
        for count in 0..=accepted.len() {
            let first = accepted[..count].join("&");
            let query = [&accepted[..count], &[refused, "v6=x"]].concat().join("&");
            let (mut seen, mut updates) = (Seen::NONE, Updates::new());
            let stopped = run(query.as_bytes(), 0, &template, &mut seen, &mut updates);
            // `v1=b` is refused only where `v1` was there.
            let behind = match (count, refused) {
                (0, "v1=b") => query.len() + 1,
                (0, _) => 0,
                _ => first.len() + 1,
            };
            assert_eq!(stopped.at, behind, "{query}");
            assert_eq!(stopped.is_refused, refused == "v7=%", "{query}");
            let pins: Vec<_> = updates.iter().map(|update| update.pin.0).collect();
            let expected = [1, 2, 3, 4, 5, 99];
            match (count, refused) {
                (0, "v1=b") => assert_eq!(pins, [1, 6]),
                _ => assert_eq!(pins, expected[..count]),
            }
            assert!(seen.insert(VirtualPin(7)), "what is left is not seen");
        }
    }
}

#[test]
fn only_a_location_is_left_undecided() {
    let datastreams = [
        Datastream::integer(..).unwrap(),
        Datastream::double(..).unwrap(),
        Datastream::string_up_to(0),
        Datastream::enumerable([0]).unwrap(),
        Datastream::boolean(),
        Datastream::location(),
    ];
    for (number, datastream) in datastreams.into_iter().enumerate() {
        let template = Template::new().with(VirtualPin(1), datastream);
        let (mut seen, mut updates) = (Seen::NONE, Updates::new());
        let stopped = run(b"v1=x", 0, &template, &mut seen, &mut updates);
        assert_eq!((stopped.at, stopped.is_refused), (0, number < 5));
    }
}
