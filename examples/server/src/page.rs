//! The page at `/`: its files, and the state that it asks for.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};
use pinquery::{Adjustment, BatchUpdate, Datastream, Pairs, Update, VirtualPin};
use serde::Serialize;

use crate::answer::Rejection;
use crate::app::App;
use crate::read::{bare, of_template};
use crate::store::Store;

const HTML: &str = include_str!("../page/index.html");
const CSS: &str = include_str!("../page/page.css");
const SCRIPT: &str = include_str!("../page/page.js");
const DRAWINGS: &str = include_str!("../page/draw.js");

/// Nothing from elsewhere, nothing inline, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Batches in one answer to the page.
const BATCHES: usize = 500;

/// The page, with the demonstration's token filled in where there is one.
#[must_use]
pub fn html(demo_token: Option<&'static str>) -> Response {
    let html = HTML.replace("{token}", demo_token.unwrap_or_default());
    file("text/html; charset=utf-8", html)
}

/// Its style.
#[must_use]
pub fn css() -> Response {
    file("text/css; charset=utf-8", CSS)
}

/// Its script.
#[must_use]
pub fn script() -> Response {
    file("text/javascript; charset=utf-8", SCRIPT)
}

/// Its drawings.
#[must_use]
pub fn drawings() -> Response {
    file("text/javascript; charset=utf-8", DRAWINGS)
}

fn file(content_type: &'static str, body: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}

/// What the page shows.
#[derive(Serialize)]
pub struct State {
    datastreams: Vec<Shown>,
    batches: Vec<Batch>,
    /// Whether there may be more batches behind these.
    more: bool,
}

/// A datastream and its latest value, as text: a script's number does not hold every integer.
#[derive(Serialize)]
struct Shown {
    pin: VirtualPin,
    datastream: String,
    value: Option<String>,
    adjusted: Option<Adjustment>,
    at_us: Option<i64>,
}

#[derive(Serialize)]
struct Batch {
    id: i64,
    at_us: i64,
    updates: Vec<Update>,
}

impl<S: Store> App<S> {
    /// Reads `token=…&after=…`, a request's body and never its URL, and gives the datastreams,
    /// their latest values and the batches behind that one.
    ///
    /// # Errors
    ///
    /// What is wrong with the token, or that the store cannot be read now.
    pub async fn state(&self, body: &str) -> Result<State, Rejection> {
        let request = BatchUpdate::parse(body)?;
        let device = self.device(&request).await?;
        let latest = self.latest(&device).await?;
        let history = self.store.history(device.number, after(body), BATCHES);
        let batches = self.counted(history.await)?;
        let mut datastreams: Vec<Shown> = device.template.iter().map(shown).collect();
        for latest in of_template(&device, latest) {
            let pin = latest.update.pin;
            if let Some(shown) = datastreams.iter_mut().find(|shown| shown.pin == pin) {
                shown.value = Some(bare(latest.update.value));
                shown.adjusted = latest.update.adjusted;
                shown.at_us = Some(latest.at.0);
            }
        }
        let batch = |batch: crate::store::SavedBatch| Batch {
            id: batch.id,
            at_us: batch.at.0,
            updates: batch.updates,
        };
        Ok(State {
            datastreams,
            more: batches.len() == BATCHES,
            batches: batches.into_iter().map(batch).collect(),
        })
    }
}

fn shown((pin, datastream): (VirtualPin, &Datastream)) -> Shown {
    Shown {
        pin,
        datastream: datastream.to_string(),
        value: None,
        adjusted: None,
        at_us: None,
    }
}

/// The batch that the page has seen last; without one, it has seen none.
fn after(body: &str) -> Option<i64> {
    let mut pairs = Pairs::new(body);
    let after = pairs.find(|pair| pair.name.raw() == b"after");
    after.and_then(|pair| str::from_utf8(pair.value.raw()).ok()?.parse().ok())
}
