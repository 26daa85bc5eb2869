//! The page in a real browser.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::{Scratch, Server, command};

/// Keeps screenshots in `PINQUERY_SCREENSHOTS`, if that is a directory.
#[test]
#[ignore = "needs python3, chromium and chromedriver"]
fn what_is_sent_appears_on_the_page() {
    let scratch = Scratch::new();
    let mut demo = command();
    demo.arg("--database").arg(scratch.path("test.db"));
    let server = Server::spawn(&scratch, demo);
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients/browser.py");
    let pictures =
        std::env::var_os("PINQUERY_SCREENSHOTS").map_or(scratch.0.clone(), PathBuf::from);
    let mut browser = Command::new("python3");
    browser
        .arg(script)
        .arg(format!("http://{}", server.address))
        .arg(&pictures);
    let output = browser.output().expect("python3 starts");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(pictures.join("light.png").exists() && pictures.join("dark.png").exists());
}
