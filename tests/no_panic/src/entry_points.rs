//! Every public entry point, called with opaque input; what is missing is listed in `main.rs`.

use alloc::borrow::Cow;
use alloc::string::String;
use core::error::Error as _;
use core::fmt::{self, Debug, Display, Write};
use core::hash::{Hash, Hasher};
use core::hint::{assert_unchecked, black_box};
use core::ops::Bound;

use pinquery::{
    Adjustment, BatchUpdate, Datastream, DatastreamError, DatastreamRow, DecodeError, Encoded,
    ErrorKind, Pair, Pairs, Template, Text, Token, Update, Updates, Value, VirtualPin, parse,
};

/// A template with each type of datastream.
pub fn template() -> Template {
    let datastreams = [
        Datastream::integer(black_box(0..=100)),
        Datastream::double(black_box(..)),
        Ok(Datastream::string_up_to(black_box(64))),
        Datastream::enumerable_or(black_box([0, 20, 130]), black_box(0)),
        Ok(Datastream::location()),
        Ok(Datastream::boolean()),
    ];
    let mut template: Template = (1..)
        .map(VirtualPin)
        .zip(datastreams)
        .filter_map(|(pin, datastream)| Some((pin, datastream.ok()?)))
        .collect();
    template.extend((10..=20).map(|pin| (VirtualPin(pin), Datastream::string())));
    template
}

pub fn call(query: &[u8], template: &Template) {
    at_once(query, template);
    in_steps(query, template);
    pairs(query);
    pins(query);
    names();
    datastreams();
    templates(template);
}

/// Uses a value, whatever it is.
fn used<T>(value: T) {
    black_box(value);
}

#[inline(never)]
fn at_once(query: &[u8], template: &Template) {
    let known = |token: &str| black_box((token, Some(template))).1;
    match parse(query, known) {
        Ok(accepted) => updates(accepted),
        Err(refused) => error(refused),
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
            match black_box(request.clone()).updates(template) {
                Ok(accepted) => updates(accepted),
                Err(refused) => error(refused),
            }
            let mut kept: Updates<'_> = black_box(Updates::new()).recycle();
            used(request.updates_into(template, &mut kept).is_ok());
            used(&kept[..]);
        }
        Err(refused) => error(refused),
    }
}

#[inline(never)]
fn updates(updates: Updates<'_>) {
    used(&updates[..]);
    for update in &updates {
        one_update(update);
    }
    let copy = black_box(updates.clone());
    used(copy == updates);
    used(black_box(copy.clone()).recycle().len());
    let mut by_value = updates.into_iter();
    used((by_value.len(), by_value.size_hint()));
    used((by_value.next(), by_value.next_back()));
    by_value.for_each(used);
    for update in copy {
        used(update);
    }
}

fn one_update(update: &Update<Text<'_>>) {
    used(*update == *black_box(update));
    used(update.pin);
    used((update.value.as_i64(), update.value.as_f64()));
    used((update.value.as_bool(), update.value.as_string().is_some()));
    used(update.value.type_name());
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
        if let Some(judged) = Token::new(value) {
            token(&judged);
        }
    }
}

#[inline(never)]
fn encoded(encoded: Encoded<'_>) {
    debug(&encoded);
    used((encoded.raw(), encoded.span()));
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
    // SAFETY: no slice has more bytes. The optimiser is not summary so, and `str::to_owned` asks.
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
    used((kind.name(), kind.message(), kind.body()));
}

fn decode_error(error: DecodeError) {
    plain(&error);
    display(&error);
    used(error.source().is_some());
}

fn datastream_error(error: DatastreamError) {
    plain(&error);
    display(&error);
    used(error.source().is_some());
}

/// The enumerations by themselves, in case no query brings them up.
#[inline(never)]
fn names() {
    error_kind(black_box(ErrorKind::NoPins));
    decode_error(black_box(DecodeError::InvalidUtf8));
    datastream_error(black_box(DatastreamError::NoValues));
    used(black_box(Adjustment::Fallback).name());
}

#[inline(never)]
fn datastreams() {
    let integers = black_box((Bound::Included(0), Bound::Unbounded));
    let doubles = black_box((Bound::Included(0.0), Bound::Unbounded));
    let values = black_box(&[3_i64, 1, 2][..]);
    let row = |type_name| DatastreamRow {
        type_name,
        ..DatastreamRow::default()
    };
    let of_every_type = Datastream::TYPES.iter().copied().map(row);
    let of_every_type = of_every_type.map(|row| Datastream::from_row(&row));
    let built = [
        Datastream::integer(integers),
        Datastream::double(doubles),
        Datastream::enumerable(values.iter().copied()),
        Datastream::enumerable_or(values.iter().copied(), black_box(2)),
        Datastream::enumerable(black_box([3, 1, 2])),
        Ok(Datastream::string()),
        Ok(Datastream::string_up_to(black_box(64))),
        Ok(Datastream::boolean()),
        Ok(Datastream::location()),
    ];
    for built in built.into_iter().chain(of_every_type) {
        match built {
            Ok(datastream) => {
                used(datastream.type_name());
                used(datastream.view());
                used(datastream.row());
                used(black_box(datastream.clone()) == datastream);
            }
            Err(error) => datastream_error(error),
        }
    }
}

#[inline(never)]
fn templates(template: &Template) {
    let pin = black_box(VirtualPin(30));
    let datastream = || black_box(Datastream::boolean());

    let mut other = black_box(template.clone());
    used(other == *template);
    used(other.insert(pin, datastream()));
    other.extend(black_box([(pin, datastream())]));
    let other = black_box(other).with(pin, datastream());
    used(Template::from_iter(black_box([(pin, datastream())])));
    used((Template::new(), Template::default()));

    used((other.len(), other.is_empty(), other.get(pin)));
    for (pin, datastream) in &other {
        used((pin, datastream));
    }
    let mut other = black_box(other);
    used(other.remove(pin));
    other.into_iter().for_each(used);
}

/// What most of the small types can do.
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

/// Takes text and hashes, and fails or does not: that is opaque, too.
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
