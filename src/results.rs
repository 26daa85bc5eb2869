//! Every outcome of a batch update.

use core::fmt;
use core::iter::FusedIterator;

use crate::error::Error;
use crate::query::pairs::Pairs;
use crate::query::text::Text;
use crate::segments::{Seen, resolve_pin};
use crate::slow;
use crate::template::Template;
use crate::update::Update;

/// An iterator over every outcome of a batch update, returned by
/// [`BatchUpdate::results`](crate::BatchUpdate::results). [`Debug`] hides the query.
///
/// ```
/// use pinquery::{BatchUpdate, Template};
///
/// let template = Template::new();
/// let request = BatchUpdate::parse("token=t&v7=1&x=1").unwrap();
/// let kinds = request.results(&template).map(|result| result.unwrap_err().kind().name());
/// assert!(kinds.eq(["unknown_pin", "invalid_pin"]));
/// ```
#[derive(Clone)]
pub struct Results<'q, 't> {
    pairs: Pairs<'q>,
    /// Start of the first token's segment.
    token: usize,
    template: &'t Template,
    seen: Seen,
    is_empty: bool,
}

impl<'q, 't> Results<'q, 't> {
    pub(crate) fn new(query: &'q [u8], token: usize, template: &'t Template) -> Self {
        Self {
            pairs: Pairs::new(query),
            token,
            template,
            seen: Seen::NONE,
            is_empty: true,
        }
    }
}

impl<'q> Iterator for Results<'q, '_> {
    type Item = Result<Update<Text<'q>>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let token = self.token;
        let pair = self.pairs.find(|pair| pair.name.span().start != token);
        let is_first = core::mem::replace(&mut self.is_empty, false);
        match pair {
            Some(pair) => Some(slow::pair(pair, &mut self.pairs, |pin| {
                resolve_pin(self.template, &mut self.seen, pin)
            })),
            None => is_first.then(|| Err(Error::no_pins(self.pairs.end()))),
        }
    }
}

impl FusedIterator for Results<'_, '_> {}

impl fmt::Debug for Results<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results").finish_non_exhaustive()
    }
}
