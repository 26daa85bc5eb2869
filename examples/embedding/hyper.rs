//! `pinquery` in plain `hyper`, with a lookup that awaits.
//!
//! ```text
//! cargo run -p pinquery-embedding --example embed_hyper [PORT]
//! ```
//!
//! It shows the two steps: `BatchUpdate::parse` judges the token, the store is awaited, `updates`
//! judges the pins. The query goes in as `uri().query()` has it, still percent-encoded.
//!
//! What clients have to escape: hyper itself refuses a request with a space in its query (400, no
//! body), and drops an unescaped `#` with all that follows it before anyone sees the query.
//!
//! Left to you: TLS, a limit for connections, a graceful shutdown.

use std::collections::HashMap;
use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use std::{env, error, fmt, io};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::http::Result as HttpResult;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use pinquery::{
    BatchUpdate, Datastream, DatastreamError, Error, Template, Text, Update, VirtualPin,
};
use tokio::net::TcpListener;
use tokio::sync::RwLock;

const PATH: &str = "/external/api/batch/update";

/// Nothing else limits the length of a query.
const MAX_HEAD: usize = 16 * 1024;
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// In place of your database.
struct Store {
    devices: RwLock<HashMap<String, Arc<Template>>>,
}

impl Store {
    fn demo() -> Result<Self, DatastreamError> {
        let template = Template::new()
            .with(VirtualPin(1), Datastream::integer(0..=100)?)
            .with(VirtualPin(2), Datastream::double(..)?)
            .with(VirtualPin(3), Datastream::string_up_to(64));
        let devices = HashMap::from([("demo".to_owned(), Arc::new(template))]);
        Ok(Self {
            devices: RwLock::new(devices),
        })
    }

    async fn template(&self, token: &str) -> Option<Arc<Template>> {
        self.devices.read().await.get(token).cloned()
    }

    /// The updates of a query are one event: save all of them, with one timestamp.
    async fn save(&self, updates: &[Update<Text<'_>>]) {
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
}

/// Unlike `eprintln!`, no panic where standard error is closed or its disk is full: it would take
/// the thread along.
fn log(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
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
            log(format_args!("refused: {error}")); // kind, place and reason; no byte of the query
            Response::builder()
                .status(error.status())
                .header(CONTENT_TYPE, "application/json")
                .body(error.body().into())
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let port = env::args().nth(1).map_or(Ok(8080), |port| port.parse())?;
    let store = Arc::new(Store::demo()?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");
    println!("curl 'http://{address}{PATH}?token=demo&v1=133&v2=21.5&v3=water+low'");

    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                log(format_args!("no connection: {error}"));
                // Out of file descriptors, it would fail again at once.
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
            // A client that has sent all it will still wants its answer.
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
