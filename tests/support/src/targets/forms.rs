//! The URL Standard's form parser, of which the contract accepts a strict subset.

use super::Summary;
use pinquery::{DecodeError, Encoded, Pairs};

/// Asserts, for any bytes, that `Pairs` finds the same pairs as `form_urlencoded`, and decodes to the
/// same text unless the standard keeps a malformed escape or replaces a byte.
pub fn against_form_urlencoded(query: &[u8]) -> Summary {
    let mut theirs = form_urlencoded::parse(query);
    let mut found = Vec::new();
    for pair in Pairs::new(query) {
        let (name, value) = theirs.next().expect("a pair of the standard");
        same(&pair.name, &name);
        same(&pair.value, &value);
        found.push(kind(&pair.name) + "=" + &kind(&pair.value));
        if is_well_formed(pair.name.raw()) {
            assert_eq!(pair.is_token(), name == "token");
            assert_eq!(pair.pin(), pair.name.pin());
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
        assert_eq!(ours.pin(), None);
        return;
    }
    assert_eq!(ours.pin().map(|pin| pin.0), pin(theirs));
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
            assert!(theirs.contains('\u{FFFD}'), "the standard replaced no byte");
        }
    }
}

/// Returns whether every `%` is an escape; the standard keeps any other `%`.
fn is_well_formed(raw: &[u8]) -> bool {
    let mut escapes = raw.split(|&byte| byte == b'%');
    escapes.next();
    escapes.all(|rest| matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

fn pin(name: &str) -> Option<u8> {
    let digits = name.strip_prefix(['v', 'V'])?;
    let pin: u8 = digits.parse().ok()?;
    // `parse` also accepts a sign and leading zeros.
    (digits == pin.to_string()).then_some(pin)
}
