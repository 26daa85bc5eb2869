//! The macro of `form-net`.

use form_net::FromForm;

use crate::{Outcome, Readings};

form_net::form! {
    pub struct Query {
        pub token: String,
        pub v1: Option<i64>,
        pub v2: Option<f64>,
        pub v3: Option<String>,
    }
}

pub fn parse(query: &str) -> Outcome {
    let Query { token, v1, v2, v3 } =
        Query::from_query(query.as_bytes()).map_err(|error| error.to_string())?;
    Readings { token, v1, v2, v3 }.clamped()
}
