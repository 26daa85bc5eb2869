//! The query extractor of `actix-web`, with a struct that `validator` validates.

use actix_web::web::Query;
use serde::Deserialize;
use validator::Validate;

use crate::{Outcome, Readings};

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Validated {
    token: String,
    #[validate(range(min = 0, max = 100, message = "not in 0..=100"))]
    v1: Option<i64>,
    #[validate(range(min = -40.0, max = 125.0, message = "not in -40..=125"))]
    v2: Option<f64>,
    #[validate(length(max = 64, message = "too long"))]
    v3: Option<String>,
}

pub fn parse(query: &str) -> Outcome {
    let validated = Query::<Validated>::from_query(query)
        .map_err(|error| error.to_string())?
        .into_inner();
    validated.validate().map_err(|error| error.to_string())?;
    let Validated { token, v1, v2, v3 } = validated;
    Ok(Readings { token, v1, v2, v3 }.accepted())
}
