//! Prints the public API, one item per line: `pinquery-public-api RUSTDOC_JSON`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let json = std::env::args_os()
        .nth(1)
        .ok_or("usage: pinquery-public-api RUSTDOC_JSON")?;
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .build()?;
    print!("{api}");
    Ok(())
}
