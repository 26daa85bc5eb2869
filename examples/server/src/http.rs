//! Routes and handlers.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::StringRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use crate::app::{App, ParseUpdates};
use crate::metrics::Metrics;
use crate::page;
use crate::read::{GetResponse, to_text};
use crate::response::{self, Rejection};
use crate::store::Store;

/// Maximum size of a request body; only the page sends one.
const MAX_BODY: usize = 4096;

const UPDATES: [&str; 2] = ["/external/api/batch/update", "/external/api/update"];

/// The format that `prometheus-client` writes.
pub(crate) const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Returns a listener's router. Each request gets a response within `timeout`.
pub fn router<S: Store>(
    app: Arc<App<S>>,
    endpoints: Router<Arc<App<S>>>,
    timeout: Duration,
) -> Router {
    let metrics = Arc::clone(&app.metrics);
    let with_timeout =
        move |request, next| with_timeout(timeout, Arc::clone(&metrics), request, next);
    endpoints
        .fallback(async || response::error(StatusCode::NOT_FOUND, "Not found."))
        .method_not_allowed_fallback(async || {
            response::error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.")
        })
        .layer(from_fn(with_timeout))
        .layer(from_fn(add_security_headers))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(app)
}

/// Returns the endpoints for devices and browsers.
pub fn endpoints<S: Store>() -> Router<Arc<App<S>>> {
    let [batch_update, update] = UPDATES;
    with_slashes([
        (batch_update, only_get(get(save_batch::<S>))),
        (update, only_get(get(save_update::<S>))),
        ("/external/api/get", get(latest::<S>)),
        ("/external/api/getAll", get(latest_all::<S>)),
        ("/external/api/isHardwareConnected", get(is_connected::<S>)),
        ("/page/state", post(state::<S>)),
    ])
    .merge(page_files())
    .route("/", get(html::<S>))
}

/// Returns the endpoints for Prometheus, supervisors and load balancers.
pub fn admin_endpoints<S: Store>(timeout: Duration) -> Router<Arc<App<S>>> {
    // Metrics are needed most when the database does not respond, so its size must not delay them.
    let limit = timeout / 2;
    let metrics = async move |app: Shared<S>| metrics_text(app, limit).await;
    with_slashes([("/metrics", get(metrics)), ("/health", get(health::<S>))])
}

fn page_files<S: Store>() -> Router<Arc<App<S>>> {
    let files = page::FILES.into_iter();
    files.fold(Router::new(), |router, (path, content_type, text)| {
        router.route(path, get(async move || page::file(content_type, text)))
    })
}

type Shared<S> = State<Arc<App<S>>>;

/// Also routes each path with a trailing slash, which some clients write before the `?`.
fn with_slashes<S: Store, const N: usize>(
    endpoints: [(&str, MethodRouter<Arc<App<S>>>); N],
) -> Router<Arc<App<S>>> {
    let router = Router::new();
    endpoints
        .into_iter()
        .fold(router, |router, (path, endpoint)| {
            let with_slash = format!("{path}/");
            router
                .route(&with_slash, endpoint.clone())
                .route(path, endpoint)
        })
}

/// Rejects other methods. By default, axum would run the GET handler for HEAD, and save the batch.
fn only_get<S: Store>(endpoint: MethodRouter<Arc<App<S>>>) -> MethodRouter<Arc<App<S>>> {
    endpoint.head(not_allowed).fallback(not_allowed)
}

async fn save_batch<S: Store>(app: Shared<S>, request: Request) -> Result<Response, Rejection> {
    let parse: ParseUpdates = |request, template| Ok(request.updates(template)?.into_owned());
    save(app, request, parse).await
}

async fn save_update<S: Store>(app: Shared<S>, request: Request) -> Result<Response, Rejection> {
    save(app, request, pinquery_endpoints::update).await
}

async fn save<S: Store>(
    State(app): Shared<S>,
    request: Request,
    parse: ParseUpdates,
) -> Result<Response, Rejection> {
    let (head, _) = request.into_parts();
    if is_prefetch(&head.headers) {
        let message = "A prefetched update is not saved.";
        return Ok(response::error(StatusCode::FORBIDDEN, message));
    }
    app.accept(query(&head.uri), parse).await?;
    Ok(response::ok())
}

/// Returns whether a browser fetches a URL that nobody has opened yet: while it is typed, or
/// because a page contains a link to it.
fn is_prefetch(headers: &HeaderMap) -> bool {
    let mut purposes = ["sec-purpose", "purpose"]
        .into_iter()
        .flat_map(|name| headers.get_all(name));
    purposes.any(|purpose| {
        let purpose = purpose.as_bytes().trim_ascii();
        let token = purpose.split(|byte| b"; ".contains(byte)).next();
        token.is_some_and(|token| token.eq_ignore_ascii_case(b"prefetch"))
    })
}

/// Returns the raw query, or an empty one if the URL has none.
fn query(uri: &Uri) -> &str {
    uri.query().unwrap_or_default()
}

async fn latest<S: Store>(State(app): Shared<S>, uri: Uri) -> Result<Response, Rejection> {
    let (latest, read) = app.get(query(&uri)).await?;
    Ok(match latest {
        GetResponse::Single(Some(value)) => response::text(app.body(to_text(value), read)?),
        // Not an empty body, because the empty string is a value.
        GetResponse::Single(None) => StatusCode::NO_CONTENT.into_response(),
        GetResponse::Multiple(values) => response::json_body(app.body(values.into_json(), read)?),
    })
}

async fn latest_all<S: Store>(State(app): Shared<S>, uri: Uri) -> Result<Response, Rejection> {
    let (values, read) = app.get_all(query(&uri)).await?;
    Ok(response::json_body(app.body(values.into_json(), read)?))
}

async fn is_connected<S: Store>(State(app): Shared<S>, uri: Uri) -> Result<Response, Rejection> {
    Ok(response::json(&app.is_connected(query(&uri)).await?))
}

async fn html<S: Store>(State(app): Shared<S>) -> Response {
    page::html(app.demo_token)
}

async fn state<S: Store>(
    State(app): Shared<S>,
    body: Result<String, StringRejection>,
) -> Result<Response, Rejection> {
    match body {
        Ok(body) => Ok(app.state(&body).await?.into_response()),
        Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Ok(response::error(error.status(), "The body is too long."))
        }
        Err(error) => Ok(response::error(
            error.status(),
            "The body is not UTF-8 text.",
        )),
    }
}

/// Reports whether batches are accepted.
async fn health<S: Store>(State(app): Shared<S>) -> Result<Response, Rejection> {
    app.store.check().await?;
    Ok(response::json(&serde_json::json!({"status": "ok"})))
}

/// Returns the metrics. Omits the size of the database if determining it takes longer than `limit`.
async fn metrics_text<S: Store>(State(app): Shared<S>, limit: Duration) -> Response {
    let size = tokio::time::timeout(limit, app.store.size()).await;
    let text = app.metrics.text(size.unwrap_or_default());
    ([(CONTENT_TYPE, METRICS)], text).into_response()
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
    let path = request.uri().path();
    let is_batch = UPDATES.contains(&path.strip_suffix('/').unwrap_or(path));
    match tokio::time::timeout(timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            metrics.timed_out(is_batch);
            response::unavailable("The request took too long. Try again.")
        }
    }
}
