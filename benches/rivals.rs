//! The same work done with other crates: each splits and decodes in its own way, and all share the
//! validation in `validate.rs`.
//!
//! They fill a buffer of eight updates on the caller's stack, as `updates_into` does, because
//! returning it would cost more. They report no spans and do not limit the length of numbers.

mod validate;

use std::borrow::Cow;
use std::collections::HashMap;

use pinquery::ErrorKind;

use crate::contender::{Contender, Outcome};
use crate::corpus::Case;
use crate::device::Device;
use validate::{Updates, validate_map, validate_pairs};

macro_rules! rival {
    ($name:ident, |$case:ident, $lookup:ident, $updates:ident| $body:expr) => {
        pub(crate) struct $name;

        impl Contender for $name {
            type Updates<'q> = Updates<'q>;
            type Error = ErrorKind;

            fn parse_into<'q, 'd>(
                $case: &'q Case,
                $lookup: impl FnOnce(&str) -> Option<&'d Device>,
                $updates: &mut Updates<'q>,
            ) -> Result<(), ErrorKind> {
                $body
            }

            fn outcome(result: Result<Updates<'_>, ErrorKind>) -> Outcome {
                let updates = result.map_err(ErrorKind::name)?.into_iter();
                Ok(updates
                    .map(|update| update.map_string(Cow::into_owned))
                    .collect())
            }
        }
    };
}

// `form_urlencoded`: the splitter and decoder of the `url` crate, which borrows what it can.
rival!(FormUrlencoded, |case, lookup, updates| {
    let pairs = form_urlencoded::parse(case.query.as_bytes());
    validate_pairs(pairs.map(Ok), lookup, updates)
});

// `form-net`: strict, with limits.
rival!(FormNet, |case, lookup, updates| {
    // Its error does not say whether a name or a value is malformed. The workloads have malformed
    // values only.
    let pairs = form_net::pairs(case.query.as_bytes());
    validate_pairs(
        pairs.map(|pair| pair.map_err(|_| ErrorKind::InvalidValue)),
        lookup,
        updates,
    )
});

// `xocomil`: raw pairs, and a decoder that fills a buffer.
rival!(Xocomil, |case, lookup, updates| {
    let pairs = xocomil::query::parse(case.query.as_bytes());
    let pairs = pairs.map(|(name, value)| {
        let name = decode(name).ok_or(ErrorKind::InvalidPin)?;
        let value = decode(value).ok_or(ErrorKind::InvalidValue)?;
        Ok((name, value))
    });
    validate_pairs(pairs, lookup, updates)
});

fn decode(raw: &[u8]) -> Option<Cow<'_, str>> {
    use xocomil::pct::{Mode, decode_into};
    if !raw.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return std::str::from_utf8(raw).ok().map(Cow::Borrowed);
    }
    let mut decoded = vec![0; raw.len()];
    let length = decode_into(raw, Mode::Form, &mut decoded).ok()?;
    decoded.truncate(length);
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

// `memchr`, hand-tuned: one search per delimiter, nothing decoded, nothing copied.
rival!(Memchr, |case, lookup, updates| {
    let Ok(query) = std::str::from_utf8(case.query.as_bytes()) else {
        return Err(ErrorKind::InvalidValue);
    };
    let ends = memchr::memchr_iter(b'&', query.as_bytes());
    let mut start = 0;
    let segments = ends.chain([query.len()]).map(move |end| {
        let segment = &query[start..end];
        start = end + 1;
        segment
    });
    let pairs = segments
        .filter(|segment| !segment.is_empty())
        .map(|segment| {
            let (name, value) = match memchr::memchr(b'=', segment.as_bytes()) {
                Some(at) => (&segment[..at], &segment[at + 1..]),
                None => (segment, ""),
            };
            Ok((Cow::Borrowed(name), Cow::Borrowed(value)))
        });
    validate_pairs(pairs, lookup, updates)
});

type Map = HashMap<String, String>;

// `serde_urlencoded` into a hash map, as web frameworks do.
rival!(SerdeUrlencoded, |case, lookup, updates| {
    match serde_urlencoded::from_str::<Map>(case.query) {
        Ok(map) => validate_map(map, lookup, updates),
        Err(_) => Err(ErrorKind::InvalidValue),
    }
});

// The query extractor of `axum` alone; the URI has been parsed.
rival!(Axum, |case, lookup, updates| {
    let uri = case.uri.as_deref().ok_or(ErrorKind::InvalidValue)?;
    match axum::extract::Query::<Map>::try_from_uri(uri) {
        Ok(axum::extract::Query(map)) => validate_map(map, lookup, updates),
        Err(_) => Err(ErrorKind::InvalidValue),
    }
});

// The query extractor of `actix-web` alone.
rival!(Actix, |case, lookup, updates| {
    match actix_web::web::Query::<Map>::from_query(case.query) {
        Ok(map) => validate_map(map.into_inner(), lookup, updates),
        Err(_) => Err(ErrorKind::InvalidValue),
    }
});
