//! `update` and `get` as axum serves them.

use demo::json;
use pinquery::{Value, VirtualPin};

use crate::common::*;
use crate::example::*;

const UPDATE: &str = "/external/api/update";
const GET: &str = "/external/api/get";

#[test]
fn control_characters_are_escaped_in_json() {
    for code in 0..0x20 {
        let value = Value::String(char::from(code).to_string());
        let object = json::object([(VirtualPin(3), &value)].into_iter());
        assert_eq!(object, format!(r#"{{"v3":"\u{code:04x}"}}"#));
    }
    let value = Value::String("\u{7F}/é".to_owned());
    let object = json::object([(VirtualPin(3), &value)].into_iter());
    assert_eq!(object, "{\"v3\":\"\u{7F}/é\"}");
}

#[test]
fn axum_serves_update_in_both_forms() {
    let server = Server::start(AXUM.name);
    server.check_at(UPDATE, "token=demo&v1=133", OK);
    server.check_at(UPDATE, "pin=V2&value=21.5&token=demo", OK);
    server.check_at(UPDATE, "token=demo&pin=V5&value=24.94&value=60.17", OK);
    server.check_at(&format!("{UPDATE}/"), "token=demo&v1=1&v2=2", OK);
    server.prints(&[
        "v1=100 (max)",
        "v2=21.5",
        "v5=24.94,60.17",
        "v1=1",
        "v2=2.0",
    ]);
    for (query, body) in [
        ("", INVALID_TOKEN),
        ("token=other&pin=V1&value=5", INVALID_TOKEN),
        ("token=demo&pin=V1&value=5&token=demo", INVALID_TOKEN),
        ("token=demo", WRONG_PIN),
        ("token=demo&pin=V1", WRONG_PIN),
        ("token=demo&dataStreamId=1&value=5", WRONG_PIN),
        ("token=demo&pin=V1&value=5&value=6", WRONG_PIN),
        ("token=demo&pin=V4&value=5", NO_DATASTREAM),
        ("token=demo&pin=V1&value=hot", WRONG_VALUE),
        ("token=demo&v1=1&v2=hot", WRONG_VALUE),
    ] {
        server.check_at(UPDATE, query, rejected(body));
    }
    let (out, _) = server.stop();
    assert_eq!(out, [""; 0], "nothing of a rejected update is saved");
}

#[test]
fn axum_serves_the_values_that_were_saved_last() {
    let server = Server::start(AXUM.name);
    server.check_at(GET, "token=demo&v1", (204, None, ""));
    server.check_at(GET, "token=demo&v1&v2", (200, JSON, "{}"));

    server.check("token=demo&v1=133&v2=44&v3=%22a%5C%0A%C3%A9", OK);
    server.check_at(UPDATE, "token=demo&pin=V5&value=24.94&value=60.17", OK);
    server.check("token=demo&v1=7&v2=hot", rejected(WRONG_VALUE));
    for (pin, text) in [
        ("v1", "100"),
        ("V2", "44.0"),
        ("v3", "\"a\\\né"),
        ("v5", "24.94,60.17"),
    ] {
        server.check_at(GET, &format!("token=demo&{pin}"), (200, TEXT, text));
    }
    let json = r#"{"v5":[24.94,60.17],"v3":"\"a\\\u000aé","v1":100}"#;
    server.check_at(GET, "token=demo&v5&v3&v1", (200, JSON, json));

    server.check_at(UPDATE, "token=demo&v1=8", OK);
    server.check_at(&format!("{GET}/"), "token=demo&v1", (200, TEXT, "8"));
    server.check_at(GET, "pin=V1&token=demo", (200, TEXT, "8"));
    for (query, body) in [
        ("v1", INVALID_TOKEN),
        ("token=other&v1", INVALID_TOKEN),
        ("token=demo&v1&token=demo", INVALID_TOKEN),
        ("token=demo", WRONG_PIN),
        ("token=demo&pin=1", WRONG_PIN),
        ("token=demo&v1=5", WRONG_PIN),
        ("token=demo&v1&v4", NO_DATASTREAM),
    ] {
        server.check_at(GET, query, rejected(body));
    }
}

#[test]
fn axum_serves_only_get() {
    let server = Server::start(AXUM.name);
    for path in [UPDATE, GET] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"] {
            let target = format!("{path}?token=demo&v1=1");
            let response = server.request(method, target.as_bytes());
            assert_eq!(response.parts(), (405, None, ""), "{method} {path}");
            assert_eq!(response.header("allow"), Some("GET"), "{method} {path}");
        }
    }
    let (out, _) = server.stop();
    assert_eq!(out, [""; 0]);
}
