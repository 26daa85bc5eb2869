//! The endpoints that give values back: how they read a query, by the library's rules.

use pinquery::{BatchUpdate, ErrorKind, Pairs, Value, VirtualPin};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::answer::Rejection;
use crate::app::App;
use crate::devices::Device;
use crate::store::{Latest, Store, Unavailable};

/// Values by the names of their pins: `{"v1":1.0,"v2":2}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Values(Vec<(VirtualPin, Value)>);

/// What `get` gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Got {
    /// The value of the one pin that was asked for, if it has one.
    One(Option<Value>),
    /// The values of several.
    Several(Values),
}

impl<S: Store> App<S> {
    /// Reads `token=…&v1&v2` and gives the latest values of these pins in this order.
    ///
    /// # Errors
    ///
    /// What is wrong with the query, or that the store cannot be read now.
    pub async fn get(&self, query: &str) -> Result<Got, Rejection> {
        let request = BatchUpdate::parse(query)?;
        let device = self.device(&request).await?;
        let pins = pins(query, &device).map_err(Rejection::Query)?;
        let mut latest = self.latest(&device).await?;
        let mut take = |pin: VirtualPin| {
            let place = latest.iter().position(|latest| latest.update.pin == pin)?;
            Some(latest.swap_remove(place).update.value)
        };
        Ok(match pins[..] {
            [pin] => Got::One(take(pin)),
            _ => Got::Several(Values(
                pins.into_iter()
                    .filter_map(|pin| Some((pin, take(pin)?)))
                    .collect(),
            )),
        })
    }

    /// Reads `token=…` and gives the latest values of all pins by ascending pin.
    ///
    /// # Errors
    ///
    /// What is wrong with the query, or that the store cannot be read now.
    pub async fn get_all(&self, query: &str) -> Result<Values, Rejection> {
        let request = BatchUpdate::parse(query)?;
        let device = self.device(&request).await?;
        if let Some(pair) = behind_token(query).next() {
            return Err(Rejection::Query(not_a_pin(pair.is_token())));
        }
        let latest = self.latest(&device).await?;
        Ok(Values(of_template(&device, latest).map(value).collect()))
    }
}

impl<S: Store> App<S> {
    /// The latest values of a device, counted where there are none to be had.
    ///
    /// # Errors
    ///
    /// They cannot be read now.
    pub(crate) async fn latest(&self, device: &Device) -> Result<Vec<Latest>, Rejection> {
        self.counted(self.store.latest(device.number).await)
    }

    pub(crate) fn counted<T>(&self, read: Result<T, Unavailable>) -> Result<T, Rejection> {
        read.map_err(|reason| {
            self.metrics.read_unavailable(reason);
            reason.into()
        })
    }
}

fn value(latest: Latest) -> (VirtualPin, Value) {
    (latest.update.pin, latest.update.value)
}

/// A pin that the devices' file no longer has keeps its value in the store, and is not shown.
pub(crate) fn of_template(
    device: &Device,
    latest: Vec<Latest>,
) -> impl Iterator<Item = Latest> + use<'_> {
    let has = |latest: &Latest| device.template.get(latest.update.pin).is_some();
    latest.into_iter().filter(has)
}

/// Every segment but the first token's, which is judged already.
fn behind_token(query: &str) -> impl Iterator<Item = pinquery::Pair<'_>> {
    let mut is_first = true;
    Pairs::new(query).filter(move |pair| !(pair.is_token() && std::mem::take(&mut is_first)))
}

const fn not_a_pin(is_token: bool) -> ErrorKind {
    match is_token {
        true => ErrorKind::DuplicateToken,
        false => ErrorKind::InvalidPin,
    }
}

/// The pins of a query in its order, judged in the order in which a batch update is.
fn pins(query: &str, device: &Device) -> Result<Vec<VirtualPin>, ErrorKind> {
    let mut pins = Vec::new();
    for pair in behind_token(query) {
        let pin = pair.pin().ok_or_else(|| not_a_pin(pair.is_token()))?;
        if device.template.get(pin).is_none() {
            return Err(ErrorKind::UnknownPin);
        }
        if pins.contains(&pin) {
            return Err(ErrorKind::DuplicatePin);
        }
        // An update sent to the wrong endpoint is not to look like one that was saved.
        if !pair.value.raw().is_empty() {
            return Err(ErrorKind::InvalidPin);
        }
        pins.push(pin);
    }
    match pins.is_empty() {
        true => Err(ErrorKind::NoPins),
        false => Ok(pins),
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

/// A value as text: a string is itself, and anything else is its JSON.
#[must_use]
pub fn bare(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => serde_json::to_string(&other).unwrap_or_default(),
    }
}
