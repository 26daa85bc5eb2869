//! The output of `embed_mqtt`.

use std::process::{Command, Stdio};

use crate::common::program;

const OUTPUT: &str = r#"v1=100 (max)
v2=21.5
v3=100% café a+b
v3=two\nlines
v5=24.94,60.17
"ds/v2": value is not a decimal number
"ds/v3": decoded bytes are not valid UTF-8
"ds/v5": longitude is not followed by a latitude
"ds/v4": no datastream for this pin
"ds/v256": virtual pin must be `v` or `V` followed by 0 to 255 without leading zeros
"status": not a datastream
"#;

#[test]
fn every_message_is_accepted_or_rejected() {
    let output = Command::new(program("embed_mqtt"))
        .stdin(Stdio::null())
        .output()
        .expect("the example starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), OUTPUT);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
