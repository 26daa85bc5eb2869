//! The URL Standard's reading of a form, which the contract's is a strict part of.

use super::Summary;
use pinquery::{DecodeError, Encoded, Pairs};

/// Any bytes: `Pairs` finds the pairs that `form_urlencoded` finds, and decodes to the same text
/// where the standard neither keeps a malformed escape nor replaces a byte.
pub fn against_form_urlencoded(query: &[u8]) -> Summary {
    let mut theirs = form_urlencoded::parse(query);
    let mut found = Vec::new();
    for pair in Pairs::new(query) {
        let (name, value) = theirs.next().expect("a pair of the standard's");
        same(&pair.name, &name);
        same(&pair.value, &value);
        found.push(kind(&pair.name) + "=" + &kind(&pair.value));
        if is_well_formed(pair.name.raw()) {
            assert_eq!(pair.is_token(), name == "token");
            assert_eq!(pair.pin().map(|pin| pin.0), pin(&name));
        }
    }
    assert!(theirs.next().is_none());
    if found.is_empty() {
        return Some("no pairs".to_owned());
    }
    Some(found.join("&"))
}

fn kind(part: &Encoded<'_>) -> String {
    match part.decode() {
        Ok(text) if text.is_empty() => String::new(),
        Ok(text) if text.as_str().is_some() => "plain".to_owned(),
        Ok(_) => "decoded".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

fn same(ours: &Encoded<'_>, theirs: &str) {
    let decoded = ours.decode();
    if !is_well_formed(ours.raw()) {
        assert_eq!(decoded, Err(DecodeError::MalformedEscape));
        return;
    }
    match decoded {
        Ok(text) => {
            assert_eq!(text, *theirs);
            assert_eq!(text.to_cow(), theirs);
            assert_eq!(text.to_string(), theirs);
            assert_eq!(text.len(), theirs.len());
            assert_eq!(text.is_empty(), theirs.is_empty());
        }
        Err(error) => {
            assert_eq!(error, DecodeError::InvalidUtf8);
            assert!(theirs.contains('\u{FFFD}'), "the standard lost nothing");
        }
    }
}

/// Whether the standard finds no stray `%`, which it would keep as it is.
fn is_well_formed(raw: &[u8]) -> bool {
    let mut escapes = raw.split(|&byte| byte == b'%');
    escapes.next();
    escapes.all(|rest| matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

fn pin(name: &str) -> Option<u8> {
    let digits = name.strip_prefix(['v', 'V'])?;
    let pin: u8 = digits.parse().ok()?;
    // `parse` takes a sign and leading zeros, which are not written back.
    (digits == pin.to_string()).then_some(pin)
}
