//! Percent-encoding with a choice at every byte.

/// An endless cycle of choices. If empty, every choice is 0, which encodes as little as possible.
#[derive(Debug)]
pub struct Choices<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Choices<'a> {
    /// Creates choices from bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Returns the next choice.
    #[expect(clippy::should_implement_trait, reason = "choices never end")]
    pub fn next(&mut self) -> u8 {
        let choice = self.bytes.get(self.at % self.bytes.len().max(1));
        self.at += 1;
        choice.copied().unwrap_or(0)
    }
}

/// Encodes a value. The choices decide which optional bytes are escaped, the case of hexadecimal
/// digits, and which spaces become `+`.
pub fn encode(text: &[u8], choices: &mut Choices<'_>) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len());
    for &byte in text {
        let choice = choices.next();
        match byte {
            b' ' if choice & 1 == 0 => encoded.push(b'+'),
            b'&' | b'%' | b'+' => encoded.extend(escape(byte, choice)),
            _ if choice & 7 == 7 => encoded.extend(escape(byte, choice)),
            _ => encoded.push(byte),
        }
    }
    encoded
}

/// Encodes a name, which also escapes `=`.
pub fn encode_name(text: &[u8], choices: &mut Choices<'_>) -> Vec<u8> {
    let name = encode(text, choices);
    let mut encoded = Vec::with_capacity(name.len());
    for byte in name {
        match byte {
            b'=' => encoded.extend(b"%3d"),
            _ => encoded.push(byte),
        }
    }
    encoded
}

/// Escapes a byte as `%41`; the choice decides the case of each digit.
pub fn escape(byte: u8, choice: u8) -> [u8; 3] {
    [
        b'%',
        hexadecimal(byte >> 4, choice & 0x10 != 0),
        hexadecimal(byte & 15, choice & 0x20 != 0),
    ]
}

fn hexadecimal(value: u8, upper: bool) -> u8 {
    match (value, upper) {
        (0..=9, _) => b'0' + value,
        (_, true) => b'A' + value - 10,
        (_, false) => b'a' + value - 10,
    }
}

/// Encodes `name=value`.
pub fn segment(name: &[u8], value: &[u8], choices: &mut Choices<'_>) -> Vec<u8> {
    let name = encode_name(name, choices);
    [&name, &b"="[..], &encode(value, choices)].concat()
}

/// Returns every other spelling of a name in upper and lower case.
pub fn other_cases(name: &str) -> Vec<String> {
    let mut cases = vec![String::new()];
    for character in name.chars() {
        let (lower, upper) = (
            character.to_ascii_lowercase(),
            character.to_ascii_uppercase(),
        );
        let mut changed = cases.clone();
        cases.iter_mut().for_each(|case| case.push(lower));
        changed.iter_mut().for_each(|case| case.push(upper));
        if lower != upper {
            cases.extend(changed);
        }
    }
    cases.retain(|case| case != name);
    cases
}
