//! Calls every entry point that untrusted bytes reach, with opaque input. `main.rs` lists what is not
//! covered.

use alloc::borrow::Cow;
use alloc::string::String;
use core::error::Error as _;
use core::fmt::{self, Debug, Display, Write};
use core::hash::{Hash, Hasher};
use core::hint::{assert_unchecked, black_box};

use pinquery::{
    Adjustment, BatchUpdate, Datastream, DecodeError, Encoded, Error, ErrorKind, Pair, Pairs,
    Reason, Template, Text, Token, Update, Updates, Value, VirtualPin, parse,
};

pub fn call(query: &[u8], template: &Template) {
    at_once(query, template);
    in_steps(query, template);
    pairs(query);
    for (_, datastream) in template {
        one_value(query, datastream);
    }
    errors(query);
    pins(query);
    names();
}

/// Keeps a value from being optimised away.
fn used<T>(value: T) {
    black_box(value);
}

#[inline(never)]
fn at_once(query: &[u8], template: &Template) {
    let known = |token: &str| black_box((token, Some(template))).1;
    match parse(query, known) {
        Ok(accepted) => updates(accepted),
        Err(rejected) => error(rejected),
    }
    if let Ok(text) = core::str::from_utf8(query) {
        used(parse(text, known).is_ok());
    }
}

#[inline(never)]
fn in_steps(query: &[u8], template: &Template) {
    match BatchUpdate::parse(query) {
        Ok(request) => {
            debug(&request);
            token(request.token());
            error(request.unknown_token());
            error(request.no_pins());
            match black_box(request.clone()).updates(template) {
                Ok(accepted) => updates(accepted),
                Err(rejected) => error(rejected),
            }
            let mut buffer = black_box(Updates::new());
            used(request.updates_into(template, &mut buffer).is_ok());
            used(&buffer[..]);
            results(&request, template);
            for pair in black_box(request.pairs()) {
                used((pair.name.span(), pair.value.span()));
            }
        }
        Err(rejected) => error(rejected),
    }
}

#[inline(never)]
fn results(request: &BatchUpdate<'_>, template: &Template) {
    let results = request.results(template);
    debug(&results);
    used(results.size_hint());
    for result in black_box(results.clone()) {
        match result {
            Ok(update) => one_update(&update),
            Err(rejected) => error(rejected),
        }
    }
}

#[inline(never)]
fn one_value(query: &[u8], datastream: &Datastream) {
    for pair in Pairs::new(query) {
        parsed(datastream.parse_encoded(pair.value));
        match datastream.parse_segments(VirtualPin(7), pair, black_box(&[pair])) {
            Ok(update) => one_update(&update),
            Err(rejected) => error(rejected),
        }
    }
    if let Ok(text) = core::str::from_utf8(query) {
        parsed(datastream.parse(text));
    }
    let stored = black_box(Value::String("t"));
    used((datastream.fits(&stored), stored.as_str()));
}

fn parsed(parsed: Result<(Value<Text<'_>>, Option<Adjustment>), Reason>) {
    match parsed {
        Ok((value, adjusted)) => used((value, adjusted)),
        Err(reason) => {
            plain(&reason);
            display(&reason);
            used(reason.name());
        }
    }
}

/// Calls the constructors of errors with every part of the query.
#[inline(never)]
fn errors(query: &[u8]) {
    let (pin, reason) = black_box((VirtualPin(7), Reason::Nul));
    for pair in Pairs::new(query) {
        error(Error::invalid_name(pair));
        let Pair { name, value } = pair;
        error(Error::invalid_pin(name));
        error(Error::unknown_pin(pin, name));
        error(Error::duplicate_pin(pin, name));
        error(Error::invalid_value(pin, value, reason));
    }
    error(Error::no_pins(query.len()));
}

#[inline(never)]
fn updates(updates: Updates<'_>) {
    used(&updates[..]);
    for update in &updates {
        one_update(update);
    }
    let mut by_value = updates.into_iter();
    used((by_value.len(), by_value.size_hint()));
    used((by_value.next(), by_value.next_back()));
    by_value.for_each(used);
}

fn one_update(update: &Update<Text<'_>>) {
    used(*update == *black_box(update));
    used(update.pin);
    used((update.value.as_i64(), update.value.as_f64()));
    used((update.value.as_bool(), update.value.as_string().is_some()));
    used((update.value.as_str(), update.value.type_name()));
    match update.value {
        Value::String(string) => text(string),
        other => used(other),
    }
    if let Some(adjustment) = update.adjusted {
        used(adjustment.name());
        plain(&adjustment);
    }
}

#[inline(never)]
fn pairs(query: &[u8]) {
    let pairs = Pairs::new(query);
    debug(&pairs);
    used(pairs.size_hint());
    for pair in black_box(pairs.clone()) {
        debug(&pair);
        used((pair.is_token(), pair.pin()));
        let Pair { name, value } = pair;
        encoded(name);
        encoded(value);
        if let Some(parsed) = Token::new(value) {
            token(&parsed);
        }
    }
}

#[inline(never)]
fn encoded(encoded: Encoded<'_>) {
    debug(&encoded);
    used((encoded.raw(), encoded.span(), encoded.pin()));
    match encoded.decode() {
        Ok(decoded) => text(decoded),
        Err(error) => decode_error(error),
    }
}

#[inline(never)]
fn text(text: Text<'_>) {
    display(&text);
    used((text.as_str(), text.raw(), text.len(), text.is_empty()));
    used((text == black_box(text), text == *black_box("t")));
    used(text == black_box("t"));
    let mut chars = text.chars();
    used((chars.next(), chars.size_hint()));
    for character in black_box(chars.clone()) {
        used(character);
    }
    used((text.to_cow(), Cow::from(text)));
    // SAFETY: no slice is longer. The optimiser does not know, and `str::to_owned` depends on it.
    unsafe { assert_unchecked(text.raw().len() <= isize::MAX as usize) };
    used(String::from(text));
}

#[inline(never)]
fn token(token: &Token<'_>) {
    plain(token);
    used((token.as_str(), &**token, AsRef::<str>::as_ref(token)));
    used(black_box(token.clone()) == *token);
}

#[inline(never)]
fn pins(query: &[u8]) {
    let Ok(name) = core::str::from_utf8(query) else {
        return;
    };
    match name.parse::<VirtualPin>() {
        Ok(pin) => used(pin),
        Err(error) => {
            plain(&error);
            display(&error);
            used(error.source().is_some());
        }
    }
    let pin = VirtualPin::from(black_box(7));
    plain(&pin);
    display(&pin);
    used((u8::from(pin), pin.cmp(&black_box(pin))));
}

#[inline(never)]
fn error(error: pinquery::Error) {
    plain(&error);
    display(&error);
    used((error.kind(), error.span(), error.status()));
    used((error.message(), error.body(), error.source().is_some()));
    error_kind(error.kind());
}

fn error_kind(kind: ErrorKind) {
    plain(&kind);
    display(&kind);
    used((kind.name(), kind.status(), kind.message(), kind.body()));
}

fn decode_error(error: DecodeError) {
    plain(&error);
    display(&error);
    used(error.source().is_some());
}

/// Covers the enums separately, in case the optimiser knows which variants occur.
#[inline(never)]
fn names() {
    error_kind(black_box(ErrorKind::NoPins));
    decode_error(black_box(DecodeError::InvalidUtf8));
    used(black_box(Adjustment::Fallback).name());
}

/// Calls the traits that most small types implement.
fn plain<T: Debug + PartialEq + Clone + Hash>(value: &T) {
    debug(value);
    used(*value == black_box(value.clone()));
    value.hash(&mut Sink);
}

fn display(value: &impl Display) {
    let [width, precision] = black_box([7_u8, 3]).map(usize::from);
    used(write!(Sink, "{value}"));
    used(write!(Sink, "{value:>width$.precision$}"));
    used(write!(Sink, "{value:^+#0width$}"));
}

fn debug(value: &impl Debug) {
    used(write!(Sink, "{value:?}"));
    used(write!(Sink, "{value:#?}"));
}

/// A writer and hasher that may fail: the result is opaque as well.
struct Sink;

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        used(text);
        black_box(Ok(()))
    }
}

impl Hasher for Sink {
    fn write(&mut self, bytes: &[u8]) {
        used(bytes);
    }

    fn finish(&self) -> u64 {
        black_box(0)
    }
}
