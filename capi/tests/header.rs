//! `include/pinquery.h` is what cbindgen makes of `src`. `BLESS=1 cargo test --test header` writes
//! it anew.
#![allow(missing_docs)]

use std::path::Path;
use std::{env, fs};

#[test]
fn the_header_is_that_of_the_source() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut generated = Vec::new();
    cbindgen::generate(package)
        .expect("cbindgen reads src")
        .write(&mut generated);
    let generated = String::from_utf8(generated).unwrap();
    let path = package.join("include/pinquery.h");
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(
        committed == generated,
        "include/pinquery.h differs: BLESS=1 cargo test --test header"
    );
}

#[test]
fn the_soname_is_that_of_the_version() {
    // Before 1.0 the number of the ABI is 0, and a change to it is a change here.
    let script = include_str!("../build.rs");
    let abi = env!("CARGO_PKG_VERSION").split('.').next().unwrap();
    assert!(script.contains(&format!("libpinquery.so.{abi}\"")));
}
