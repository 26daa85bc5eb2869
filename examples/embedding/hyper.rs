//! `pinquery` in plain `hyper`, with an asynchronous lookup.
//!
//! ```text
//! cargo run -p pinquery-embedding --example embed_hyper -- [PORT]
//! ```
//!
//! It shows two-step parsing: `BatchUpdate::parse` validates the token, the store is awaited, and
//! `updates` parses the values. The query is `uri().query()`, which is still percent-encoded.
//!
//! Clients must escape spaces and `#`, among other bytes: hyper rejects a request with a space in its
//! query (400, no body), and drops an unescaped `#` and everything after it. `examples/README.md`
//! lists what it does to each byte.
//!
//! Not included: TLS, a limit on connections, graceful shutdown.

use std::collections::HashMap;
use std::error;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use demo::{PATH, log};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::http::Result as HttpResult;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use pinquery::{BatchUpdate, DatastreamError, Error, Template, Text, Update};
use tokio::net::TcpListener;
use tokio::sync::RwLock;

/// Also limits the length of the query.
const MAX_HEAD: usize = 16 * 1024;
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Stands in for a database.
struct Store {
    devices: RwLock<HashMap<String, Arc<Template>>>,
}

impl Store {
    fn demo() -> Result<Self, DatastreamError> {
        let template = Arc::new(demo::template()?);
        let devices = HashMap::from([(demo::TOKEN.to_owned(), template)]);
        Ok(Self {
            devices: RwLock::new(devices),
        })
    }

    async fn template(&self, token: &str) -> Option<Arc<Template>> {
        self.devices.read().await.get(token).cloned()
    }

    /// Saves the updates of a query as one event, with one timestamp.
    async fn save(&self, updates: &[Update<Text<'_>>]) {
        demo::save(updates);
    }
}

async fn update(query: &str, store: &Store) -> Result<(), Error> {
    let request = BatchUpdate::parse(query)?;
    let template = store
        .template(request.token())
        .await
        .ok_or_else(|| request.unknown_token())?;
    store.save(&request.updates(&template)?).await;
    Ok(())
}

async fn respond(request: Request<Incoming>, store: &Store) -> HttpResult<Response<Full<Bytes>>> {
    let uri = request.uri();
    if uri.path().strip_suffix('/').unwrap_or(uri.path()) != PATH {
        return Response::builder()
            .status(StatusCode::NOT_FOUND)
            .body(Full::default());
    }
    if request.method() != Method::GET {
        return Response::builder()
            .status(StatusCode::METHOD_NOT_ALLOWED)
            .header(ALLOW, "GET")
            .body(Full::default());
    }
    match update(uri.query().unwrap_or_default(), store).await {
        Ok(()) => Response::builder()
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
            .body("OK".into()),
        Err(error) => {
            log(format_args!("rejected: {error}")); // kind, pin, span and reason, no byte of the query
            Response::builder()
                .status(error.status())
                .header(CONTENT_TYPE, Error::CONTENT_TYPE)
                .body(error.body().into())
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let port = demo::port();
    let store = Arc::new(Store::demo()?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    demo::announce(listener.local_addr()?);

    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                log(format_args!("accept: {error}"));
                // If file descriptors are exhausted, the next call also fails.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let store = Arc::clone(&store);
        let service = service_fn(move |request| {
            let store = Arc::clone(&store);
            async move { respond(request, &store).await }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // A client may close its sending side and still expect a response.
            .half_close(true)
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                log(format_args!("connection: {error}"));
            }
        });
    }
}
