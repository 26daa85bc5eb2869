//! All updates of a query, most of them without an allocation.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use smallvec::SmallVec;

use super::value::Value;
use super::{Adjustment, Update};
use crate::device::pin::VirtualPin;
use crate::query::text::Text;

/// How many updates are kept without an allocation: nine in ten real requests have at most eight
/// pins, half at most four.
const INLINE: usize = 8;

/// How many updates there are at most, one for each pin.
const ALL: usize = 256;

/// The updates of an accepted query, in query order: 1 to 256, one for each pin.
///
/// They read as a slice. Up to eight are kept without an allocation, more with one.
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
#[derive(PartialEq)]
pub struct Updates<'q>(SmallVec<[Parsed<'q>; INLINE]>);

/// An update as parsed.
type Parsed<'q> = Update<Text<'q>>;

impl<'q> Updates<'q> {
    /// No updates: what [`BatchUpdate::updates_into`](crate::BatchUpdate::updates_into) fills.
    ///
    /// ```
    /// assert!(pinquery::Updates::new().is_empty());
    /// ```
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        Self(SmallVec::new())
    }

    /// The updates with strings of their own, which need the query no longer.
    ///
    /// One allocation, and one more for each string that is not empty.
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

    /// Empties the updates and keeps their room, for a query that lives elsewhere.
    ///
    /// A server that keeps one variable a thread, or a pool of them, allocates nothing for the
    /// next query, so long as that has no more pins than one before it.
    /// Where it does have more, the old room and the new one are both held for a moment.
    ///
    /// ```
    /// use pinquery::{BatchUpdate, Datastream, Template, Updates, VirtualPin};
    ///
    /// let template = Template::new().with(VirtualPin(1), Datastream::boolean());
    /// let mut kept = Updates::new();
    /// for number in 0..3 {
    ///     let query = format!("token=t&v1={}", number % 2);
    ///     let mut updates = kept.recycle();
    ///     BatchUpdate::parse(&query)?.updates_into(&template, &mut updates)?;
    ///     assert_eq!(updates.len(), 1);
    ///     kept = updates.recycle();
    /// }
    /// # Ok::<(), pinquery::Error>(())
    /// ```
    #[must_use]
    pub fn recycle<'a>(mut self) -> Updates<'a> {
        self.0.clear();
        if !self.0.spilled() {
            return Updates::new();
        }
        // An empty vector that is mapped in place keeps its allocation, whatever its new lifetime.
        let room = self.0.into_vec().into_iter();
        Updates(SmallVec::from_vec(room.map_while(|_| None).collect()))
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds an update. `None`: there is no room for it.
    #[inline(always)]
    pub(crate) fn add(
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
        // Each kind of room has its own `push`: with one for both, what is inlined around it
        // decides whether the optimiser sees that it never grows, as `tests/no_panic` asks.
        if self.0.spilled() {
            if self.0.len() == self.0.capacity() {
                return None;
            }
            self.0.push(update);
        } else {
            if self.0.len() == INLINE {
                return None;
            }
            self.0.push(update);
        }
        Some(())
    }

    /// Whether an update more needs an allocation.
    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() == self.0.capacity()
    }

    /// Makes room for all updates that so many bytes of a query can hold, though never for more
    /// than all pins need. The shortest segment is `v0&`.
    #[cold]
    #[inline(never)]
    pub(crate) fn grow(&mut self, bytes: usize) {
        let more = bytes / 3 + 1;
        let updates = at_most_all(&self.0);
        let mut grown = Vec::with_capacity(updates.len() + more.min(ALL - updates.len()));
        // Copied one by one: `extend_from_slice` clones what has a type parameter.
        grown.extend(updates.iter().copied());
        self.0 = SmallVec::from_vec(grown);
    }
}

/// The same updates: no pin comes twice, so there are never more than pins. Said in code, it lets
/// the optimiser see that no capacity overflows, which `tests/no_panic` asks for.
#[inline]
fn at_most_all<'a, 'q>(updates: &'a [Parsed<'q>]) -> &'a [Parsed<'q>] {
    updates.get(..ALL).unwrap_or(updates)
}

impl Default for Updates<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for Updates<'_> {
    fn clone(&self) -> Self {
        Self(SmallVec::from_slice(at_most_all(&self.0)))
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

/// The updates of a query by value; made by [`Updates::into_iter`].
///
/// ```
/// # use pinquery::{Datastream, Template, VirtualPin};
/// # let template = Template::from([(VirtualPin(6), Datastream::boolean())]);
/// let updates = pinquery::parse("token=t&v6=1", |_| Some(&template))?.into_iter();
/// assert_eq!(updates.len(), 1);
/// # Ok::<(), pinquery::Error>(())
/// ```
pub struct IntoIter<'q>(smallvec::IntoIter<[Parsed<'q>; INLINE]>);

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
