//! Routes and handlers.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::StringRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::metrics::Metrics;
use crate::page;
use crate::read::{GetResponse, to_text};
use crate::response::{self, Rejection};
use crate::store::Store;

/// Maximum size of a request body; only the page sends one.
const MAX_BODY: usize = 4096;

const UPDATE: &str = "/external/api/batch/update";
const UPDATE_WITH_SLASH: &str = "/external/api/batch/update/";

/// The format that `prometheus-client` writes.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Returns the server's routes. Each request gets a response within `timeout`.
pub fn router<S: Store>(app: Arc<App<S>>, timeout: Duration) -> Router {
    let metrics = Arc::clone(&app.metrics);
    let with_timeout =
        move |request, next| with_timeout(timeout, Arc::clone(&metrics), request, next);
    // By default, axum would run the GET handler for HEAD, and save the batch.
    let update = get(update::<S>).head(not_allowed).fallback(not_allowed);
    Router::new()
        .route(UPDATE, update.clone())
        .route(UPDATE_WITH_SLASH, update)
        .route("/external/api/get", get(latest::<S>))
        .route("/external/api/getAll", get(latest_all::<S>))
        .route("/", get(html::<S>))
        .route("/page.css", get(async || page::css()))
        .route("/page.js", get(async || page::script()))
        .route("/table.js", get(async || page::table_script()))
        .route("/draw.js", get(async || page::draw_script()))
        .route("/page/state", post(state::<S>))
        .route("/metrics", get(metrics_text::<S>))
        .route("/health", get(health::<S>))
        .fallback(async || response::error(StatusCode::NOT_FOUND, "Not found."))
        .method_not_allowed_fallback(async || {
            response::error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.")
        })
        .layer(from_fn(with_timeout))
        .layer(from_fn(add_security_headers))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(app)
}

type Shared<S> = State<Arc<App<S>>>;

async fn update<S: Store>(State(app): Shared<S>, uri: Uri) -> Result<Response, Rejection> {
    app.accept(query(&uri)).await?;
    Ok(response::ok())
}

/// Returns the raw query, or an empty one if the URL has none.
fn query(uri: &Uri) -> &str {
    uri.query().unwrap_or_default()
}

async fn latest<S: Store>(State(app): Shared<S>, uri: Uri) -> Result<Response, Rejection> {
    Ok(match app.get(query(&uri)).await? {
        GetResponse::Single(Some(value)) => response::text(to_text(value)),
        // Not an empty body, because the empty string is a value.
        GetResponse::Single(None) => StatusCode::NO_CONTENT.into_response(),
        GetResponse::Multiple(values) => response::json(&values),
    })
}

async fn latest_all<S: Store>(State(app): Shared<S>, uri: Uri) -> Result<Response, Rejection> {
    Ok(response::json(&app.get_all(query(&uri)).await?))
}

async fn html<S: Store>(State(app): Shared<S>) -> Response {
    page::html(app.demo_token)
}

async fn state<S: Store>(
    State(app): Shared<S>,
    body: Result<String, StringRejection>,
) -> Result<Response, Rejection> {
    match body {
        Ok(body) => Ok(response::json(&app.state(&body).await?)),
        Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Ok(response::error(error.status(), "The body is too long."))
        }
        Err(error) => Ok(response::error(
            error.status(),
            "The body is not UTF-8 text.",
        )),
    }
}

/// Reports whether batches are accepted, for supervisors and load balancers.
async fn health<S: Store>(State(app): Shared<S>) -> Result<Response, Rejection> {
    app.store.check().await?;
    Ok(response::json(&serde_json::json!({"status": "ok"})))
}

async fn metrics_text<S: Store>(State(app): Shared<S>) -> Response {
    ([(CONTENT_TYPE, METRICS)], app.metrics.text()).into_response()
}

async fn not_allowed() -> Response {
    let error = response::error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.");
    ([(ALLOW, "GET")], error).into_response()
}

/// Forbids caching, because a proxy must neither respond to batch updates nor serve stale values,
/// and content sniffing, because a device's text must not be rendered as HTML.
async fn add_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Responds 503 after `timeout`. The batch may still be in the queue, and be saved later.
async fn with_timeout(
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
            response::unavailable("The request took too long. Try again.")
        }
    }
}
