//! Which datastream each virtual pin of a device has.

use alloc::vec::{self, Vec};
use core::fmt;
use core::iter::{FusedIterator, Zip};
use core::ops::RangeInclusive;
use core::slice;

use super::datastream::Datastream;
use super::pin::VirtualPin;

/// Which datastream each virtual pin of a device has: built once, then shared by reference.
///
/// With the feature `serde` a template is read from JSON. As an owned list of values keeps it
/// from being `const`, a static one takes a `LazyLock`:
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
/// The format is in [section 6 of the contract](crate::contract#6-templates-and-the-line-format).
#[derive(Clone, Default)]
pub struct Template {
    /// By pin, up to the power of two above the highest one: a look-up is one load, and most
    /// devices use low pins.
    datastreams: Vec<Option<Datastream>>,
}

impl Template {
    /// A template without datastreams.
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

    /// The template with `datastream` at `pin`, in place of the one that was there.
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

    /// Sets the datastream at `pin` and gives the one that was there.
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
            let length = (index + 1).next_power_of_two();
            // Into a new vector, as the optimiser cannot see that growing the old one never
            // overflows its capacity, which `tests/no_panic` asks for.
            let grown = core::mem::take(&mut self.datastreams).into_iter();
            let empty = core::iter::repeat_with(|| None);
            self.datastreams = grown.chain(empty).take(length).collect();
        }
        self.datastreams.get_mut(index)?.replace(datastream)
    }

    /// Takes out the datastream at `pin` and gives it.
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

    /// The datastream at `pin`.
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

    /// The datastreams by ascending pin.
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

    /// How many pins have a datastream.
    ///
    /// ```
    /// assert_eq!(pinquery::Template::new().len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether no pin has a datastream.
    ///
    /// ```
    /// assert!(pinquery::Template::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// The pins that it has, and no others.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// By the pins that it has, whatever pins it had.
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

/// The datastreams of a template by reference, by ascending pin; made by [`Template::iter`].
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

/// The datastreams of a template by value, by ascending pin; made by `Template::into_iter`.
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

/// The last of a pin that comes twice.
impl<const N: usize> From<[(VirtualPin, Datastream); N]> for Template {
    fn from(pins: [(VirtualPin, Datastream); N]) -> Self {
        pins.into_iter().collect()
    }
}

impl FromIterator<(VirtualPin, Datastream)> for Template {
    fn from_iter<I: IntoIterator<Item = (VirtualPin, Datastream)>>(pins: I) -> Self {
        let mut template = Self::new();
        template.extend(pins);
        template
    }
}

impl Extend<(VirtualPin, Datastream)> for Template {
    fn extend<I: IntoIterator<Item = (VirtualPin, Datastream)>>(&mut self, pins: I) {
        for (pin, datastream) in pins {
            self.insert(pin, datastream);
        }
    }
}
