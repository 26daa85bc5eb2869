//! Shared by the examples: a device, the port, and output.
//!
//! `println!` and `eprintln!` would panic if standard output or standard error is closed or full,
//! and end a thread of the server. These functions ignore such errors.

pub mod json;

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::{env, process};

use pinquery::{Datastream, DatastreamError, Template, Update, VirtualPin};

/// Blynk's path.
pub const PATH: &str = "/external/api/batch/update";
/// Blynk's path as some clients write it.
pub const PATH_WITH_SLASH: &str = "/external/api/batch/update/";

/// The token of the only device.
pub const TOKEN: &str = "demo";

/// Returns the template of the only device.
pub fn template() -> Result<Template, DatastreamError> {
    Ok(Template::from([
        (VirtualPin(1), Datastream::integer(0..=100)?),
        (VirtualPin(2), Datastream::double(..)?),
        (VirtualPin(3), Datastream::string_up_to(64)),
        (VirtualPin(5), Datastream::location()),
    ]))
}

/// Returns the port given on the command line, or 8080. Exits with a usage message on any other
/// arguments.
pub fn port() -> u16 {
    let mut args = env::args_os().skip(1);
    let port = match args.next() {
        None => Some(8080),
        Some(arg) => arg.to_str().and_then(|port| port.parse().ok()),
    };
    match (port, args.next()) {
        (Some(port), None) => port,
        _ => {
            log(format_args!("usage: [PORT] (default: 8080)"));
            process::exit(2);
        }
    }
}

/// Prints the server's address and a command to try.
pub fn announce(address: SocketAddr) {
    print(format_args!("listening on http://{address}"));
    let query = format_args!("token={TOKEN}&v1=133&v2=21.5&v3=water+low");
    print(format_args!("curl 'http://{address}{PATH}?{query}'"));
}

/// Stands in for a database. The updates of a query are one event: save all or none, with one
/// timestamp.
pub fn save<S: Display>(updates: &[Update<S>]) {
    for update in updates {
        print(format_args!("{update}"));
    }
}

/// Prints a line.
pub fn print(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Writes a line to the log.
pub fn log(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}
