//! Queries that an attacker might send.

/// A query that can be made of any size.
pub struct Hostile {
    pub name: &'static str,
    prefix: &'static str,
    repeated: &'static str,
    suffix: &'static str,
}

impl Hostile {
    /// Returns the query, repeated to a length of about `size` bytes.
    pub fn query(&self, size: usize) -> Vec<u8> {
        if self.repeated.is_empty() {
            return every_pin(self.prefix, self.suffix, size);
        }
        let rest = size.saturating_sub(self.prefix.len() + self.suffix.len());
        let repeated = self.repeated.repeat((rest / self.repeated.len()).max(1));
        [self.prefix, &repeated, self.suffix].concat().into_bytes()
    }
}

/// Returns a query with all pins, each value followed by `suffix`. A location has no latitude unless
/// the suffix is empty. Blanks pad the query to `size` bytes.
fn every_pin(letter: &str, suffix: &str, size: usize) -> Vec<u8> {
    let share = (size / 256).saturating_sub(10);
    let segments = (0..=255).map(|pin| {
        let is_whole = pin % 7 == 5 && suffix.is_empty();
        let value = if is_whole { "1,1" } else { "1" }.to_owned() + suffix;
        let width = if pin % 7 == 6 { share.min(1024) } else { share };
        format!("&{letter}{pin}={value:<width$}")
    });
    format!("token=t{}", segments.collect::<String>()).into_bytes()
}

/// Name, prefix, repeated part and suffix. The template repeats these types: integer, double, string
/// of any length, enumerable, boolean, location, string of 1,024 bytes. Without a repeated part the
/// query has every pin once, the prefix is the first letter of their names, and the suffix is between
/// the value and the padding.
#[rustfmt::skip]
const FAMILY: [(&str, &str, &str, &str); 54] = [
    ("separators", "token=t", "&", ""),
    ("separators before the token", "", "&", "token=t"),
    ("separators between the halves of a location", "token=t&v5=1", "&", "v5=2"),
    ("no token", "", "v1=1&", ""),
    ("one pin repeated, the token last", "", "v1=1&", "token=t"),
    ("one pin repeated", "token=t&", "v1=1&", ""),
    ("one name", "token=t&", "a", "=1"),
    ("one name, the token last", "", "a", "=1&token=t"),
    ("one name of digits", "token=t&v1", "1", "=1"),
    ("one name of escapes", "token=t&", "%41", "=1"),
    ("names of escapes, the token last", "", "%76%31=1&", "token=t"),
    ("names that resemble the token", "", "toke=1&%74oke=1&tokem=1&", "token=t"),
    ("empty names", "", "=&", "token=t"),
    ("equals signs", "token=t&v2=", "=", ""),
    ("one token", "token=", "t", ""),
    ("one token of escapes", "token=", "%74", "&v2=x"),
    ("one token, then a malformed escape", "token=", "t", "%"),
    ("escapes in a token, the last malformed", "token=", "%74", "%"),
    ("token", "", "token", ""),
    ("token, each a segment", "", "token&", ""),
    ("token, each with a value", "", "token=t&", ""),
    ("escapes in an integer", "token=t&v0=", "%41", ""),
    ("escapes in a double", "token=t&v1=", "%41", ""),
    ("escapes in a string", "token=t&v2=", "%41", ""),
    ("escapes in an enumerable", "token=t&v3=", "%41", ""),
    ("escapes in a boolean", "token=t&v4=", "%41", ""),
    ("escapes in a location", "token=t&v5=", "%41", ""),
    ("escapes in a short string", "token=t&v6=", "%41", ""),
    ("escapes in a string, the last malformed", "token=t&v2=", "%41", "%4"),
    ("escapes in a string, the last a NUL", "token=t&v2=", "%41", "%00"),
    ("escapes of four-byte characters", "token=t&v2=", "%F0%9F%8C%A1", ""),
    ("escapes of incomplete characters", "token=t&v2=", "%F0%9F%8C", ""),
    ("plus signs in a string", "token=t&v2=", "+", ""),
    ("a plain string", "token=t&v2=", "a", ""),
    ("a plain string that ends in an escape", "token=t&v2=", "a", "%41"),
    ("a plain string, then a malformed escape", "token=t&v2=", "a", "\u{e9}%"),
    ("an integer of many digits", "token=t&v0=", "9", ""),
    ("a double of many digits", "token=t&v1=1.", "3", ""),
    ("a double with an exponent of many digits", "token=t&v1=1e", "9", ""),
    ("an enumerable of many digits", "token=t&v3=", "0", ""),
    ("blanks before an integer", "token=t&v0=", " ", "7"),
    ("plus signs before a double", "token=t&v1=", "+", "7"),
    ("escaped blanks before a location", "token=t&v5=", "%20", "1,2"),
    ("commas in a location", "token=t&v5=", ",", "1"),
    ("256 pins", "v", "", ""),
    ("256 pins of escaped names", "%76", "", ""),
    ("256 pins, each before a long segment", "v", "", "&x="),
    ("separators after a longitude", "token=t&v5=1", "&", "x=1"),
    ("separators after nine pins", NINE, "&", ""),
    ("a plain string after nine pins", NINE, "a", ""),
    ("escapes after nine pins", NINE, "%41", ""),
    ("one pin repeated after nine pins", NINE, "&v0=1", ""),
    ("one location repeated, the token last", "", "v5=1&", "token=t"),
    ("a long string after a friendly query", "token=t&v0=1&v1=2&v255=", "x", ""),
];

const NINE: &str = "token=t&v0=1&v7=1&v14=1&v21=1&v28=1&v35=1&v42=1&v49=1&v2=";

pub fn family() -> impl Iterator<Item = Hostile> {
    let named = |(name, prefix, repeated, suffix)| Hostile {
        name,
        prefix,
        repeated,
        suffix,
    };
    FAMILY.into_iter().map(named)
}

/// Returns a query as a device sends it.
pub fn friendly() -> Vec<u8> {
    b"token=bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg&v0=33&v1=44.5&v2=Running&v4=1&v7=-61&v8=21.375"
        .to_vec()
}
