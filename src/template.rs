//! Templates: the datastreams of a device.

use alloc::vec::{self, Vec};
use core::fmt;
use core::iter::{FusedIterator, Zip};
use core::ops::RangeInclusive;
use core::slice;

use crate::pin::VirtualPin;
use crate::types::datastream::Datastream;

/// A map from the virtual pins of a device to their datastreams. Built once, then shared.
///
/// With the feature `serde`, templates can be read from JSON, YAML and other self-describing formats.
/// Building one allocates, so a `static` needs a `LazyLock`:
///
/// ```
/// use pinquery::{Datastream, Template, VirtualPin};
/// use std::sync::LazyLock;
///
/// static GREENHOUSE: LazyLock<Template> = LazyLock::new(|| {
///     Template::new()
///         .with(VirtualPin(1), Datastream::double(-40.0..=125.0).expect("bounds in order"))
///         .with(VirtualPin(2), Datastream::string_up_to(64))
/// });
/// assert_eq!(GREENHOUSE.len(), 2);
/// ```
///
/// [Section 6 of the contract](crate::contract#6-templates-and-json-lines-output) defines the JSON.
#[derive(Clone, Default)]
pub struct Template {
    /// Indexed by pin. A lookup is a single load. The length is a power of two, since most devices
    /// use low pins.
    datastreams: Vec<Option<Datastream>>,
}

impl Template {
    /// Creates an empty template.
    ///
    /// ```
    /// assert!(pinquery::Template::new().is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            datastreams: Vec::new(),
        }
    }

    /// Returns the template with `datastream` at `pin`, replacing any previous one.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, VirtualPin};
    /// let template = Template::new().with(VirtualPin(6), Datastream::boolean());
    /// assert_eq!(template.get(VirtualPin(6)), Some(&Datastream::boolean()));
    /// ```
    #[must_use]
    pub fn with(mut self, pin: VirtualPin, datastream: Datastream) -> Self {
        self.insert(pin, datastream);
        self
    }

    /// Sets the datastream at `pin` and returns the previous one, if any.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, VirtualPin};
    /// let mut template = Template::new();
    /// assert_eq!(template.insert(VirtualPin(6), Datastream::boolean()), None);
    /// assert_eq!(
    ///     template.insert(VirtualPin(6), Datastream::string()),
    ///     Some(Datastream::boolean()),
    /// );
    /// ```
    pub fn insert(&mut self, pin: VirtualPin, datastream: Datastream) -> Option<Datastream> {
        let index = usize::from(pin.0);
        if self.datastreams.len() <= index {
            self.datastreams
                .resize((index + 1).next_power_of_two(), None);
        }
        self.datastreams.get_mut(index)?.replace(datastream)
    }

    /// Removes and returns the datastream at `pin`, if any.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, VirtualPin};
    /// let mut template = Template::from([(VirtualPin(6), Datastream::boolean())]);
    /// assert_eq!(template.remove(VirtualPin(6)), Some(Datastream::boolean()));
    /// assert_eq!(template, Template::new());
    /// ```
    pub fn remove(&mut self, pin: VirtualPin) -> Option<Datastream> {
        self.datastreams.get_mut(usize::from(pin.0))?.take()
    }

    /// Returns the datastream at `pin`, if any.
    ///
    /// ```
    /// # use pinquery::{Template, VirtualPin};
    /// assert_eq!(Template::new().get(VirtualPin(0)), None);
    /// ```
    #[must_use]
    #[inline]
    pub fn get(&self, pin: VirtualPin) -> Option<&Datastream> {
        self.datastreams.get(usize::from(pin.0))?.as_ref()
    }

    /// Returns an upper bound on the number of datastreams, without counting them.
    pub(crate) fn max_pins(&self) -> usize {
        self.datastreams.len()
    }

    /// Returns an iterator over the pins and their datastreams, in ascending order.
    ///
    /// ```
    /// # use pinquery::{Datastream, Template, VirtualPin};
    /// let template = Template::new()
    ///     .with(VirtualPin(9), Datastream::boolean())
    ///     .with(VirtualPin(2), Datastream::string());
    /// assert!(template.iter().map(|(pin, _)| pin.0).eq([2, 9]));
    /// ```
    pub fn iter(&self) -> Iter<'_> {
        Iter((0..=u8::MAX).zip(&self.datastreams))
    }

    /// Returns the number of pins that have a datastream.
    ///
    /// ```
    /// assert_eq!(pinquery::Template::new().len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Returns `true` if no pin has a datastream.
    ///
    /// ```
    /// assert!(pinquery::Template::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a> IntoIterator for &'a Template {
    type Item = (VirtualPin, &'a Datastream);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl IntoIterator for Template {
    type Item = (VirtualPin, Datastream);
    type IntoIter = IntoPins;

    fn into_iter(self) -> IntoPins {
        IntoPins((0..=u8::MAX).zip(self.datastreams))
    }
}

/// An iterator over the pins and datastreams of a template, returned by [`Template::iter`].
///
/// ```
/// assert_eq!(pinquery::Template::new().iter().count(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct Iter<'a>(Zip<RangeInclusive<u8>, slice::Iter<'a, Option<Datastream>>>);

impl<'a> Iterator for Iter<'a> {
    type Item = (VirtualPin, &'a Datastream);

    fn next(&mut self) -> Option<Self::Item> {
        self.0
            .find_map(|(pin, datastream)| Some((VirtualPin(pin), datastream.as_ref()?)))
    }
}

/// An owning iterator over the pins and datastreams of a template, returned by
/// `Template::into_iter`.
///
/// ```
/// # use pinquery::{Datastream, Template, VirtualPin};
/// let template = Template::from([(VirtualPin(6), Datastream::boolean())]);
/// assert!(template.into_iter().eq([(VirtualPin(6), Datastream::boolean())]));
/// ```
#[derive(Clone, Debug)]
pub struct IntoPins(Zip<RangeInclusive<u8>, vec::IntoIter<Option<Datastream>>>);

impl Iterator for IntoPins {
    type Item = (VirtualPin, Datastream);

    fn next(&mut self) -> Option<Self::Item> {
        self.0
            .find_map(|(pin, datastream)| Some((VirtualPin(pin), datastream?)))
    }
}

impl FusedIterator for Iter<'_> {}
impl FusedIterator for IntoPins {}

/// Builds a template; the last datastream of a repeated pin wins.
impl<const N: usize> From<[(VirtualPin, Datastream); N]> for Template {
    fn from(pins: [(VirtualPin, Datastream); N]) -> Self {
        pins.into_iter().collect()
    }
}

/// Builds a template; the last datastream of a repeated pin wins.
impl FromIterator<(VirtualPin, Datastream)> for Template {
    fn from_iter<I: IntoIterator<Item = (VirtualPin, Datastream)>>(pins: I) -> Self {
        let mut template = Self::new();
        template.extend(pins);
        template
    }
}

/// Inserts datastreams, replacing those of the same pins.
impl Extend<(VirtualPin, Datastream)> for Template {
    fn extend<I: IntoIterator<Item = (VirtualPin, Datastream)>>(&mut self, pins: I) {
        for (pin, datastream) in pins {
            self.insert(pin, datastream);
        }
    }
}
