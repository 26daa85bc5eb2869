//! The page, tested in a real browser.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::{Scratch, Server, command};

/// Bounds, a length limit and a token that the page's example command has to respect.
const DEVICES: &str = r#"{
    "it's-a-token": {
        "v0": {"type": "integer", "min": 40},
        "v1": {"type": "integer", "min": -9007199254740999, "max": -9007199254740993},
        "v2": {"type": "double", "min": -40, "max": -30.5},
        "v3": {"type": "string", "max_len": 3}
    },
    "of-all-types": {
        "v7": {"type": "enumerable", "values": [-20, 130]},
        "v8": {"type": "boolean"},
        "v9": {"type": "location"},
        "v10": {"type": "integer"}, "v11": {"type": "integer"}, "v12": {"type": "integer"}
    },
    "with-text": {"v13": {"type": "string"}},
    "of-256-pins": {PINS}
}"#;

/// Saves screenshots to the directory `PINQUERY_SCREENSHOTS`, if set, and checks accessibility with
/// axe-core if `AXE` is the path of its `axe.min.js`.
#[test]
#[ignore = "needs python3, curl, chromium and chromedriver"]
fn sent_values_appear_on_the_page() {
    let scratch = Scratch::new();
    let mut demo = command();
    demo.arg("--database").arg(scratch.path("test.db"));
    let server = Server::spawn(&scratch, demo);
    let pins = (0..256).map(|pin| format!(r#""v{pin}": {{"type": "double"}}"#));
    let devices = DEVICES.replace("PINS", &pins.collect::<Vec<_>>().join(","));
    std::fs::write(scratch.path("devices.json"), devices).expect("devices file is written");
    let other = Server::start_on(
        &scratch,
        &scratch.path("other.db"),
        &["--offline-after", "1"],
    );
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients/browser.py");
    let screenshots =
        std::env::var_os("PINQUERY_SCREENSHOTS").map_or(scratch.0.clone(), PathBuf::from);
    let mut browser = Command::new("python3");
    browser
        .args(["-B".as_ref(), script.as_os_str()])
        .arg(format!("http://{}", server.address))
        .arg(&screenshots)
        .arg(format!("http://{}", other.address))
        .arg(server.id().to_string());
    let output = browser.output().expect("python3 starts");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}{stderr}");
    println!("{stdout}");
    for name in [
        "light-360",
        "dark-1280",
        "extremes-360",
        "extremes-1280",
        "rejected-360",
        "frozen-360",
        "folded-360",
        "unfolded-1280",
        "range-1280",
        "older-360",
        "offline-1280",
    ] {
        assert!(
            screenshots.join(name).with_extension("png").exists(),
            "{name}"
        );
    }
}
