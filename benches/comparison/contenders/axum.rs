//! The query extractor of `axum`, with a struct that `garde` validates.

use axum::extract::Query;
use axum::http::Uri;
use garde::Validate;
use serde::Deserialize;

use crate::{Outcome, Readings};

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Validated {
    #[garde(skip)]
    token: String,
    #[garde(range(min = 0, max = 100))]
    v1: Option<i64>,
    #[garde(range(min = -40.0, max = 125.0))]
    v2: Option<f64>,
    #[garde(length(max = 64))]
    v3: Option<String>,
}

pub fn parse(query: &str) -> Outcome {
    let uri: Uri = format!("/external/api/batch/update?{query}")
        .parse()
        .map_err(|error| format!("{error}"))?;
    let Query(validated) =
        Query::<Validated>::try_from_uri(&uri).map_err(|error| error.body_text())?;
    validated.validate().map_err(|error| error.to_string())?;
    let Validated { token, v1, v2, v3 } = validated;
    Ok(Readings { token, v1, v2, v3 }.accepted())
}
