//! The updates of a query, without an allocation up to eight.

use alloc::alloc::handle_alloc_error;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use smallvec::{CollectionAllocErr, SmallVec};

use super::value::Value;
use super::{Adjustment, Update};
use crate::pin::VirtualPin;
use crate::query::text::Text;

/// Number of updates stored inline: nine in ten real requests have at most eight pins, half at most
/// four.
const INLINE: usize = 8;

/// The updates of an accepted query, in query order: 1 to 256, one for each pin.
///
/// Derefs to a slice. Up to eight updates need no allocation. More need one, whose size depends on the
/// rest of the query and on the template.
///
/// ```
/// use pinquery::{Datastream, Template, VirtualPin};
///
/// let template: Template = (0..=255)
///     .map(|pin| (VirtualPin(pin), Datastream::string()))
///     .collect();
/// let updates = pinquery::parse("token=t&v9=a&v1=b", |_| Some(&template))?;
/// assert_eq!(updates.len(), 2);
/// assert_eq!(updates[0].pin, VirtualPin(9));
/// for update in updates {
///     println!("{}: {:?}", update.pin, update.value);
/// }
/// # Ok::<(), pinquery::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Updates<'q>(SmallVec<[ParsedUpdate<'q>; INLINE]>);

/// An update as parsed.
type ParsedUpdate<'q> = Update<Text<'q>>;

impl<'q> Updates<'q> {
    /// Creates an empty buffer for [`BatchUpdate::updates_into`](crate::BatchUpdate::updates_into).
    ///
    /// ```
    /// assert!(pinquery::Updates::new().is_empty());
    /// ```
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        Self(SmallVec::new())
    }

    /// Converts into updates that own their strings and outlive the query.
    ///
    /// Allocates once, and once more for each string that is not empty.
    ///
    /// ```
    /// use pinquery::{Datastream, Template, Update, Value, VirtualPin};
    /// use std::sync::mpsc;
    ///
    /// let template = Template::new().with(VirtualPin(3), Datastream::string());
    /// let (sender, receiver) = mpsc::channel::<Vec<Update>>();
    /// {
    ///     let query = String::from("token=t&v3=water+low");
    ///     let updates = pinquery::parse(&query, |_| Some(&template))?;
    ///     sender.send(updates.into_owned()).unwrap();
    /// }
    /// assert_eq!(receiver.recv().unwrap()[0].value, Value::String("water low".to_owned()));
    /// # Ok::<(), pinquery::Error>(())
    /// ```
    #[must_use]
    pub fn into_owned(self) -> Vec<Update> {
        self.into_iter().map(Update::into_owned).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Pushes an update. Returns `None` if the buffer is full. Inlined with `is_full`: 3 % to 15 %
    /// fewer instructions.
    #[must_use]
    #[inline(always)]
    pub(crate) fn try_push(
        &mut self,
        pin: VirtualPin,
        value: Value<Text<'q>>,
        adjusted: Option<Adjustment>,
    ) -> Option<()> {
        let update = Update {
            pin,
            value,
            adjusted,
        };
        if self.is_full() {
            return None;
        }
        self.0.push(update);
        Some(())
    }

    /// Returns `true` if another update needs an allocation.
    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() == self.0.capacity()
    }

    /// Grows to this capacity, but at least to one more than the length. Cold: `refused` −0.4 %.
    #[cold]
    pub(crate) fn grow(&mut self, capacity: usize) {
        let more = self.0.len().saturating_add(1);
        // The inline capacity shows the optimiser that this never shrinks (`tests/no_panic`).
        let grown = self.0.try_grow(capacity.max(more).max(INLINE + 1));
        if let Err(CollectionAllocErr::AllocErr { layout }) = grown {
            handle_alloc_error(layout);
        }
    }
}

impl Default for Updates<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'q> Deref for Updates<'q> {
    type Target = [Update<Text<'q>>];

    fn deref(&self) -> &[Update<Text<'q>>] {
        &self.0
    }
}

impl fmt::Debug for Updates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Writes the updates in query order: `v1=100 (max), v2=44.0`.
///
/// ```
/// use pinquery::{Datastream, Template, VirtualPin};
///
/// let template = Template::from([
///     (VirtualPin(1), Datastream::integer(0..=100)?),
///     (VirtualPin(2), Datastream::double(..)?),
/// ]);
/// let updates = pinquery::parse("token=t&v1=133&v2=44", |_| Some(&template))?;
/// assert_eq!(updates.to_string(), "v1=100 (max), v2=44.0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl fmt::Display for Updates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for update in self {
            write!(f, "{separator}{update}")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl<'q> IntoIterator for Updates<'q> {
    type Item = Update<Text<'q>>;
    type IntoIter = IntoIter<'q>;

    fn into_iter(self) -> IntoIter<'q> {
        IntoIter(self.0.into_iter())
    }
}

impl<'a, 'q> IntoIterator for &'a Updates<'q> {
    type Item = &'a Update<Text<'q>>;
    type IntoIter = core::slice::Iter<'a, Update<Text<'q>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// An owning iterator over the updates of a query, returned by [`Updates::into_iter`].
///
/// ```
/// # use pinquery::{Datastream, Template, VirtualPin};
/// # let template = Template::from([(VirtualPin(6), Datastream::boolean())]);
/// let updates = pinquery::parse("token=t&v6=1", |_| Some(&template))?.into_iter();
/// assert_eq!(updates.len(), 1);
/// # Ok::<(), pinquery::Error>(())
/// ```
pub struct IntoIter<'q>(smallvec::IntoIter<[ParsedUpdate<'q>; INLINE]>);

impl<'q> Iterator for IntoIter<'q> {
    type Item = Update<Text<'q>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for IntoIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back()
    }
}

impl ExactSizeIterator for IntoIter<'_> {}
impl core::iter::FusedIterator for IntoIter<'_> {}

impl fmt::Debug for IntoIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.as_slice()).finish()
    }
}
