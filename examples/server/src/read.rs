//! The endpoints `get`, `getAll` and `isHardwareConnected`. Queries follow the library's rules.

use std::sync::Arc;

use axum::body::Body;
use pinquery::{BatchUpdate, Error, Value, VirtualPin};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::app::App;
use crate::devices::Device;
use crate::readers::Read;
use crate::response::{self, Rejection};
use crate::store::{Cursor, History, Latest, Limit, Store, Timestamp, Unavailable};

/// Values by pin name: `{"v1":1.0,"v2":2}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Values(Vec<(VirtualPin, Value)>);

/// The result of `get`.
#[derive(Clone, Debug, PartialEq)]
pub enum GetResponse {
    /// The value of a single requested pin, if it has one.
    Single(Option<Value>),
    /// The values of several pins.
    Multiple(Values),
}

impl<S: Store> App<S> {
    /// Parses `token=…&v1&v2` or `token=…&pin=V1`, and returns the latest values of these pins, in this
    /// order.
    ///
    /// # Errors
    ///
    /// Fails if the query is invalid or the store is unavailable.
    pub async fn get(self: &Arc<Self>, query: &str) -> Result<(GetResponse, Read), Rejection> {
        let request = BatchUpdate::parse(query)?;
        let device = self.device(&request)?;
        let pins = pinquery_endpoints::get(&request, &device.template)?;
        let (mut latest, read) = self.latest(&device).await?;
        let mut take = |pin: VirtualPin| {
            let index = latest.iter().position(|latest| latest.update.pin == pin)?;
            Some(latest.swap_remove(index).update.value)
        };
        let response = match pins[..] {
            [pin] => GetResponse::Single(take(pin)),
            _ => GetResponse::Multiple(Values(
                pins.into_iter()
                    .filter_map(|pin| Some((pin, take(pin)?)))
                    .collect(),
            )),
        };
        Ok((response, read))
    }

    /// Parses `token=…` and returns the latest values of all pins, in ascending order of pins.
    ///
    /// # Errors
    ///
    /// Fails if the query is invalid or the store is unavailable.
    pub async fn get_all(self: &Arc<Self>, query: &str) -> Result<(Values, Read), Rejection> {
        let device = self.device_only(query)?;
        let (latest, read) = self.latest(&device).await?;
        let values = in_template(&device, latest).map(value).collect();
        Ok((Values(values), read))
    }

    /// Parses `token=…` and returns whether the newest batch of the device is recent.
    ///
    /// # Errors
    ///
    /// Fails if the query is invalid or the store is unavailable.
    pub async fn is_connected(self: &Arc<Self>, query: &str) -> Result<bool, Rejection> {
        let device = self.device_only(query)?;
        let limit = Limit {
            batches: 1,
            bytes: 1,
        };
        let read = self.readers.begin(device.number).await;
        let (newest, _) = self.history(read, &device, Cursor::NEWEST, limit).await?;
        let age = newest
            .batches
            .first()
            .map(|batch| batch.at.distance(Timestamp::now()));
        Ok(age.is_some_and(|age| age <= self.offline_after))
    }

    /// Returns the device of a query that contains only a token.
    fn device_only(&self, query: &str) -> Result<Device, Rejection> {
        let request = BatchUpdate::parse(query)?;
        let device = self.device(&request)?;
        match request.pairs().next() {
            Some(pair) => Err(Error::invalid_name(pair).into()),
            None => Ok(device),
        }
    }

    /// Begins a read, with the latest values of a device.
    pub(crate) async fn latest(
        self: &Arc<Self>,
        device: &Device,
    ) -> Result<(Vec<Latest>, Read), Rejection> {
        let read = self.readers.begin(device.number).await;
        let (app, device) = (Arc::clone(self), device.number);
        self.complete(read, async move { app.store.latest(device).await })
            .await
    }

    /// Continues a read with batches of the device.
    pub(crate) async fn history(
        self: &Arc<Self>,
        read: Read,
        device: &Device,
        cursor: Cursor,
        limit: Limit,
    ) -> Result<(History, Read), Rejection> {
        let (app, device) = (Arc::clone(self), device.number);
        let history = async move { app.store.history(device, cursor, limit).await };
        self.complete(read, history).await
    }

    /// Queries the database, and counts a failure. The query is completed even if the request ends
    /// earlier: otherwise the next read of the device would begin while the database is busy with it.
    async fn complete<T: Send + 'static>(
        &self,
        read: Read,
        query: impl Future<Output = Result<T, Unavailable>> + Send + 'static,
    ) -> Result<(T, Read), Rejection> {
        let task = tokio::spawn(async move { (query.await, read) });
        // The task is never aborted, and does not panic.
        let (result, read) = task.await.map_err(|_| Unavailable::Fault)?;
        Ok((self.count_failure(result)?, read))
    }

    /// Returns the body of a response, which may be large.
    pub(crate) fn body(&self, text: String, read: Read) -> Result<Body, Rejection> {
        self.count_failure(response::body(text, read))
    }

    pub(crate) fn count_failure<T>(&self, read: Result<T, Unavailable>) -> Result<T, Rejection> {
        read.map_err(|reason| {
            self.metrics.read_unavailable(reason);
            reason.into()
        })
    }
}

fn value(latest: Latest) -> (VirtualPin, Value) {
    (latest.update.pin, latest.update.value)
}

/// Drops pins that have values in the store but are no longer in the devices file.
pub(crate) fn in_template(
    device: &Device,
    latest: Vec<Latest>,
) -> impl Iterator<Item = Latest> + use<'_> {
    let is_known = |latest: &Latest| device.template.get(latest.update.pin).is_some();
    latest.into_iter().filter(is_known)
}

impl Values {
    /// Returns the values as JSON.
    #[must_use]
    pub fn into_json(self) -> String {
        serde_json::to_string(&self).unwrap_or_default()
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (pin, value) in &self.0 {
            map.serialize_entry(pin, value)?;
        }
        map.end()
    }
}

/// Formats a value as text: a string verbatim, anything else as JSON.
#[must_use]
pub fn to_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => serde_json::to_string(&other).unwrap_or_default(),
    }
}
