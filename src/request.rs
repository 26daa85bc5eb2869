//! A batch update request, parsed in one call or in two steps.

use core::fmt;
use core::ops::Deref;

use crate::error::{Error, ErrorKind};
use crate::query::pairs::{Pair, Pairs};
use crate::query::token::{self, Token};
use crate::results::Results;
use crate::segments;
use crate::template::Template;
use crate::update::updates::Updates;

/// Parses a batch update: validates the token, looks up its template and parses every value. All or
/// nothing.
///
/// `query` is the query component without its `?`, as text or bytes. `lookup` is called at most once,
/// and only with a valid token. It returns the template of the device through any pointer or guard
/// (`&Template`, `Arc<Template>`, the guard of a lock or map), or `None` if the token is unknown.
///
/// A `Template` is not a pointer, so one that the lookup creates must be boxed:
/// `Some(Box::new(template))`. If the lookup has to await, use [`BatchUpdate::parse`]. Returning the
/// updates copies 272 bytes, about 80 instructions; [`updates_into`](BatchUpdate::updates_into) avoids
/// the copy.
///
/// # Errors
///
/// Returns the first [`ErrorKind`] that applies. The token is checked first, wherever it is in the
/// query, then every other segment in order.
///
/// ```
/// use pinquery::{Datastream, ErrorKind, Template, Value, VirtualPin, parse};
/// use std::collections::HashMap;
///
/// let mut devices: HashMap<String, Template> = HashMap::new();
/// devices.insert(
///     "bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg".to_owned(),
///     Template::new()
///         .with(VirtualPin(1), Datastream::integer(0..=100)?)
///         .with(VirtualPin(2), Datastream::double(..)?),
/// );
///
/// let query = "token=bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg&v1=33&v2=44";
/// let updates = parse(query, |token| devices.get(token))?;
/// assert_eq!(updates[0].value, Value::Integer(33));
/// assert_eq!(updates[1].value, Value::Double(44.0));
///
/// let error = parse("token=other&v1=33", |token| devices.get(token)).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::UnknownToken);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// If devices change while the server runs, clone an `Arc`, so that the lock is held only during the
/// lookup:
///
/// ```
/// use pinquery::{Datastream, Template, VirtualPin, parse};
/// use std::collections::HashMap;
/// use std::sync::{Arc, RwLock};
///
/// let template = Template::new().with(VirtualPin(6), Datastream::boolean());
/// let devices = RwLock::new(HashMap::from([("t".to_owned(), Arc::new(template))]));
///
/// let updates = parse("token=t&v6=1", |token| devices.read().unwrap().get(token).cloned())?;
/// assert_eq!(updates[0].value.as_bool(), Some(true));
/// # Ok::<(), pinquery::Error>(())
/// ```
#[inline]
pub fn parse<'q, T: Deref<Target = Template>>(
    query: &'q (impl AsRef<[u8]> + ?Sized),
    lookup: impl FnOnce(&str) -> Option<T>,
) -> Result<Updates<'q>, Error> {
    let request = BatchUpdate::parse(query)?;
    match lookup(request.token()) {
        Some(template) => request.updates(&template),
        None => Err(request.unknown_token()),
    }
}

/// A query whose token has been validated but whose values have not been parsed yet.
///
/// A server keeps it while it looks up the device. It borrows the query and is [`Send`]. [`Debug`]
/// hides the query.
///
/// ```
/// # async fn template_of(token: &str) -> Option<pinquery::Template> { None }
/// use pinquery::{BatchUpdate, Error};
///
/// async fn handle(query: &str) -> Result<(), Error> {
///     let request = BatchUpdate::parse(query)?;
///     let template = template_of(request.token()).await.ok_or_else(|| request.unknown_token())?;
///     for update in request.updates(&template)? {
///         println!("{} = {:?}", update.pin, update.value);
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct BatchUpdate<'q> {
    query: &'q [u8],
    token: Token<'q>,
    /// Offsets of the token's segment, of its value, and of their common end.
    token_start: usize,
    value_start: usize,
    token_end: usize,
}

impl<'q> BatchUpdate<'q> {
    /// Finds and validates the token: the first `token` segment, wherever it is in the query.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::MissingToken`] for `v1=33` and [`ErrorKind::InvalidToken`] for
    /// `token=&v1=33`.
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, ErrorKind};
    /// assert_eq!(BatchUpdate::parse("v1=33&token=t").unwrap().token().as_str(), "t");
    /// assert_eq!(BatchUpdate::parse("v1=33").unwrap_err().kind(), ErrorKind::MissingToken);
    /// ```
    #[inline(always)]
    pub fn parse(query: &'q (impl AsRef<[u8]> + ?Sized)) -> Result<Self, Error> {
        const FIRST: &[u8] = b"token=";

        let query = query.as_ref();
        match query.strip_prefix(FIRST).and_then(token::fast_token) {
            Some(token) => Ok(Self {
                query,
                token_start: 0,
                value_start: FIRST.len(),
                token_end: FIRST.len() + token.len(),
                token,
            }),
            None => Self::find_token(query),
        }
    }

    /// Finds a token that is escaped, invalid or not the first segment. Kept out of `parse`, which is
    /// inlined: together they save 35 instructions per query.
    #[cold]
    #[inline(never)]
    fn find_token(query: &'q [u8]) -> Result<Self, Error> {
        let Some(pair) = Pairs::new(query).find(Pair::is_token) else {
            return Err(Error::new(
                ErrorKind::MissingToken,
                query.len()..query.len(),
            ));
        };
        let value = pair.value.span();
        match Token::new(pair.value) {
            Some(token) => Ok(Self {
                query,
                token,
                token_start: pair.name.span().start,
                value_start: value.start,
                token_end: value.end,
            }),
            None => Err(Error::new(ErrorKind::InvalidToken, value)),
        }
    }

    /// Returns the token. It derefs to `str`; use [`as_str`](Token::as_str) to query a map keyed by
    /// `String`.
    ///
    /// ```
    /// # use pinquery::BatchUpdate;
    /// let request = BatchUpdate::parse("token=t&v1=33").unwrap();
    /// assert_eq!(request.token().as_str(), "t");
    /// ```
    #[must_use]
    pub fn token(&self) -> &Token<'q> {
        &self.token
    }

    /// Returns the error for a token that the server does not know.
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, ErrorKind};
    /// let error = BatchUpdate::parse("token=t&v1=33").unwrap().unknown_token();
    /// assert_eq!((error.kind(), error.span()), (ErrorKind::UnknownToken, 6..7));
    /// ```
    #[must_use]
    pub fn unknown_token(&self) -> Error {
        Error::new(ErrorKind::UnknownToken, self.value_start..self.token_end)
    }

    /// Returns the error for a query that contains no pins, for an endpoint that parses the segments
    /// itself.
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, ErrorKind};
    /// let error = BatchUpdate::parse("token=t").unwrap().no_pins();
    /// assert_eq!((error.kind(), error.span()), (ErrorKind::NoPins, 7..7));
    /// ```
    #[must_use]
    pub fn no_pins(&self) -> Error {
        Error::no_pins(self.query.len())
    }

    /// Parses the remaining segments, in order, against the device's template. All or nothing.
    ///
    /// Returning the updates copies 272 bytes, about 80 instructions, which is negligible next to a
    /// lookup in a large map or a system call.
    ///
    /// # Errors
    ///
    /// Returns the first of [`ErrorKind::DuplicateToken`], [`ErrorKind::InvalidPin`],
    /// [`ErrorKind::UnknownPin`], [`ErrorKind::DuplicatePin`] and [`ErrorKind::InvalidValue`], in
    /// this order within a segment; [`ErrorKind::NoPins`] if the token is the only segment.
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, Datastream, ErrorKind, Template, VirtualPin};
    /// let template = Template::new().with(VirtualPin(1), Datastream::integer(..)?);
    /// let request = BatchUpdate::parse("token=t&v1=33&v2=44").unwrap();
    /// let error = request.updates(&template).unwrap_err();
    /// assert_eq!((error.kind(), error.span()), (ErrorKind::UnknownPin, 14..16));
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    #[inline]
    pub fn updates(&self, template: &Template) -> Result<Updates<'q>, Error> {
        let mut updates = Updates::new();
        self.updates_into(template, &mut updates)?;
        Ok(updates)
    }

    /// Like [`updates`](Self::updates), but fills a caller-provided buffer, which saves the copy. It
    /// is cleared first and is empty after an error.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`updates`](Self::updates).
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, Datastream, Template, Updates, Value, VirtualPin};
    /// let template = Template::new().with(VirtualPin(1), Datastream::integer(..)?);
    /// let mut updates = Updates::new();
    /// let request = BatchUpdate::parse("token=t&v1=33").unwrap();
    /// request.updates_into(&template, &mut updates).unwrap();
    /// assert_eq!(updates[0].value, Value::Integer(33));
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    #[inline]
    pub fn updates_into(
        &self,
        template: &Template,
        updates: &mut Updates<'q>,
    ) -> Result<(), Error> {
        updates.clear();
        let parsed = segments::parse_segments(
            self.query,
            self.token_start..self.token_end,
            template,
            updates,
        );
        if parsed.is_err() {
            updates.clear();
        }
        parsed
    }

    /// Returns an iterator over every outcome: it parses the remaining segments, in order, and
    /// continues after an error. Use it for diagnostics, or to keep the valid values of an invalid
    /// batch.
    ///
    /// The two segments of a location are one item, but a longitude that is invalid, or is not
    /// followed by its latitude, is a separate item. Once the datastream of a pin has been found, later
    /// segments of that pin are duplicates, even if its value was invalid. If the token is the only
    /// segment, the only item is [`ErrorKind::NoPins`].
    ///
    /// [`updates`](Self::updates) returns `Ok` if and only if every item is `Ok`; otherwise it returns
    /// the first error. It has fast paths for most values, so prefer it where speed matters.
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, Datastream, Template, VirtualPin};
    /// let template = Template::from([
    ///     (VirtualPin(1), Datastream::integer(..)?),
    ///     (VirtualPin(2), Datastream::double(..)?),
    /// ]);
    /// let request = BatchUpdate::parse("token=t&v1=24cm&v2=44&v7=1").unwrap();
    ///
    /// let valid: Vec<_> = request.results(&template).flatten().collect();
    /// assert_eq!((valid.len(), valid[0].value.as_f64()), (1, Some(44.0)));
    ///
    /// let errors: Vec<_> = request.results(&template).filter_map(Result::err).collect();
    /// assert_eq!((errors[0].span(), errors[1].span()), (11..15, 22..24));
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    #[must_use]
    pub fn results<'t>(&self, template: &'t Template) -> Results<'q, 't> {
        Results::new(self.query, self.token_start, template)
    }

    /// Returns an iterator over the remaining segments, for endpoints that parse them by other rules.
    /// It includes any later `token` segment.
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, VirtualPin};
    /// // GET /external/api/get?token=…&v1&v2
    /// let request = BatchUpdate::parse("v1&token=t&v2").unwrap();
    /// let pins = request.pairs().map(|pair| pair.pin());
    /// assert!(pins.eq([Some(VirtualPin(1)), Some(VirtualPin(2))]));
    /// ```
    pub fn pairs(&self) -> impl Iterator<Item = Pair<'q>> + Clone + use<'q> {
        let token = self.token_start;
        Pairs::new(self.query).filter(move |pair| pair.name.span().start != token)
    }
}

impl fmt::Debug for BatchUpdate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchUpdate").finish_non_exhaustive()
    }
}
