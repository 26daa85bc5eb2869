//! A server's own types around `pinquery`, as its author would write them.
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
use pinquery::{DatastreamRow, DatastreamView, Number, Template, Token, Update, VirtualPin};
use serde::{Deserialize, Serialize};

/// One event of one device, as it goes to the thread that stores it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When the request came.
    pub at: SystemTime,
    /// What it said; strings are shared between the store and whoever watches.
    pub updates: Vec<Update<Arc<str>>>,
}

/// A datastream as the admin page edits it: the crate's fields beside those of the server.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Described {
    /// What people call it.
    pub label: String,
    /// What it accepts.
    #[serde(flatten)]
    pub datastream: Datastream,
}

/// A row of `SELECT pin, type, min, max FROM datastream`.
pub type Row<'a> = (u8, &'a str, Option<f64>, Option<f64>);

/// The template of the rows of one device.
pub fn template_of_rows(rows: &[Row<'_>]) -> Result<Template, DatastreamError> {
    let datastream = |&(pin, type_name, min, max): &Row<'_>| {
        let row = DatastreamRow {
            type_name,
            min: min.map(Number::from),
            max: max.map(Number::from),
            ..DatastreamRow::default()
        };
        Ok((VirtualPin(pin), Datastream::from_row(&row)?))
    };
    rows.iter().map(datastream).collect()
}

/// What the admin page says of a datastream.
pub fn describe(datastream: &Datastream) -> String {
    match datastream.view() {
        DatastreamView::Integer { min, max } => format!("whole, {min} to {max}"),
        DatastreamView::Double { min, max } => format!("decimal, {min:?} to {max:?}"),
        DatastreamView::String { max_len } => format!("text, {max_len} bytes"),
        DatastreamView::Enumerable { values, fallback } => match fallback {
            Some(fallback) => format!("one of {values:?}, else {fallback}"),
            None => format!("one of {values:?}"),
        },
        DatastreamView::Boolean => "yes or no".to_owned(),
        DatastreamView::Location => "a place".to_owned(),
        // The view is non-exhaustive: a type that comes later has its name at least.
        _ => datastream.type_name().to_owned(),
    }
}

/// How many requests were refused, every kind and reason from 0 on.
#[derive(Debug)]
pub struct Refusals {
    /// By kind.
    pub kinds: HashMap<ErrorKind, u64>,
    /// By reason.
    pub reasons: HashMap<Reason, u64>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            kinds: ErrorKind::ALL.iter().map(|kind| (*kind, 0)).collect(),
            reasons: Reason::ALL.iter().map(|reason| (*reason, 0)).collect(),
        }
    }
}

impl Refusals {
    /// Counts one.
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
    /// The devices, keyed by tokens and asked by text.
    pub devices: DashMap<Token<'static>, Template>,
    /// To the thread that stores.
    pub events: Sender<Event>,
}

/// A status, a content type and a body.
pub type Answer = (u16, &'static str, &'static str);

impl Server {
    /// Answers one query, which came at that time.
    pub fn answer(&self, query: &[u8], at: SystemTime, rejections: &mut Refusals) -> Answer {
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
