//! The page in a real browser.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::{Scratch, Server, command};

/// Bounds, a limit and a token that the page's line to send has to keep to.
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
    }
}"#;

/// Keeps screenshots in `PINQUERY_SCREENSHOTS`, if that is a directory, and checks accessibility by
/// `AXE`, if that is the path of axe-core's `axe.min.js`.
#[test]
#[ignore = "needs python3, curl, chromium and chromedriver"]
fn what_is_sent_appears_on_the_page() {
    let scratch = Scratch::new();
    let mut demo = command();
    demo.arg("--database").arg(scratch.path("test.db"));
    let server = Server::spawn(&scratch, demo);
    std::fs::write(scratch.path("devices.json"), DEVICES).expect("a devices' file");
    let other = Server::start_on(&scratch, &scratch.path("other.db"), &[]);
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients/browser.py");
    let pictures =
        std::env::var_os("PINQUERY_SCREENSHOTS").map_or(scratch.0.clone(), PathBuf::from);
    let mut browser = Command::new("python3");
    browser
        .arg(script)
        .arg(format!("http://{}", server.address))
        .arg(&pictures)
        .arg(format!("http://{}", other.address));
    let output = browser.output().expect("python3 starts");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}{stderr}");
    println!("{stdout}");
    for name in ["light-360", "dark-1280", "night-360", "night-1280"] {
        assert!(pictures.join(name).with_extension("png").exists(), "{name}");
    }
}
