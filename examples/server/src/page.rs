//! The page at `/`: its files and the state that it polls.

use std::iter::once;
use std::sync::Arc;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};
use pinquery::{Adjustment, BatchUpdate, Datastream, Pairs, Update, Value, VirtualPin};
use serde::Serialize;

use crate::app::App;
use crate::devices::Device;
use crate::read::{in_template, to_text};
use crate::readers::Read;
use crate::rejections::RejectedBatch;
use crate::response::{self, Rejection};
use crate::store::{Cursor, History, Latest, Limit, SavedBatch, Store, Timestamp};

const HTML: &str = include_str!("../page/index.html");
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Paths, content types and contents of the files that the page loads.
pub const FILES: [(&str, &str, &str); 5] = [
    (
        "/page.css",
        "text/css; charset=utf-8",
        include_str!("../page/page.css"),
    ),
    ("/page.js", JAVASCRIPT, include_str!("../page/page.js")),
    ("/table.js", JAVASCRIPT, include_str!("../page/table.js")),
    ("/charts.js", JAVASCRIPT, include_str!("../page/charts.js")),
    ("/draw.js", JAVASCRIPT, include_str!("../page/draw.js")),
];

/// Allows nothing from other origins, nothing inline, and no framing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Maximum batches per response.
const MAX_BATCHES: usize = 500;

/// Maximum values per response, approximately: parsing more would block the browser.
const MAX_VALUES: usize = 20_000;

/// Maximum bytes of values per response, approximately. Numbers do not reach it.
const MAX_BYTES: usize = 512 * 1024;

/// Returns the page, with the demo token filled in if there is one.
#[must_use]
pub fn html(demo_token: Option<&'static str>) -> Response {
    let html = HTML.replace("{token}", demo_token.unwrap_or_default());
    file("text/html; charset=utf-8", html)
}

/// Returns a file that the page loads, or the page itself.
#[must_use]
pub fn file(content_type: &'static str, body: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}

/// The state that the page polls.
pub struct State {
    datastreams: Vec<LatestValue>,
    batches: Vec<Batch>,
    rest: Rest,
    read: Read,
}

/// The small parts of the state.
#[derive(Serialize)]
struct Rest {
    /// The last rejected batches, newest first.
    rejections: Vec<RejectedBatch>,
    /// The server's clock, from which ages are computed.
    now_us: i64,
    /// The age in seconds above which values are stale and a silent device is offline.
    offline_after: f64,
    /// Whether there may be more batches in the same direction.
    more: bool,
}

/// A datastream and its latest value, as text because JavaScript numbers cannot represent every
/// integer.
#[derive(Serialize)]
struct LatestValue {
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
    /// Parses `token=…&after=…` or `token=…&before=…`, which is sent in the body to keep the token
    /// out of URLs, and returns the datastreams, their latest values and the batches after or
    /// before that id; without an id, the newest batches.
    ///
    /// # Errors
    ///
    /// Fails if the token is invalid or the store is unavailable.
    pub async fn state(self: &Arc<Self>, body: &str) -> Result<State, Rejection> {
        let request = BatchUpdate::parse(body)?;
        let device = self.device(&request)?;
        let (latest, mut read) = self.latest(&device).await?;
        let updates = latest.iter().map(|latest| &latest.update);
        self.count_failure(read.reserve(memory(updates)))?;
        let limit = Limit {
            batches: MAX_BATCHES.min(MAX_VALUES / device.template.len().max(1)),
            bytes: MAX_BYTES,
        };
        let history = self.history(read, &device, cursor(body), limit).await?;
        let (History { batches, more }, mut read) = history;
        let updates = batches.iter().flat_map(|batch| &batch.updates);
        self.count_failure(read.reserve(memory(updates)))?;
        read.end_turn();
        let batch = |batch: SavedBatch| Batch {
            id: batch.id,
            at_us: batch.at.0,
            updates: batch.updates,
        };
        Ok(State {
            datastreams: datastreams(&device, latest),
            batches: batches.into_iter().map(batch).collect(),
            rest: Rest {
                rejections: self.rejections.of(device.number),
                now_us: Timestamp::now().0,
                offline_after: self.offline_after.as_secs_f64(),
                more,
            },
            read,
        })
    }
}

/// Returns the approximate memory of values.
fn memory<'a>(updates: impl Iterator<Item = &'a Update>) -> usize {
    let text = |update: &Update| match &update.value {
        Value::String(text) => text.len(),
        _ => 0,
    };
    let bytes = updates.map(|update| size_of::<Update>() + text(update));
    bytes.sum()
}

impl IntoResponse for State {
    fn into_response(self) -> Response {
        let rest = serde_json::to_string(&self.rest);
        // Continues the same JSON object.
        let rest = rest.map(|rest| rest.replacen('{', "],", 1).into());
        let parts = array("{\"datastreams\":[", self.datastreams)
            .chain(array("],\"batches\":[", self.batches))
            .chain(once(rest));
        response::json_pieces(parts, self.read)
    }
}

/// Serializes the items of an array, each when the iterator reaches it.
fn array<T: Serialize>(
    begin: &'static str,
    items: Vec<T>,
) -> impl Iterator<Item = serde_json::Result<Vec<u8>>> {
    let items = items.into_iter().enumerate().map(|(index, item)| {
        let mut part = if index == 0 { vec![] } else { vec![b','] };
        serde_json::to_writer(&mut part, &item)?;
        Ok(part)
    });
    once(Ok(begin.into())).chain(items)
}

/// Returns the datastreams of a device with their latest values.
fn datastreams(device: &Device, latest: Vec<Latest>) -> Vec<LatestValue> {
    let mut datastreams: Vec<LatestValue> = device.template.iter().map(without_value).collect();
    for latest in in_template(device, latest) {
        let pin = latest.update.pin;
        if let Some(datastream) = datastreams.iter_mut().find(|other| other.pin == pin) {
            datastream.value = Some(to_text(latest.update.value));
            datastream.adjusted = latest.update.adjusted;
            datastream.at_us = Some(latest.at.0);
        }
    }
    datastreams
}

fn without_value((pin, datastream): (VirtualPin, &Datastream)) -> LatestValue {
    LatestValue {
        pin,
        datastream: datastream.to_string(),
        value: None,
        adjusted: None,
        at_us: None,
    }
}

/// Returns the cursor that a request contains, or that of the newest batches.
fn cursor(body: &str) -> Cursor {
    let id = |name: &[u8]| {
        let pair = Pairs::new(body).find(|pair| pair.name.raw() == name)?;
        str::from_utf8(pair.value.raw()).ok()?.parse().ok()
    };
    let before = || id(b"before").map_or(Cursor::NEWEST, Cursor::Before);
    id(b"after").map_or_else(before, Cursor::After)
}
