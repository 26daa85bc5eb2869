//! What fuzzing begins with: the spec lines, and templates in JSON.

use pinquery_test_support::spec::{Case, cases, files};

/// Longer ones would only slow the fuzzer down.
const LONGEST: usize = 300;

/// The spec lines, but for the longest, which `tests/spec.rs` itself holds.
pub fn spec_lines() -> Vec<Case> {
    let mut lines = Vec::new();
    for (_, text) in files() {
        lines.extend(cases(&text).map(|(_, case)| case));
    }
    lines.retain(|case| case.query.len() <= 10 * LONGEST);
    lines
}

/// The first inputs of a target.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let mut first = Vec::new();
    if target == "template" {
        first.extend(TEMPLATES.map(|text| text.as_bytes().to_vec()));
    }
    let lines = spec_lines().into_iter();
    let lines = lines.filter(|case| case.query.len() <= LONGEST);
    let inputs = lines.zip(CHOICES.iter().cycle());
    first.extend(inputs.map(|(case, &choice)| input(target, case, choice)));
    first
}

/// Choices of how to write a text, none of them the end of a line.
const CHOICES: [u8; 5] = [0, 7, 0x3F, 0x12, 0x81];

fn input(target: &str, case: Case, choice: u8) -> Vec<u8> {
    let Case {
        template, query, ..
    } = case;
    match target {
        "against_reference" => [template.as_bytes(), b"\n", &query].concat(),
        "roundtrip" => [template.as_bytes(), b"\n", &[choice], b"\n", &query].concat(),
        #[cfg(feature = "serde")]
        "template" => {
            let device = pinquery_test_support::Device::read(&template);
            let json = serde_json::to_vec(&device.library).expect("a template can be written");
            [&json, &b"\0"[..], &query].concat()
        }
        "number" => {
            let value = query
                .rsplit(|&byte| byte == b'=')
                .next()
                .unwrap_or_default();
            [&[choice], value].concat()
        }
        _ => query,
    }
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
