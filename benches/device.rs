//! A device's datastreams, in the form that each contender needs.

pub use pinquery_test_support::types::{
    Boolean, Datastream, Double, Enumerable, Integer, Location, Text,
};
use pinquery_test_support::{convert, notation, plain};

/// One device's datastreams, built in advance for every contender.
#[derive(Debug)]
pub struct Device {
    /// For the library.
    pub library: pinquery::Template,
    /// For the reference.
    pub plain: plain::Template,
    /// For the rivals: the fastest map from pin to datastream, so that none is slowed by it.
    datastreams: Box<[Option<Datastream>]>,
    /// For `limit`: see [`with_limit`](Self::with_limit).
    #[cfg(target_arch = "x86_64")]
    pub limit: Option<Box<crate::limit::Template>>,
}

impl Device {
    /// Creates a device with these datastreams.
    #[must_use]
    pub fn new(datastreams: impl IntoIterator<Item = (u8, Datastream)>) -> Self {
        let plain: plain::Template = datastreams.into_iter().collect();
        let last = plain.last_key_value().map(|(pin, _)| *pin);
        Self {
            library: convert::template(&plain).expect("the workloads' datastreams are valid"),
            datastreams: (0..=last.unwrap_or(0))
                .map(|pin| plain.get(&pin).cloned())
                .collect(),
            #[cfg(target_arch = "x86_64")]
            limit: None,
            plain,
        }
    }

    /// Creates a device from the notation of `tests/spec`: `v1:integer(0,100) v2:double`.
    #[must_use]
    pub fn from_notation(text: &str) -> Self {
        Self::new(notation::template(text).expect("the spec's templates are valid"))
    }

    /// Returns the pin's datastream.
    #[must_use]
    pub fn datastream(&self, pin: u8) -> Option<&Datastream> {
        self.datastreams.get(usize::from(pin))?.as_ref()
    }

    /// Adds the template for `limit`, if it supports all datastreams. The template is large, so the
    /// many devices of `server_like` do without it.
    #[must_use]
    pub fn with_limit(self) -> Self {
        #[cfg(target_arch = "x86_64")]
        let this = Self {
            limit: crate::limit::Template::new(&self.plain).map(Box::new),
            ..self
        };
        #[cfg(not(target_arch = "x86_64"))]
        let this = self;
        this
    }
}
