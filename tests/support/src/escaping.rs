//! Bytes as text, for spec lines and seeds.

/// Escapes bytes other than printable ASCII as `\n`, `\r`, `\t` or `\xHH`, and a
/// backslash as `\\`.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'\n' => text += r"\n",
            b'\r' => text += r"\r",
            b'\t' => text += r"\t",
            b'\\' => text += r"\\",
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text += &format!(r"\x{byte:02X}"),
        }
    }
    text
}

/// Reverses [`escape`], and also reads `\s` for a space, `\rep(N:text)` and `\empty`.
///
/// # Panics
///
/// If an escape is unknown or incomplete.
#[must_use]
pub fn unescape(text: &str) -> Vec<u8> {
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
                [b'n', ..] => (b'\n', 1),
                [b'r', ..] => (b'\r', 1),
                [b't', ..] => (b'\t', 1),
                _ => panic!("unknown escape: \\{escape}"),
            };
            bytes.push(byte);
            &escape[length..]
        };
    }
    bytes.extend(rest.as_bytes());
    bytes
}

fn repetition(text: &str) -> (usize, &str, &str) {
    let (count, rest) = text.split_once(':').expect("a count");
    let (text, tail) = rest.split_once(')').expect("a closing parenthesis");
    (count.parse().unwrap(), text, tail)
}
