//! The devices whose queries are accepted.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use pinquery::{Template, Token};
use pinquery_devices::{Device, Error, from_json, template_from_json};

use crate::TEMPLATE;
use crate::args::Options;

pub enum Devices {
    /// One template for every valid token.
    Any(Template),
    Known(HashMap<Token<'static>, Device>),
}

impl Devices {
    pub fn new(options: &Options) -> anyhow::Result<Self> {
        if let Some(path) = &options.devices {
            return read("devices", path, from_json).map(Self::Known);
        }
        let template = match &options.template {
            Some(path) => read("template", path, template_from_json)?,
            None => template_from_json(TEMPLATE.as_bytes())?,
        };
        Ok(match options.token.clone() {
            Some(token) => Self::Known(HashMap::from([(token, Device { id: None, template })])),
            None => Self::Any(template),
        })
    }

    pub fn get(&self, token: &str) -> Option<&Template> {
        match self {
            Self::Any(template) => Some(template),
            Self::Known(devices) => Some(&devices.get(token)?.template),
        }
    }
}

fn read<T>(kind: &str, path: &Path, parse: fn(&[u8]) -> Result<T, Error>) -> anyhow::Result<T> {
    // Not named, because an argument that is not a file may be a token or a query.
    let json = fs::read(path).with_context(|| format!("cannot read the `--{kind}` file"))?;
    parse(&json).with_context(|| format!("{kind} {path:?}"))
}
