//! The last rejected batches, which the page shows to those who know the device's token.

mod common;

use common::{Scratch, Server, TOKEN};
use serde_json::{Value, json};

fn state(server: &Server, token: &str) -> Value {
    let response = server.post("/page/state", &format!("token={token}"));
    serde_json::from_str(&response.body).expect("JSON")
}

/// Returns kind, reason and pin of each rejection.
fn rejections(server: &Server, token: &str) -> Vec<Value> {
    let state = state(server, token);
    let rejections = state["rejections"].as_array().expect("a list");
    let fields = |r: &Value| json!([r["kind"], r["reason"], r["pin"]]);
    rejections.iter().map(fields).collect()
}

#[test]
fn rejections_are_listed_newest_first() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    assert!(rejections(&server, TOKEN).is_empty());
    for pins in ["", "v1=1", "v99=1", "v256=1", "v2=1&v1=hot", "v1=1&V1=2"] {
        server.update(pins);
    }
    let expected = [
        json!(["duplicate_pin", null, "v1"]),
        json!(["invalid_value", "not_an_integer", "v1"]),
        json!(["invalid_pin", null, null]),
        json!(["unknown_pin", null, "v99"]),
        json!(["no_pins", null, null]),
    ];
    assert_eq!(rejections(&server, TOKEN), expected);
    let list = &state(&server, TOKEN)["rejections"];
    let times = list.as_array().into_iter().flatten();
    let times: Vec<i64> = times.filter_map(|r| r["at_us"].as_i64()).collect();
    assert!(
        times.is_sorted_by(|a, b| a >= b) && times.len() == 5,
        "{times:?}"
    );
    assert!(!list.to_string().contains("hot"), "{list}");
    assert!(!list.to_string().contains(TOKEN));
}

#[test]
fn the_last_sixteen_rejections_are_kept() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    for pin in 100..120 {
        server.update(&format!("v{pin}=1"));
    }
    let pin = |pin: u8| json!(["unknown_pin", null, format!("v{pin}")]);
    let expected: Vec<Value> = (104..120).rev().map(pin).collect();
    assert_eq!(rejections(&server, TOKEN), expected);
}

#[test]
fn a_token_shows_rejections_of_its_device_only() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &[]);
    server.update("v99=1");
    server.get("/external/api/batch/update?token=unknown&v98=1");
    server.get(&format!("/external/api/get?token={TOKEN}&v97"));
    assert_eq!(
        rejections(&server, TOKEN),
        [json!(["unknown_pin", null, "v99"])]
    );
    assert!(rejections(&server, "another-device").is_empty());
    for token in ["unknown", ""] {
        let state = state(&server, token);
        assert_eq!(state, json!({"error": {"message": "Invalid token."}}));
    }
}
