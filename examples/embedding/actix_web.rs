//! `pinquery` in `actix-web`: an extractor, and errors that implement `ResponseError`.
//!
//! ```text
//! cargo run -p pinquery-embedding --example embed_actix_web -- [PORT]
//! ```
//!
//! `Batch` parses `HttpRequest::query_string`, which is still percent-encoded. The extractor
//! `web::Query` decodes leniently. A handler that takes a `Batch` only runs if all updates are valid.
//! If the lookup has to await, use the two steps of `axum.rs` and box the future.
//!
//! Clients must escape spaces and `#`, among other bytes: actix-web rejects a request with a space in
//! its query (400, no body), and drops an unescaped `#` and everything after it.
//! `examples/README.md` lists what it does to each byte.
//!
//! The limits are actix-web's own: 128 KiB and five seconds for a head, 25,600 connections per
//! worker.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::net::Ipv4Addr;
use std::{error, fmt};

use actix_web::dev::Payload;
use actix_web::error::ErrorInternalServerError;
use actix_web::http::StatusCode;
use actix_web::{App, FromRequest, HttpRequest, HttpResponse, HttpServer, ResponseError, web};
use demo::{PATH, PATH_WITH_SLASH, log};
use pinquery::{Error, Template, Update};

/// Stands in for a database.
type Devices = HashMap<String, Template>;

/// The valid updates of a request.
struct Batch(Vec<Update>);

impl FromRequest for Batch {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(devices) = request.app_data::<web::Data<Devices>>() else {
            return ready(Err(ErrorInternalServerError("missing app data: devices")));
        };
        let updates = pinquery::parse(request.query_string(), |token| devices.get(token));
        ready(match updates {
            Ok(updates) => Ok(Self(updates.into_owned())),
            Err(error) => Err(Rejection(error).into()),
        })
    }
}

/// Blynk's response to an invalid request.
#[derive(Debug)]
struct Rejection(Error);

/// Writes kind, pin, span and reason, but no byte of the query.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rejected: {}", self.0)
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::BAD_REQUEST)
    }

    fn error_response(&self) -> HttpResponse {
        log(format_args!("{self}"));
        HttpResponse::build(self.status_code())
            .content_type(Error::CONTENT_TYPE)
            .body(self.0.body())
    }
}

async fn update(Batch(updates): Batch) -> &'static str {
    demo::save(&updates);
    "OK"
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let port = demo::port();
    let devices = HashMap::from([(demo::TOKEN.to_owned(), demo::template()?)]);
    let devices = web::Data::new(devices);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(devices.clone())
            // A resource responds to other methods with 405.
            .service(web::resource([PATH, PATH_WITH_SLASH]).route(web::get().to(update)))
    })
    .bind((Ipv4Addr::LOCALHOST, port))?;
    for address in server.addrs() {
        demo::announce(address);
    }
    server.run().await?;
    Ok(())
}
