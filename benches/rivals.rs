//! The library's job as one would do it with other crates: each splits and decodes in its own way,
//! and all share the judgement behind it, in `judge.rs`, with the standard library's parsers.
//!
//! They fill a variable of the caller's, which has room for eight updates, as `updates_into` does:
//! to return the updates costs them 90 to 120 instructions. What is generous to them: errors have
//! no spans, and the length limits of numbers are left out.

mod judge;

use std::borrow::Cow;
use std::collections::HashMap;

use pinquery::ErrorKind;

use crate::contender::{Contender, Plain};
use crate::corpus::Case;
use crate::device::Device;
use judge::{Updates, judge, judge_map, plain};

macro_rules! rival {
    ($name:ident, |$case:ident, $lookup:ident, $updates:ident| $judge:expr) => {
        pub(crate) struct $name;

        impl Contender for $name {
            type Updates<'q> = Updates<'q>;
            type Error = ErrorKind;

            fn judge<'q, 'd>(
                $case: &'q Case,
                $lookup: impl FnOnce(&str) -> Option<&'d Device>,
                $updates: &mut Updates<'q>,
            ) -> Result<(), ErrorKind> {
                $judge
            }

            fn plain(answer: Result<Updates<'_>, ErrorKind>) -> Plain {
                plain(answer)
            }
        }
    };
}

// `form_urlencoded`: the splitter and decoder of the `url` crate, which borrows what it can.
rival!(FormUrlencoded, |case, lookup, updates| {
    let pairs = form_urlencoded::parse(case.query.as_bytes());
    judge(pairs.map(Ok), lookup, updates)
});

// `form-net`: strict, and budgeted.
rival!(FormNet, |case, lookup, updates| {
    // It does not tell a name that does not decode from such a value. The workloads have
    // malformed values only.
    let pairs = form_net::pairs(case.query.as_bytes());
    judge(
        pairs.map(|pair| pair.map_err(|_| ErrorKind::InvalidValue)),
        lookup,
        updates,
    )
});

// `xocomil`: raw pairs, and a decoder into a buffer of the caller's.
rival!(Xocomil, |case, lookup, updates| {
    let pairs = xocomil::query::parse(case.query.as_bytes());
    let pairs = pairs.map(|(name, value)| {
        let name = decode(name).ok_or(ErrorKind::InvalidPin)?;
        let value = decode(value).ok_or(ErrorKind::InvalidValue)?;
        Ok((name, value))
    });
    judge(pairs, lookup, updates)
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

// `memchr` by a careful hand: one look for each delimiter, nothing decoded, nothing copied.
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
    judge(pairs, lookup, updates)
});

type Map = HashMap<String, String>;

// `serde_urlencoded` into a hash map: what web frameworks do.
rival!(SerdeUrlencoded, |case, lookup, updates| {
    match serde_urlencoded::from_str::<Map>(case.query) {
        Ok(map) => judge_map(map, lookup, updates),
        Err(_) => Err(ErrorKind::InvalidValue),
    }
});

// The query extractor of `axum`, without the rest of it: the URI is there already.
rival!(Axum, |case, lookup, updates| {
    let uri = case.uri.as_deref().ok_or(ErrorKind::InvalidValue)?;
    match axum::extract::Query::<Map>::try_from_uri(uri) {
        Ok(axum::extract::Query(map)) => judge_map(map, lookup, updates),
        Err(_) => Err(ErrorKind::InvalidValue),
    }
});

// The query extractor of `actix-web`, without the rest of it.
rival!(Actix, |case, lookup, updates| {
    match actix_web::web::Query::<Map>::from_query(case.query) {
        Ok(map) => judge_map(map.into_inner(), lookup, updates),
        Err(_) => Err(ErrorKind::InvalidValue),
    }
});
