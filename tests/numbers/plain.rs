//! Plain decimals, which take the fast path, alone and followed by other bytes, against the reference.

use pinquery_test_support::Device;

use super::random::Random;

/// Compares each text as a value of every numeric type: in the middle and at the end of the query,
/// which the fast path distinguishes, and as either half of a location.
fn check(texts: impl Iterator<Item = Vec<u8>>) {
    let device = Device::read(
        "v1:integer(-50,1000) v2:double(-200,1e9) v3:enumerable(0,1,-7,20,130;0) v4:location \
         v5:location v6:boolean v7:integer v8:enumerable(3)",
    );
    for text in texts {
        for (before, after) in [
            ("v1=", ""),
            ("v2=", ""),
            ("v2=", "&v6=1"),
            ("v3=", "&v1=5&v2=12345678901234567"),
            ("v4=", ",1.5"),
            ("v4=1.5,", ""),
            ("v4=", "&v4=1"),
            ("v4=1&V4=", "&v6=0"),
        ] {
            let query = [b"token=t&", before.as_bytes(), &text, after.as_bytes()].concat();
            device.agree(&query);
        }
    }
}

/// Replaces each `d` of a shape with zeros, nines or random digits.
fn fill(shape: &str, random: &mut Random, style: u64) -> Vec<u8> {
    let mut digit = |shape| match (shape, style) {
        (b'd', 0) => b'0',
        (b'd', 1) => b'9',
        (b'd', _) => b'0' + random.below(10) as u8,
        _ => shape,
    };
    shape.bytes().map(&mut digit).collect()
}

/// Returns every shape of up to 17 characters, with and without a sign: `ddd`, `d.dd`, `-dd.`.
fn shapes() -> impl Iterator<Item = String> {
    let unsigned = (0..=17_usize).flat_map(|length| {
        let digits = "d".repeat(length);
        let pointed = (0..length).map(move |at| {
            let mut shape = "d".repeat(length);
            shape.replace_range(at..=at, ".");
            shape
        });
        [digits].into_iter().chain(pointed)
    });
    unsigned.flat_map(|shape| [shape.clone(), format!("-{shape}"), format!("+{shape}")])
}

#[test]
fn plain_decimals_agree_with_the_reference() {
    let mut random = Random(5);
    check(shapes().flat_map(|shape| [0, 1, 2].map(|style| fill(&shape, &mut random, style))));
}

const TAILS: [&str; 16] = [
    "%", "%2", "%20", "+", " ", ".", ".5", "-", "e", "e5", "E-7", "\0", "%30", "é", "x", "/",
];

#[test]
fn plain_decimals_with_a_tail_agree_with_the_reference() {
    let mut random = Random(6);
    check(shapes().map(|shape| {
        let tail = TAILS[random.below(16) as usize];
        [&fill(&shape, &mut random, 2)[..], tail.as_bytes()].concat()
    }));
}

#[test]
fn every_byte_around_digits_agrees_with_the_reference() {
    let texts = (0..=255_u8).flat_map(|byte| {
        (0..=17).flat_map(move |length| {
            let digits = vec![b'7'; length];
            [
                [&digits[..], &[byte]].concat(),
                [&[byte], &digits[..]].concat(),
            ]
        })
    });
    check(texts);
}

#[test]
#[ignore = "slow: a minute with --release"]
fn millions_of_decimals_agree_with_the_reference() {
    let shapes: Vec<String> = shapes().collect();
    let mut random = Random(7);
    let mut text = || {
        let shape = &shapes[random.below(shapes.len() as u64) as usize];
        let mut text = fill(shape, &mut random, 2);
        match random.below(4) {
            0 => text.push(random.next() as u8),
            1 => text.extend(TAILS[random.below(16) as usize].bytes()),
            2 if !text.is_empty() => {
                let at = random.below(text.len() as u64) as usize;
                text[at] = random.next() as u8;
            }
            _ => (),
        }
        text
    };
    check((0..2_000_000).map(|_| text()));
}
