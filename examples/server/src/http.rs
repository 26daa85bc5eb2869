//! Which path is which endpoint.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::StringRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use crate::answer::{self, Rejection};
use crate::app::App;
use crate::metrics::Metrics;
use crate::page;
use crate::read::{Got, bare};
use crate::store::Store;

/// Bytes of the one request that has a body.
const BODY: usize = 4096;

const UPDATE: &str = "/external/api/batch/update";
const UPDATE_WITH_SLASH: &str = "/external/api/batch/update/";

/// What `prometheus-client` writes.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The server's endpoints; each is answered within `timeout`.
pub fn router<S: Store>(app: Arc<App<S>>, timeout: Duration) -> Router {
    router_with(get(update::<S>), app, timeout)
}

/// The server's endpoints with another one for batch updates, for a comparison.
pub fn router_with<S: Store>(
    update: MethodRouter<Arc<App<S>>>,
    app: Arc<App<S>>,
    timeout: Duration,
) -> Router {
    let metrics = Arc::clone(&app.metrics);
    let in_time = move |request, next| in_time(timeout, Arc::clone(&metrics), request, next);
    // A request for the headers alone would save the batch all the same.
    let update = update.head(not_allowed).fallback(not_allowed);
    Router::new()
        .route(UPDATE, update.clone())
        .route(UPDATE_WITH_SLASH, update)
        .route("/external/api/get", get(latest::<S>))
        .route("/external/api/getAll", get(latest_all::<S>))
        .route("/", get(html::<S>))
        .route("/page.css", get(async || page::css()))
        .route("/page.js", get(async || page::script()))
        .route("/draw.js", get(async || page::drawings()))
        .route("/page/state", post(state::<S>))
        .route("/metrics", get(metrics_text::<S>))
        .route("/health", get(health::<S>))
        .fallback(async || answer::error(StatusCode::NOT_FOUND, "Not found."))
        .method_not_allowed_fallback(async || {
            answer::error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.")
        })
        .layer(from_fn(in_time))
        .layer(from_fn(not_kept_nor_guessed))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(app)
}

type Shared<S> = State<Arc<App<S>>>;

async fn update<S: Store>(State(app): Shared<S>, uri: Uri) -> Result<Response, Rejection> {
    app.accept(query(&uri)).await?;
    Ok(answer::ok())
}

/// The query as it came; a URL without one has an empty one.
fn query(uri: &Uri) -> &str {
    uri.query().unwrap_or_default()
}

async fn latest<S: Store>(State(app): Shared<S>, uri: Uri) -> Result<Response, Rejection> {
    Ok(match app.get(query(&uri)).await? {
        Got::One(Some(value)) => answer::text(bare(value)),
        // Not the empty text, which is a value.
        Got::One(None) => StatusCode::NO_CONTENT.into_response(),
        Got::Several(values) => answer::json(&values),
    })
}

async fn latest_all<S: Store>(State(app): Shared<S>, uri: Uri) -> Result<Response, Rejection> {
    Ok(answer::json(&app.get_all(query(&uri)).await?))
}

async fn html<S: Store>(State(app): Shared<S>) -> Response {
    page::html(app.demo_token)
}

async fn state<S: Store>(
    State(app): Shared<S>,
    body: Result<String, StringRejection>,
) -> Result<Response, Rejection> {
    match body {
        Ok(body) => Ok(answer::json(&app.state(&body).await?)),
        Err(wrong) if wrong.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Ok(answer::error(wrong.status(), "The body is too long."))
        }
        Err(wrong) => Ok(answer::error(wrong.status(), "The body is not UTF-8 text.")),
    }
}

/// Whether batches are taken now: for whoever starts this server anew, or sends others to it.
async fn health<S: Store>(State(app): Shared<S>) -> Result<Response, Rejection> {
    app.store.check().await?;
    Ok(answer::json(&serde_json::json!({"status": "ok"})))
}

async fn metrics_text<S: Store>(State(app): Shared<S>) -> Response {
    ([(CONTENT_TYPE, METRICS)], app.metrics.text()).into_response()
}

async fn not_allowed() -> Response {
    let refused = answer::error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.");
    ([(ALLOW, "GET")], refused).into_response()
}

/// A batch in a GET request must not be answered by what stands in between, nor values be old; and
/// no text of a device is to be taken for a page.
async fn not_kept_nor_guessed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether a batch that is not answered in time is saved is not known: it may still be in the
/// queue.
async fn in_time(
    timeout: Duration,
    metrics: Arc<Metrics>,
    request: Request,
    next: Next,
) -> Response {
    let is_batch = request.uri().path().starts_with(UPDATE);
    match tokio::time::timeout(timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            metrics.timed_out(is_batch);
            answer::unavailable("The request took too long. Try again.")
        }
    }
}
