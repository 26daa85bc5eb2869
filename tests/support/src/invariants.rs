//! Properties of every query and every template.

use std::ops::Range;

use pinquery::{
    BatchUpdate, Datastream, Encoded, Error, ErrorKind, Pair, Pairs, Reason, Template, Text,
    Update, Updates, Value, VirtualPin,
};

use crate::{Device, UNKNOWN, plain};

/// Asserts everything about the outcome of a query that can be checked without a second parser.
#[track_caller]
pub fn check_invariants(query: &[u8], device: &Device) {
    let mut lookups = 0;
    let outcome = pinquery::parse(query, |token| {
        lookups += 1;
        assert!(is_token(token.as_bytes()), "lookup of an invalid token");
        (token != UNKNOWN).then_some(&device.library)
    });
    let has_token = !matches!(
        outcome.as_ref().map_err(Error::kind),
        Err(ErrorKind::MissingToken | ErrorKind::InvalidToken)
    );
    assert_eq!(
        lookups,
        usize::from(has_token),
        "one lookup per valid token"
    );
    match &outcome {
        Ok(updates) => accepted(query, &device.plain, updates),
        Err(error) => rejected(query, &device.library, *error),
    }
    assert!(outcome == device.in_two_steps(query), "in two steps");
    pairs(query);
    if has_token {
        request(query, device, &outcome);
    }
}

fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| (0x21..=0x7E).contains(byte))
}

/// Asserts one update for each pin, in query order, that fits its datastream. Strings borrow from
/// the query.
fn accepted(query: &[u8], template: &plain::Template, updates: &Updates<'_>) {
    assert!((1..=256).contains(&updates.len()));
    let mut order: Vec<u8> = Pairs::new(query)
        .filter_map(|pair| Some(pair.pin()?.0))
        .collect();
    // The two segments of a location are adjacent.
    order.dedup();
    assert!(updates.iter().map(|update| update.pin.0).eq(order));
    for update in updates {
        assert!(
            template[&update.pin.0].accepts(&update.into_owned()),
            "{update:?}"
        );
        if let Value::String(text) = update.value {
            assert!(is_inside(query, text.raw()));
            let plain = text.as_str();
            assert!(plain.is_none_or(|text| is_inside(query, text.as_bytes())));
        }
    }
}

/// Returns whether `part` is a slice of `whole` rather than a copy.
fn is_inside(whole: &[u8], part: &[u8]) -> bool {
    let start = part.as_ptr() as usize;
    let Range { start: first, end } = whole.as_ptr_range();
    first as usize <= start && start + part.len() <= end as usize
}

/// Asserts that the error is the one that its constructor creates from a pair of the query. Errors of
/// kinds without a constructor cover the query's end or the token.
fn rejected(query: &[u8], template: &Template, error: Error) {
    use ErrorKind as K;

    let is_right = match error.kind() {
        K::MissingToken => error.span() == (query.len()..query.len()),
        K::NoPins => error == Error::no_pins(query.len()),
        K::InvalidToken | K::UnknownToken => {
            let token = Pairs::new(query).find(Pair::is_token);
            token.is_some_and(|pair| pair.value.span() == error.span())
        }
        _ => Pairs::new(query).any(|pair| created(error, pair) == Some(error)),
    };
    assert!(is_right, "{error}");
    let (pin, reason) = pin_and_reason(query, template, error).unzip();
    assert_eq!(error.pin(), pin, "{error}");
    assert_eq!(error.reason(), reason.flatten(), "{error}");
    assert_eq!(error.status(), 400);
    let body = format!(r#"{{"error":{{"message":"{}"}}}}"#, error.message());
    assert_eq!(error.body(), body);
}

/// Returns the pin at the error's span and, for an invalid value, the reason why the pin's datastream
/// rejects the value by itself. Returns `None` for kinds of errors without a pin.
fn pin_and_reason(
    query: &[u8],
    template: &Template,
    error: Error,
) -> Option<(VirtualPin, Option<Reason>)> {
    let is_value = match error.kind() {
        ErrorKind::InvalidValue => true,
        ErrorKind::UnknownPin | ErrorKind::DuplicatePin => false,
        _ => return None,
    };
    let mut before = None;
    for pair in Pairs::new(query) {
        let pin = pair.pin();
        let part = if is_value { pair.value } else { pair.name };
        if part.span() == error.span() {
            let datastream = template.get(pin?).filter(|_| is_value);
            let reason = datastream.and_then(|datastream| match before == pin {
                true => latitude_reason(datastream, part, error.reason()),
                false => datastream.parse_encoded(part).err(),
            });
            return Some((pin?, reason));
        }
        before = pin;
    }
    None
}

/// Returns the reason why a location rejects a latitude that is a separate segment. Returns `found` if
/// the latitude is too long only together with a longitude.
fn latitude_reason(
    location: &Datastream,
    latitude: Encoded<'_>,
    found: Option<Reason>,
) -> Option<Reason> {
    let query = [b"=0,", latitude.raw()].concat();
    match latitude.raw().len() {
        4095..=4096 => found,
        _ => location
            .parse_encoded(Pairs::new(&query).next()?.value)
            .err(),
    }
}

/// Creates an error of the same kind and reason from a pair, if they apply to its name.
fn created(error: Error, pair: Pair<'_>) -> Option<Error> {
    use ErrorKind as K;

    let Pair { name, value } = pair;
    Some(match (error.kind(), pair.pin(), error.reason()) {
        (K::DuplicateToken | K::InvalidPin, None, None) => Error::invalid_name(pair),
        (K::UnknownPin, Some(pin), None) => Error::unknown_pin(pin, name),
        (K::DuplicatePin, Some(pin), None) => Error::duplicate_pin(pin, name),
        (K::InvalidValue, Some(pin), Some(reason)) => Error::invalid_value(pin, value, reason),
        _ => return None,
    })
}

/// Asserts properties of the pairs and results of a request whose token is valid.
fn request(query: &[u8], device: &Device, outcome: &Result<Updates<'_>, Error>) {
    let request = BatchUpdate::parse(query).expect("a valid token");
    let spans = |pair: Pair<'_>| (pair.name.span(), pair.value.span());
    let token = Pairs::new(query).position(|pair| pair.is_token());
    let others = Pairs::new(query).enumerate();
    let others = others.filter(|(index, _)| Some(*index) != token);
    let others: Vec<_> = others.map(|(_, pair)| spans(pair)).collect();
    assert!(request.pairs().map(spans).eq(others.iter().cloned()));

    let Some(mut results) = device.results(query) else {
        return;
    };
    let copy = results.clone();
    let all: Vec<_> = results.by_ref().collect();
    assert!(results.next().is_none() && results.next().is_none());
    assert!(copy.eq(all.iter().copied()), "of a clone");
    assert!((1..=others.len().max(1)).contains(&all.len()));
    let updates: Result<Vec<_>, Error> = all.iter().copied().collect();
    assert_eq!(updates, outcome.clone().map(|updates| updates.to_vec()));
    let errors = all.iter().filter_map(|result| result.err());
    errors.for_each(|error| rejected(query, &device.library, error));
    let is_between = token.is_some_and(|at| at > 0 && at < others.len());
    if let Some(update) = single_pin(&request, device).filter(|_| !is_between) {
        assert_eq!(update, outcome.clone().map(|updates| updates[0]));
    }
}

/// Parses the segments of a request for a single pin on their own.
fn single_pin<'q>(
    request: &BatchUpdate<'q>,
    device: &Device,
) -> Option<Result<Update<Text<'q>>, Error>> {
    let segments: Vec<_> = request.pairs().collect();
    let (&first, rest) = segments.split_first()?;
    let pin = first.pin()?;
    let datastream = device.library.get(pin)?;
    let is_single = rest.iter().all(|pair| pair.pin() == Some(pin));
    is_single.then(|| datastream.parse_segments(pin, first, rest))
}

/// Asserts that the pairs cover the query except for separators and `=`.
fn pairs(query: &[u8]) {
    let mut end = 0;
    for pair in Pairs::new(query) {
        let (name, value) = (pair.name.span(), pair.value.span());
        assert!(query[end..name.start].iter().all(|&byte| byte == b'&'));
        assert!(matches!(&query[name.end..value.start], b"" | b"="));
        assert_eq!(query[name.clone()].as_ptr(), pair.name.raw().as_ptr());
        assert_eq!(query[value.clone()].as_ptr(), pair.value.raw().as_ptr());
        assert_eq!(pair.name.raw(), &query[name]);
        assert_eq!(pair.value.raw(), &query[value.clone()]);
        end = value.end;
    }
    assert!(query[end..].iter().all(|&byte| byte == b'&'));
}
