//! `include/pinquery.h` is up to date, and the soname matches the version.
#![allow(missing_docs)]

use std::path::Path;

#[test]
fn the_header_is_up_to_date() {
    let mut generated = Vec::new();
    cbindgen::generate(Path::new(env!("CARGO_MANIFEST_DIR")))
        .expect("cbindgen parses src")
        .write(&mut generated);
    assert!(
        generated == include_bytes!("../include/pinquery.h"),
        "include/pinquery.h is out of date: run `make header`"
    );
}

#[test]
fn the_soname_matches_the_version() {
    // The ABI number is the major version: 0 until 1.0.
    let script = include_str!("../build.rs");
    let abi = env!("CARGO_PKG_VERSION").split('.').next().unwrap();
    assert!(script.contains(&format!("libpinquery.so.{abi}\"")));
}
