//! `pinquery`, with a template.

use std::sync::LazyLock;

use pinquery::{BatchUpdate, Datastream, Template, VirtualPin};

use crate::{Accepted, Outcome};

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let double = Datastream::double(-40.0..=125.0);
    Template::from([
        (VirtualPin(1), Datastream::integer(0..=100).expect("valid")),
        (VirtualPin(2), double.expect("valid")),
        (VirtualPin(3), Datastream::string_up_to(64)),
    ])
});

pub fn parse(query: &str) -> Outcome {
    let request = BatchUpdate::parse(query).map_err(|error| error.to_string())?;
    let token = request.token().to_string();
    match request.updates(&TEMPLATE) {
        Ok(updates) => Ok(Accepted {
            token,
            values: updates.to_string(),
        }),
        Err(error) => Err(error.to_string()),
    }
}
