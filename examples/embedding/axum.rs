//! `pinquery` in axum: an extractor, a lookup that awaits, and updates that go through a channel.
//!
//! ```text
//! cargo run -p pinquery-embedding --example embed_axum -- [PORT]
//! ```
//!
//! `Batch` takes the query as `uri().query()` has it, still percent-encoded, and not from the
//! extractor `Query`, which decodes leniently. A handler that has a `Batch` has a whole one.
//!
//! What clients have to escape is what they have to for `hyper.rs`, which axum is built on.
//!
//! Left to you: a deadline for a head and a limit for connections, neither of which `axum::serve`
//! has; hyper takes at most 64 KiB of a target and some 400 KiB of a head. To set limits of your
//! own, serve the router in the loop of `hyper.rs`, by `hyper_util::service::TowerToHyperService`.

use std::collections::HashMap;
use std::error;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router, middleware};
use demo::{PATH, PATH_WITH_SLASH, log};
use pinquery::{BatchUpdate, Error, ErrorKind, Template, Update};
use tokio::net::TcpListener;
use tokio::sync::{RwLock, mpsc};

/// How many batches may wait for the writer. Beyond that, clients do.
const WAITING: usize = 1024;

/// What a state needs for its handlers to take a [`Batch`].
trait Devices: Send + Sync {
    /// The template of the device with this token. A map's or a lock's guard will do, too.
    fn template(
        &self,
        token: &str,
    ) -> impl Future<Output = Option<impl Deref<Target = Template> + Send>> + Send;
}

/// The updates of a request, all of them right.
struct Batch(Vec<Update>);

impl<S: Devices> FromRequestParts<S> for Batch {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, devices: &S) -> Result<Self, Refused> {
        let request = BatchUpdate::parse(parts.uri.query().unwrap_or_default())?;
        let template = devices.template(request.token()).await;
        let template = template.ok_or_else(|| request.unknown_token())?;
        Ok(Self(request.updates(&template)?.into_owned()))
    }
}

/// The vendor's answer to a request that is wrong.
struct Refused(Error);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let content_type = [(CONTENT_TYPE, Error::CONTENT_TYPE)];
        // The error goes along, for `count`; it is not sent.
        (status, content_type, Extension(error), error.body()).into_response()
    }
}

#[derive(Clone)]
struct App {
    /// In place of your database.
    devices: Arc<RwLock<HashMap<String, Arc<Template>>>>,
    writer: mpsc::Sender<Vec<Update>>,
    /// How many requests were refused, by kind. Every kind is there from the start.
    refused: Arc<HashMap<ErrorKind, AtomicU64>>,
}

impl App {
    fn new(devices: HashMap<String, Arc<Template>>, writer: mpsc::Sender<Vec<Update>>) -> Self {
        let counters = ErrorKind::ALL.iter().map(|kind| (*kind, AtomicU64::new(0)));
        Self {
            devices: Arc::new(RwLock::new(devices)),
            writer,
            refused: Arc::new(counters.collect()),
        }
    }
}

impl Devices for App {
    async fn template(&self, token: &str) -> Option<impl Deref<Target = Template> + Send> {
        self.devices.read().await.get(token).cloned()
    }
}

/// `OK` says that the batch will be saved. To say that it was, send a `oneshot::Sender` along.
async fn update(State(app): State<App>, Batch(updates): Batch) -> Result<&'static str, StatusCode> {
    let sent = app.writer.send(updates).await;
    sent.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok("OK")
}

/// Counts and logs what was refused, wherever in the app that was.
async fn count(State(app): State<App>, response: Response) -> Response {
    if let Some(error) = response.extensions().get::<Error>() {
        if let Some(counter) = app.refused.get(&error.kind()) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        log(format_args!("refused: {error}")); // kind, pin, place and reason; no byte of the query
    }
    response
}

/// For Prometheus.
async fn metrics(State(app): State<App>) -> String {
    let mut text = "# TYPE batches_refused_total counter\n".to_owned();
    for kind in ErrorKind::ALL {
        let count = app
            .refused
            .get(kind)
            .map_or(0, |c| c.load(Ordering::Relaxed));
        let kind = kind.name();
        let _ = writeln!(text, "batches_refused_total{{kind=\"{kind}\"}} {count}");
    }
    text
}

async fn not_allowed() -> impl IntoResponse {
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET")])
}

fn router(app: App) -> Router {
    // axum would answer HEAD by `get`: a request for the headers alone would save its batch.
    let update = get(update).head(not_allowed).fallback(not_allowed);
    Router::new()
        .route(PATH, update.clone())
        .route(PATH_WITH_SLASH, update)
        .route("/metrics", get(metrics))
        .layer(middleware::map_response_with_state(app.clone(), count))
        .with_state(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let port = demo::port();
    let template = Arc::new(demo::template()?);
    let devices = HashMap::from([(demo::TOKEN.to_owned(), template)]);
    let (writer, mut batches) = mpsc::channel::<Vec<Update>>(WAITING);
    // A thread, as what saves may block.
    tokio::task::spawn_blocking(move || {
        while let Some(updates) = batches.blocking_recv() {
            demo::save(&updates);
        }
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    demo::announce(listener.local_addr()?);
    axum::serve(listener, router(App::new(devices, writer))).await?;
    Ok(())
}
