//! A server's own code around `pinquery`, as an application would write it.
//!
//! ```text
//! cd tests/downstream
//! cargo test
//! cargo test --features arbitrary_precision
//! cargo test --features preserve_order
//! cargo test --all-features
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::SystemTime;

use dashmap::DashMap;
use pinquery::{BatchUpdate, Datastream, DatastreamError, Error, ErrorKind, Reason};
use pinquery::{DatastreamParts, Number, Template, Token, Update, VirtualPin};
use serde::{Deserialize, Serialize};

/// An event of a device, as sent to the thread that stores events.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When the request arrived.
    pub at: SystemTime,
    /// The updates; the store and its subscribers share the strings.
    pub updates: Vec<Update<Arc<str>>>,
}

/// A datastream as edited on the admin page: a field of the server next to those of `pinquery`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LabelledDatastream {
    /// The name shown to users.
    pub label: String,
    /// The type and its bounds.
    #[serde(flatten)]
    pub datastream: Datastream,
}

/// A row of `SELECT pin, type, min, max FROM datastream`.
pub type Row<'a> = (u8, &'a str, Option<f64>, Option<f64>);

/// Builds a device's template from its database rows.
pub fn template_from_rows(rows: &[Row<'_>]) -> Result<Template, DatastreamError> {
    let datastream = |&(pin, type_name, min, max): &Row<'_>| {
        let mut parts = DatastreamParts::new(type_name);
        parts.min = min.map(Number::from);
        parts.max = max.map(Number::from);
        Ok((VirtualPin(pin), Datastream::from_parts(&parts)?))
    };
    rows.iter().map(datastream).collect()
}

/// Describes a datastream for the admin page, including types added to `pinquery` later.
pub fn describe(datastream: &Datastream) -> String {
    let parts = datastream.to_parts();
    let range = parts.min.zip(parts.max);
    let bounds = [
        range.map(|(min, max)| format!("{min} to {max}")),
        parts.max_len.map(|bytes| format!("up to {bytes} bytes")),
        parts.values.map(|values| format!("one of {values:?}")),
        parts.fallback.map(|value| format!("otherwise {value}")),
    ];
    let texts = [Some(parts.type_name.to_owned())].into_iter().chain(bounds);
    texts.flatten().collect::<Vec<_>>().join(", ")
}

/// Counts of rejected requests. Every kind and every reason has a counter from the start.
#[derive(Debug)]
pub struct Rejections {
    /// By kind.
    pub kinds: HashMap<ErrorKind, u64>,
    /// By reason.
    pub reasons: HashMap<Reason, u64>,
}

impl Default for Rejections {
    fn default() -> Self {
        Self {
            kinds: ErrorKind::ALL.iter().map(|kind| (*kind, 0)).collect(),
            reasons: Reason::ALL.iter().map(|reason| (*reason, 0)).collect(),
        }
    }
}

impl Rejections {
    /// Counts a rejected request.
    pub fn count(&mut self, error: &Error) {
        *self.kinds.entry(error.kind()).or_default() += 1;
        if let Some(reason) = error.reason() {
            *self.reasons.entry(reason).or_default() += 1;
        }
    }
}

/// The server without its HTTP.
#[derive(Debug)]
pub struct Server {
    /// Templates by token, looked up with a `&str`.
    pub devices: DashMap<Token<'static>, Template>,
    /// The channel to the thread that stores events.
    pub events: Sender<Event>,
}

/// A status, a content type and a body.
pub type Response = (u16, &'static str, &'static str);

impl Server {
    /// Responds to a query that arrived at `at`.
    pub fn respond(&self, query: &[u8], at: SystemTime, rejections: &mut Rejections) -> Response {
        match self.accept(query, at) {
            Ok(event) => match self.events.send(event) {
                Ok(()) => (200, "text/plain", "OK"),
                Err(_) => (503, "text/plain", ""),
            },
            Err(error) => {
                rejections.count(&error);
                (error.status(), Error::CONTENT_TYPE, error.body())
            }
        }
    }

    fn accept(&self, query: &[u8], at: SystemTime) -> Result<Event, Error> {
        let request = BatchUpdate::parse(query)?;
        let template = self.devices.get(request.token().as_str());
        let template = template.ok_or_else(|| request.unknown_token())?;
        let updates = request.updates(&template)?;
        Ok(Event {
            at,
            updates: updates
                .into_iter()
                .map(|update| update.map_string(|text| text.to_cow().into()))
                .collect(),
        })
    }
}
