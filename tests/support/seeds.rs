//! Where the seeds of the fuzz targets come from: the real queries and the spec lines.

use super::fuzz::support::notation::cases;

const SPECS: [(&str, &str); 12] = [
    ("query", include_str!("../spec/query.txt")),
    ("names", include_str!("../spec/names.txt")),
    ("order", include_str!("../spec/order.txt")),
    ("integer", include_str!("../spec/integer.txt")),
    ("double", include_str!("../spec/double.txt")),
    ("string", include_str!("../spec/string.txt")),
    ("enumerable", include_str!("../spec/enumerable.txt")),
    ("boolean", include_str!("../spec/boolean.txt")),
    ("location", include_str!("../spec/location.txt")),
    ("answer", include_str!("../spec/answer.txt")),
    ("real", include_str!("../spec/real.txt")),
    ("real_slips", include_str!("../spec/real_slips.txt")),
];

/// Longer seeds would only slow the fuzzer down.
const LONGEST: usize = 300;

/// The queries of every spec line, but for the longest, which the spec lines themselves hold.
pub fn spec_queries() -> impl Iterator<Item = Vec<u8>> {
    let all = SPECS.iter().flat_map(|(name, _)| queries(name));
    all.filter(|query| query.len() <= 10 * LONGEST)
}

fn queries(name: &str) -> Vec<Vec<u8>> {
    let (_, text) = SPECS.iter().find(|(spec, _)| *spec == name).unwrap();
    cases(text).map(|(_, case)| case.query).collect()
}

/// So many of the short ones, spread evenly.
fn some(name: &str, count: usize) -> Vec<Vec<u8>> {
    let mut queries = queries(name);
    queries.retain(|query| query.len() <= LONGEST);
    let step = queries.len().div_ceil(count);
    queries.into_iter().step_by(step).collect()
}

/// The seeds of each target.
pub fn all(templates: &[&str]) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    vec![
        ("parse", [some("real", 69), some("real_slips", 24)].concat()),
        ("against_reference", against_reference(templates)),
        ("against_form_urlencoded", forms()),
        ("number", numbers()),
        ("roundtrip", plans()),
        (
            "template",
            TEMPLATES
                .iter()
                .map(|json| json.as_bytes().to_vec())
                .collect(),
        ),
    ]
}

/// Each spec file with the template of its type, the first byte says which.
fn against_reference(templates: &[&str]) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (name, _) in SPECS {
        let named = |template: &&str| template.contains(&format!("v12:{name}"));
        let choice = templates.iter().position(named).unwrap_or(0) as u8;
        for query in some(name, 7) {
            seeds.push([&[choice], &query[..]].concat());
        }
    }
    // A template of its own, made of the eight bytes behind the choice.
    for query in some("answer", 6) {
        seeds.push([b"\x07\x50\x01\x52\x43\x1c\x05\x06\x0c", &query[..]].concat());
    }
    seeds
}

fn forms() -> Vec<Vec<u8>> {
    [some("query", 30), some("real", 5), some("real_slips", 5)].concat()
}

/// The values of the lines about numbers, at every place in turn, plain and with escapes.
fn numbers() -> Vec<Vec<u8>> {
    let names = ["integer", "double", "enumerable", "location", "real"];
    let lines = names.iter().flat_map(|name| some(name, 14));
    let values = lines.filter_map(|query| {
        let at = query.iter().rposition(|&byte| byte == b'=')?;
        Some(query[at + 1..].to_vec())
    });
    let mut seeds: Vec<Vec<u8>> = values
        .enumerate()
        .map(|(index, value)| {
            let knob = [0, 7, 0x3F, 0x12][index % 4];
            [&[index as u8 % 10, knob], &value[..]].concat()
        })
        .collect();
    seeds.sort();
    seeds.dedup();
    seeds
}

/// Bytes for a plan; what they stand for is up to `arbitrary`, so they are of all kinds.
fn plans() -> Vec<Vec<u8>> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut seeds = vec![vec![], vec![0; 64], vec![0xFF; 64], vec![1; 128]];
    for length in [16, 32, 48, 64, 96, 128, 192, 256] {
        let byte = |_| {
            // The middle of a linear congruence: any fixed bytes will do.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as u8
        };
        seeds.push((0..length).map(byte).collect());
    }
    seeds
}

/// The contract's template and what it refuses; behind a NUL, a query.
const TEMPLATES: [&str; 30] = [
    r#"{"v1":{"type":"integer","min":0,"max":100},"v2":{"type":"double"},"v3":{"type":"string","max_len":64},"v4":{"type":"enumerable","values":[0,20,130],"fallback":0},"v5":{"type":"location"},"v6":{"type":"boolean"}}"#,
    "{}",
    "{}\0token=t&v1=1",
    "{\"v0\":{\"type\":\"integer\"}}\0token=t&v0=2147483648",
    "{\"v255\":{\"type\":\"double\",\"min\":-40,\"max\":125.5}}\0token=t&v255=-40.25",
    "{\"v7\":{\"type\":\"location\"}}\0token=t&v7=-73.987&v7=40.725",
    r#"{"v1":{"max":100,"min":0,"type":"integer"}}"#,
    r#"{"v1":{"type":"integer","min":9,"max":1}}"#,
    r#"{"v1":{"type":"integer","min":3000000000}}"#,
    r#"{"v1":{"type":"integer","min":0.5}}"#,
    r#"{"v1":{"type":"integer","max":9223372036854775808}}"#,
    r#"{"v1":{"type":"integer","max":null}}"#,
    r#"{"v1":{"type":"integer","min":0,"min":1}}"#,
    r#"{"v1":{"type":"double","min":1e308,"max":1e309}}"#,
    r#"{"v1":{"type":"double","min":"0"}}"#,
    r#"{"v1":{"type":"double","min":18446744073709551615,"max":99999999999999999999}}"#,
    r#"{"v1":{"type":"string","max_len":-1}}"#,
    r#"{"v1":{"type":"string","max_len":0}}"#,
    r#"{"v1":{"type":"string","min":0}}"#,
    r#"{"v1":{"type":"enumerable"}}"#,
    r#"{"v1":{"type":"enumerable","values":[]}}"#,
    r#"{"v1":{"type":"enumerable","values":[1,1,0],"fallback":2}}"#,
    r#"{"v1":{"type":"enumerable","values":[-9223372036854775808],"fallback":-9223372036854775808}}"#,
    r#"{"v1":{"type":"boolean"},"v1":{"type":"boolean"}}"#,
    r#"{"v1":{"type":"boolean"},"\u00761":{"type":"boolean"}}"#,
    r#"{"V1":{"type":"boolean"},"v01":{"type":"boolean"}}"#,
    r#"{"v256":{"type":"boolean"}}"#,
    r#"{"v1":{"type":"Boolean","label":"x"}}"#,
    r#"[{"v1":null}]"#,
    r#"{"v1":{"min":0}}"#,
];
