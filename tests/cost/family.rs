//! Queries that someone would send who means harm.

/// A way to fill a query of any size.
pub struct Hostile {
    pub name: &'static str,
    before: &'static str,
    again: &'static str,
    behind: &'static str,
}

impl Hostile {
    /// The query with so many repetitions that it is about `size` bytes long.
    pub fn query(&self, size: usize) -> Vec<u8> {
        if self.again.is_empty() {
            return every_pin(self.before, size);
        }
        let rest = size.saturating_sub(self.before.len() + self.behind.len());
        let again = self.again.repeat((rest / self.again.len()).max(1));
        [self.before, &again, self.behind].concat().into_bytes()
    }
}

/// All pins, each with a location or a number and as many blanks as its share leaves room for.
fn every_pin(letter: &str, size: usize) -> Vec<u8> {
    let share = (size / 256).saturating_sub(10);
    let segments = (0..=255).map(|pin| {
        let value = if pin % 7 == 5 { "1,1" } else { "1" };
        let width = if pin % 7 == 6 { share.min(1024) } else { share };
        format!("&{letter}{pin}={value:<width$}")
    });
    format!("token=t{}", segments.collect::<String>()).into_bytes()
}

/// Each before, again and again, and behind. The template's pins repeat integer, double, string of
/// any length, enumerable, boolean, location, string of 1,024 bytes. To repeat nothing means every
/// pin once, with what stands before as the letter of its name.
#[rustfmt::skip]
const FAMILY: [(&str, &str, &str, &str); 52] = [
    ("separators", "token=t", "&", ""),
    ("separators before the token", "", "&", "token=t"),
    ("separators between the halves of a location", "token=t&v5=1", "&", "v5=2"),
    ("no token", "", "v1=1&", ""),
    ("one pin again, the token last", "", "v1=1&", "token=t"),
    ("one pin again", "token=t&", "v1=1&", ""),
    ("one name", "token=t&", "a", "=1"),
    ("one name, the token last", "", "a", "=1&token=t"),
    ("one name of digits", "token=t&v1", "1", "=1"),
    ("one name of escapes", "token=t&", "%41", "=1"),
    ("names of escapes, the token last", "", "%76%31=1&", "token=t"),
    ("names nearly the token", "", "toke=1&%74oke=1&tokem=1&", "token=t"),
    ("empty names", "", "=&", "token=t"),
    ("equals signs", "token=t&v2=", "=", ""),
    ("one token", "token=", "t", ""),
    ("one token of escapes", "token=", "%74", "&v2=x"),
    ("one token that ends badly", "token=", "t", "%"),
    ("one token of escapes that ends badly", "token=", "%74", "%"),
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
    ("escapes that end badly", "token=t&v2=", "%41", "%4"),
    ("escapes that end in a NUL", "token=t&v2=", "%41", "%00"),
    ("escapes of four for a character", "token=t&v2=", "%F0%9F%8C%A1", ""),
    ("escapes that begin characters", "token=t&v2=", "%F0%9F%8C", ""),
    ("plus signs in a string", "token=t&v2=", "+", ""),
    ("a plain string", "token=t&v2=", "a", ""),
    ("a plain string that ends in an escape", "token=t&v2=", "a", "%41"),
    ("a plain string that ends badly", "token=t&v2=", "a", "\u{e9}%"),
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
    ("separators behind nine pins", NINE, "&", ""),
    ("a plain string behind nine pins", NINE, "a", ""),
    ("escapes behind nine pins", NINE, "%41", ""),
    ("one pin again behind nine pins", NINE, "&v0=1", ""),
    ("one location, never its second half", "", "v5=1&", "token=t"),
    ("a megabyte behind a friendly query", "token=t&v0=1&v1=2&v255=", "x", ""),
];

const NINE: &str = "token=t&v0=1&v7=1&v14=1&v21=1&v28=1&v35=1&v42=1&v49=1&v2=";

pub fn family() -> impl Iterator<Item = Hostile> {
    let named = |(name, before, again, behind)| Hostile {
        name,
        before,
        again,
        behind,
    };
    FAMILY.into_iter().map(named)
}

/// What a device sends.
pub fn friendly() -> Vec<u8> {
    b"token=bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg&v0=33&v1=44.5&v2=Running&v4=1&v7=-61&v8=21.375"
        .to_vec()
}
