//! `pinquery` in `actix-web`, in one call.
//!
//! ```text
//! cargo run -p pinquery-embedding --example embed_actix_web [PORT]
//! ```
//!
//! It shows `Refused`, which lets a handler answer pinquery's errors by `?`. The query comes from
//! `HttpRequest::query_string`, still percent-encoded, and not from the extractor `web::Query`,
//! which decodes leniently. Where the lookup has to await, take the two steps of `hyper.rs`.
//!
//! What clients have to escape: actix-web itself refuses a request with a space in its query (400,
//! no body), and drops an unescaped `#` with all that follows it before anyone sees the query.
//!
//! The limits are actix-web's own: 128 KiB and five seconds for a head, 25,600 connections for
//! each worker.

use std::collections::HashMap;
use std::io::Write;
use std::net::Ipv4Addr;
use std::{env, error, fmt, io};

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, ResponseError, web};
use pinquery::{Datastream, DatastreamError, Error, Template, Text, Update, VirtualPin};

const PATH: &str = "/external/api/batch/update";
const PATH_WITH_SLASH: &str = "/external/api/batch/update/";

type Devices = HashMap<String, Template>;

fn demo_devices() -> Result<Devices, DatastreamError> {
    let template = Template::new()
        .with(VirtualPin(1), Datastream::integer(0..=100)?)
        .with(VirtualPin(2), Datastream::double(..)?)
        .with(VirtualPin(3), Datastream::string_up_to(64));
    Ok(HashMap::from([("demo".to_owned(), template)]))
}

/// pinquery's error as an answer.
#[derive(Debug)]
struct Refused(Error);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// Kind, place and reason; no byte of the query.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {}", self.0)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::BAD_REQUEST)
    }

    fn error_response(&self) -> HttpResponse {
        log(format_args!("{self}"));
        HttpResponse::build(self.status_code())
            .content_type(ContentType::json())
            .body(self.0.body())
    }
}

/// Unlike `eprintln!`, no panic where standard error is closed or its disk is full: it would take
/// the thread along.
fn log(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

async fn update(
    request: HttpRequest,
    devices: web::Data<Devices>,
) -> Result<&'static str, Refused> {
    let updates = pinquery::parse(request.query_string(), |token| devices.get(token))?;
    save(&updates);
    Ok("OK")
}

/// In place of your database. The updates of a query are one event: save all of them, with one
/// timestamp.
fn save(updates: &[Update<Text<'_>>]) {
    let mut out = io::stdout().lock();
    for Update {
        pin,
        value,
        adjusted,
    } in updates
    {
        // Unlike `println!`, no panic where standard output is closed.
        let _ = writeln!(out, "{pin} = {value:?}, adjusted: {adjusted:?}");
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let port = env::args().nth(1).map_or(Ok(8080), |port| port.parse())?;
    let devices = web::Data::new(demo_devices()?);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(devices.clone())
            // A resource answers other methods with 405.
            .service(web::resource([PATH, PATH_WITH_SLASH]).route(web::get().to(update)))
    })
    .bind((Ipv4Addr::LOCALHOST, port))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
        println!("curl 'http://{address}{PATH}?token=demo&v1=133&v2=21.5&v3=water+low'");
    }
    server.run().await?;
    Ok(())
}
