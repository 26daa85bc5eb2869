//! `pinquery` in axum: the endpoints `batch/update`, `update` and `get`, an asynchronous lookup, and
//! updates sent through a channel.
//!
//! ```text
//! cargo run -p pinquery-embedding --example embed_axum -- [PORT]
//! ```
//!
//! `RawQuery` is `uri().query()`, which is still percent-encoded. The extractor `Query` decodes
//! leniently. `pinquery-endpoints` parses the queries of `update` and `get`, for any HTTP library.
//!
//! Clients must escape the same characters as for `hyper.rs`, because axum is built on hyper.
//!
//! Not included: a deadline for a head and a limit on connections, which `axum::serve` lacks. hyper
//! accepts a target of up to 64 KiB and a head of about 400 KiB. To set your own limits, serve the
//! router in the loop of `hyper.rs` through `hyper_util::service::TowerToHyperService`.

use std::collections::{BTreeMap, HashMap};
use std::error;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::response::{IntoResponse, Response, Result};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Router, middleware};
use demo::{PATH, json, log};
use pinquery::{BatchUpdate, Error, ErrorKind, Template, Update, Value, VirtualPin};
use pinquery_endpoints as endpoints;
use tokio::net::TcpListener;
use tokio::sync::{RwLock, mpsc};

/// Maximum batches queued for the writer. If the queue is full, clients wait.
const WAITING: usize = 1024;

/// Parses the segments of a request.
type Endpoint<T> = fn(&BatchUpdate<'_>, &Template) -> Result<T, Error>;

/// Blynk's response to an invalid request.
struct Rejection(Error);

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let content_type = [(CONTENT_TYPE, Error::CONTENT_TYPE)];
        // The error is not sent: `count` reads it from the extensions.
        (status, content_type, Extension(error), error.body()).into_response()
    }
}

struct Device {
    template: Template,
    /// The values that were saved last.
    last: RwLock<BTreeMap<VirtualPin, Value>>,
}

#[derive(Clone)]
struct App {
    /// Stands in for a database.
    devices: Arc<RwLock<HashMap<String, Arc<Device>>>>,
    writer: mpsc::Sender<Vec<Update>>,
    /// Rejected requests by kind. Every kind is present from the start.
    rejected: Arc<HashMap<ErrorKind, AtomicU64>>,
}

impl App {
    fn new(devices: HashMap<String, Arc<Device>>, writer: mpsc::Sender<Vec<Update>>) -> Self {
        let counters = ErrorKind::ALL.iter().map(|kind| (*kind, AtomicU64::new(0)));
        Self {
            devices: Arc::new(RwLock::new(devices)),
            writer,
            rejected: Arc::new(counters.collect()),
        }
    }

    async fn device(&self, token: &str) -> Option<Arc<Device>> {
        self.devices.read().await.get(token).cloned()
    }

    /// Looks up the device of a query, and parses the rest as the endpoint does.
    async fn parse<T>(
        &self,
        RawQuery(query): RawQuery,
        endpoint: Endpoint<T>,
    ) -> Result<(Arc<Device>, T), Rejection> {
        let query = query.unwrap_or_default();
        let request = BatchUpdate::parse(&query)?;
        let device = self.device(request.token()).await;
        let device = device.ok_or_else(|| request.unknown_token())?;
        let parsed = endpoint(&request, &device.template)?;
        Ok((device, parsed))
    }

    /// `OK` means that the updates are queued. To respond after they are saved, send a
    /// `oneshot::Sender` along.
    async fn save(&self, device: &Device, updates: Vec<Update>) -> Result<&'static str> {
        let queue = self.writer.reserve().await;
        let queue = queue.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        // Queued under the lock, so that the writer ends with the same values.
        let mut last = device.last.write().await;
        let values = updates.iter().map(|one| (one.pin, one.value.clone()));
        last.extend(values);
        queue.send(updates);
        Ok("OK")
    }
}

async fn batch_update(State(app): State<App>, query: RawQuery) -> Result<&'static str> {
    let updates: Endpoint<_> = |request, template| Ok(request.updates(template)?.into_owned());
    let (device, updates) = app.parse(query, updates).await?;
    app.save(&device, updates).await
}

async fn update(State(app): State<App>, query: RawQuery) -> Result<&'static str> {
    let (device, updates) = app.parse(query, endpoints::update).await?;
    app.save(&device, updates).await
}

/// Responds with text for one pin and with JSON for several. Blynk does not document the response for
/// a pin without a value: here, it is empty for one pin and lacks the pin for several.
async fn last_values(State(app): State<App>, query: RawQuery) -> Result<Response> {
    let (device, pins) = app.parse(query, endpoints::get).await?;
    let last = device.last.read().await;
    if let [pin] = *pins {
        let value = last.get(&pin).ok_or(StatusCode::NO_CONTENT)?;
        return Ok(value.to_string().into_response());
    }
    let values = pins.iter().filter_map(|pin| Some((*pin, last.get(pin)?)));
    let content_type = [(CONTENT_TYPE, "application/json")];
    Ok((content_type, json::object(values)).into_response())
}

/// Counts and logs rejections from all handlers.
async fn count(State(app): State<App>, response: Response) -> Response {
    if let Some(error) = response.extensions().get::<Error>() {
        if let Some(counter) = app.rejected.get(&error.kind()) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        log(format_args!("rejected: {error}")); // kind, pin, span and reason, no byte of the query
    }
    response
}

/// Returns the counters in Prometheus's text format.
async fn metrics(State(app): State<App>) -> String {
    let mut text = "# TYPE batches_rejected_total counter\n".to_owned();
    for kind in ErrorKind::ALL {
        let count = app
            .rejected
            .get(kind)
            .map_or(0, |c| c.load(Ordering::Relaxed));
        let kind = kind.name();
        let _ = writeln!(text, "batches_rejected_total{{kind=\"{kind}\"}} {count}");
    }
    text
}

async fn not_allowed() -> impl IntoResponse {
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET")])
}

fn router(app: App) -> Router {
    // axum would route HEAD to `get`, and a request for headers only would save its updates.
    let only_get = |route: MethodRouter<App>| route.head(not_allowed).fallback(not_allowed);
    let mut router = Router::new().route("/metrics", get(metrics));
    for (path, route) in [
        (PATH, only_get(get(batch_update))),
        ("/external/api/update", only_get(get(update))),
        ("/external/api/get", only_get(get(last_values))),
    ] {
        // Some clients write a slash before the `?`.
        router = router
            .route(&format!("{path}/"), route.clone())
            .route(path, route);
    }
    router
        .layer(middleware::map_response_with_state(app.clone(), count))
        .with_state(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let port = demo::port();
    let device = Device {
        template: demo::template()?,
        last: RwLock::default(),
    };
    let devices = HashMap::from([(demo::TOKEN.to_owned(), Arc::new(device))]);
    let (writer, mut batches) = mpsc::channel::<Vec<Update>>(WAITING);
    // On a blocking thread, because saving may block.
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
