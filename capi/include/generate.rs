//! Writes `include/pinquery.h`, which cbindgen generates from `src`: `make header`.

use std::path::Path;

fn main() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    cbindgen::generate(package)
        .expect("cbindgen parses src")
        .write_to_file(package.join("include/pinquery.h"));
}
