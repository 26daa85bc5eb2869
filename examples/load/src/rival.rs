//! The endpoint as it is often written: the framework's extractor, and conversions by hand.
//!
//! It is here to be measured, and does less: a map forgets the order of pins and that one came
//! twice, a lossy decoder has let `%zz` and `%FF` pass by then, and `str::parse` knows `inf`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Query, State};
use axum::http::Uri;
use axum::response::Response;
use pinquery::{Adjustment, ErrorKind, Update, Value, VirtualPin};
use pinquery_server::answer::{self, Rejection};
use pinquery_server::app::App;
use pinquery_server::store::{Batch, Store};

type Parameters = HashMap<String, String>;

pub async fn update<S: Store>(
    State(app): State<Arc<App<S>>>,
    uri: Uri,
) -> Result<Response, Rejection> {
    let start = Instant::now();
    let judged = judge(&app, &uri).await;
    app.metrics.judged(start.elapsed());
    app.settle(judged).await?;
    Ok(answer::ok())
}

async fn judge<S: Store>(app: &App<S>, uri: &Uri) -> Result<Batch, Rejection> {
    let refused = Rejection::Query;
    let Query(parameters) =
        Query::<Parameters>::try_from_uri(uri).map_err(|_| refused(ErrorKind::InvalidValue))?;
    let token = parameters
        .get("token")
        .ok_or(refused(ErrorKind::MissingToken))?;
    let device = app.store.device(token).await?;
    let device = device.ok_or(refused(ErrorKind::UnknownToken))?;
    let mut updates = Vec::with_capacity(parameters.len());
    for (name, value) in &parameters {
        if name != "token" {
            updates.push(convert(name, value).map_err(refused)?);
        }
    }
    if updates.is_empty() {
        return Err(refused(ErrorKind::NoPins));
    }
    Ok(Batch {
        device: device.number,
        updates,
    })
}

/// By the demonstration's template, written out.
fn convert(name: &str, text: &str) -> Result<Update, ErrorKind> {
    let number = name.strip_prefix(['v', 'V']).ok_or(ErrorKind::InvalidPin)?;
    let pin = number.parse().map_err(|_| ErrorKind::InvalidPin)?;
    let (value, adjusted) = match pin {
        1 => integer(text, 0, 100)?,
        2 => double(text, f64::MIN, f64::MAX)?,
        3 if text.len() <= 64 => (Value::String(text.to_owned()), None),
        4 => enumerable(text, &[0, 20, 130], 0)?,
        5 => location(text)?,
        6 => boolean(text)?,
        7 => double(text, -40.0, 125.0)?,
        3 => return Err(ErrorKind::InvalidValue),
        _ => return Err(ErrorKind::UnknownPin),
    };
    Ok(Update {
        pin: VirtualPin(pin),
        value,
        adjusted,
    })
}

type Converted = Result<(Value, Option<Adjustment>), ErrorKind>;

fn integer(text: &str, min: i64, max: i64) -> Converted {
    let number: i64 = text.trim().parse().map_err(|_| ErrorKind::InvalidValue)?;
    let value = Value::Integer(number.clamp(min, max));
    Ok((value, adjusted(number < min, number > max)))
}

fn double(text: &str, min: f64, max: f64) -> Converted {
    let number: f64 = text.trim().parse().map_err(|_| ErrorKind::InvalidValue)?;
    let value = Value::Double(number.clamp(min, max));
    Ok((value, adjusted(number < min, number > max)))
}

const fn adjusted(is_low: bool, is_high: bool) -> Option<Adjustment> {
    match (is_low, is_high) {
        (true, _) => Some(Adjustment::Min),
        (_, true) => Some(Adjustment::Max),
        _ => None,
    }
}

fn enumerable(text: &str, values: &[i64], fallback: i64) -> Converted {
    let number: i64 = text.trim().parse().map_err(|_| ErrorKind::InvalidValue)?;
    Ok(match values.contains(&number) {
        true => (Value::Enumerable(number), None),
        false => (Value::Enumerable(fallback), Some(Adjustment::Fallback)),
    })
}

fn location(text: &str) -> Converted {
    let (longitude, latitude) = text.split_once(',').ok_or(ErrorKind::InvalidValue)?;
    let degrees = |text: &str, limit: f64| {
        let number = text.trim().parse().ok();
        number
            .filter(|number: &f64| number.abs() <= limit)
            .ok_or(ErrorKind::InvalidValue)
    };
    let (longitude, latitude) = (degrees(longitude, 180.0)?, degrees(latitude, 90.0)?);
    Ok((
        Value::Location {
            longitude,
            latitude,
        },
        None,
    ))
}

fn boolean(text: &str) -> Converted {
    match text.trim() {
        "1" | "true" => Ok((Value::Boolean(true), None)),
        "0" | "false" => Ok((Value::Boolean(false), None)),
        _ => Err(ErrorKind::InvalidValue),
    }
}
