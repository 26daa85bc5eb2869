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
    /// For `limit`. It is large, so unless it is needed it must not evict the others from the cache.
    #[cfg(target_arch = "x86_64")]
    limit: std::sync::OnceLock<Option<Box<crate::limit::Template>>>,
    /// For the rivals: the fastest map from pin to datastream, so that none is slowed by it.
    datastreams: Vec<Option<Datastream>>,
}

impl Device {
    /// Creates a device with these datastreams.
    #[must_use]
    pub fn new(datastreams: impl IntoIterator<Item = (u8, Datastream)>) -> Self {
        let plain: plain::Template = datastreams.into_iter().collect();
        let last = plain.last_key_value().map(|(pin, _)| *pin);
        Self {
            library: convert::template(&plain).expect("the workloads' datastreams are valid"),
            #[cfg(target_arch = "x86_64")]
            limit: std::sync::OnceLock::new(),
            datastreams: (0..=last.unwrap_or(0))
                .map(|pin| plain.get(&pin).cloned())
                .collect(),
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
    /// Returns the template for `limit`, if it supports all datastreams.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub fn limit(&self) -> Option<&crate::limit::Template> {
        let template = || crate::limit::Template::new(&self.plain);
        self.limit.get_or_init(template).as_deref()
    }
}
