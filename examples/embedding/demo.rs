//! What every example needs and none of them shows: a device, a port, and lines for whoever looks.
//!
//! Nothing here panics where standard output or standard error is closed or full, as `println!` and
//! `eprintln!` would: that takes a thread of the server along.

use std::fmt::{self, Debug};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::{env, process};

use pinquery::{Datastream, DatastreamError, Template, Update, VirtualPin};

/// The vendor's path.
pub const PATH: &str = "/external/api/batch/update";
/// The vendor's path, as some clients write it.
pub const PATH_WITH_SLASH: &str = "/external/api/batch/update/";

/// The token of the one device.
pub const TOKEN: &str = "demo";

/// The template of the one device.
pub fn template() -> Result<Template, DatastreamError> {
    Ok(Template::from([
        (VirtualPin(1), Datastream::integer(0..=100)?),
        (VirtualPin(2), Datastream::double(..)?),
        (VirtualPin(3), Datastream::string_up_to(64)),
    ]))
}

/// The port of the command line, or 8080. With other arguments the program ends, saying its usage.
pub fn port() -> u16 {
    let mut args = env::args_os().skip(1);
    let port = match args.next() {
        None => Some(8080),
        Some(arg) => arg.to_str().and_then(|port| port.parse().ok()),
    };
    match (port, args.next()) {
        (Some(port), None) => port,
        _ => {
            log(format_args!("usage: [PORT], 8080 where it is left out"));
            process::exit(2);
        }
    }
}

/// Says where the server is and what to try.
pub fn announce(address: SocketAddr) {
    print(format_args!("listening on http://{address}"));
    let query = format_args!("token={TOKEN}&v1=133&v2=21.5&v3=water+low");
    print(format_args!("curl 'http://{address}{PATH}?{query}'"));
}

/// In place of a database. The updates of a query are one event: save all of them or none, with
/// one timestamp.
pub fn save<S: Debug>(updates: &[Update<S>]) {
    for Update {
        pin,
        value,
        adjusted,
    } in updates
    {
        print(format_args!("{pin} = {value:?}, adjusted: {adjusted:?}"));
    }
}

fn print(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Writes a line of the log.
pub fn log(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}
